"""The text that text2qti makes quizzes from → a quiz. Code blocks that it would run are never run."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from grader.quizzes.content import Answer, Choices, Essay, Number, Option, Question, Texts, clean_text
from grader.quizzes.incoming import (
    PICTURES,
    Found,
    Reading,
    make_id,
    read_number,
    read_points,
    read_text,
    tell_everybody,
)
from grader.quizzes.pictures import PictureError, read_picture

MAX_QUESTIONS = 2_000
# What a line begins with; the words behind it, and indented lines below it, belong to it.
_STARTS = {
    "question": r"\d+\.",
    "right": r"\*[a-zA-Z]\)",
    "wrong": r"[a-zA-Z]\)",
    "right_box": r"\[\*\]",
    "wrong_box": r"\[ ?\]",
    "accepted": r"\*",
    "feedback": r"\.\.\.",
    "right_feedback": r"\+",
    "wrong_feedback": r"-",
    "solution": r"!",
    "number": r"=",
    "title": r"[Tt]itle:",
    "points": r"[Pp]oints:",
    "text_title": r"[Tt]ext [Tt]itle:",
    "text": r"[Tt]ext:",
    "quiz_title": r"[Qq]uiz [Tt]itle:",
    "quiz_description": r"[Qq]uiz [Dd]escription:",
    "pick": r"[Pp]ick:",
    "group_points": r"[Pp]oints per question:",
    "option": r"[A-Z][a-z']+(?: [a-z']+)*:",
}
_OPTIONS = frozenset(("right", "wrong", "right_box", "wrong_box"))
_START = re.compile("|".join(rf"(?P<{name}>{pattern})[ \t]+(?=\S)" for name, pattern in _STARTS.items()))
_BARE = re.compile(r"(?P<essay>___+)\s*\Z|(?P<upload>\^\^\^+)\s*\Z|(?P<group>GROUP)\s*\Z|(?P<end_group>END_GROUP)\s*\Z")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_RANGE = re.compile(r"\[\s*([^,\s]+)\s*,\s*([^,\s]+)\s*\]\Z")
_MARGIN = re.compile(r"(\S+)\s*\+-\s*([^%\s]+)\s*(%?)\Z")


def read_text2qti(data: bytes, name: str, directory: Path | None = None) -> Found:
    """Read a file as text2qti takes it; its pictures are looked for in ``directory``.

    Raises:
        InputError: it is no text, or too large.
    """
    return _Reader(directory).read(read_text(data, name))


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a line begins, with all that belongs to it."""

    kind: str
    text: str
    line: int


@dataclass(slots=True)
class _Draft:
    """A question that is being read."""

    line: int
    prompt: str
    title: str = ""
    points: str | None = None
    pieces: list[_Piece] = field(default_factory=list)


def _split(text: str) -> Iterator[_Piece]:
    """Yield the pieces of a file. What nothing can be made of has the kind ``unknown``."""
    lines = text.replace("\r\n", "\n").expandtabs(4).split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        start = number
        if not line.strip() or line.startswith("%"):
            continue
        if line.startswith("COMMENT"):
            while number < len(lines) and not lines[number].startswith("END_COMMENT"):
                number += 1
            number += 1
        elif line.startswith("```"):
            while number < len(lines) and not lines[number].startswith("```"):
                number += 1
            number += 1
            yield _Piece("code", "", start)
        elif bare := _BARE.match(line):
            yield _Piece(str(bare.lastgroup), "", start)
        elif match := _START.match(line):
            further = []
            while number < len(lines) and (not lines[number].strip() or lines[number].startswith(" ")):
                further.append(lines[number])
                number += 1
            yield _Piece(str(match.lastgroup), _join(line[match.end() :], further), start)
        else:
            yield _Piece("unknown", line, start)


def _join(first: str, further: list[str]) -> str:
    """Return a text whose further lines are indented."""
    return f"{first.strip()}\n{textwrap.dedent(chr(10).join(further))}".strip()


class _Reader(Reading):
    def __init__(self, directory: Path | None) -> None:
        super().__init__()
        self.directory = directory
        self.pictures: dict[str, bytes] = {}
        self.summary: str | None = None
        self.draft: _Draft | None = None
        self.coming = _Draft(0, "")  # the title and the points of the question to come
        self.group_points: str | None = None
        self.questions: list[Question] = []

    def read(self, text: str) -> Found:
        for piece in _split(clean_text(text, "the file", self.notes)):
            self.take(piece)
        self.finish()
        return Found(self.title, self.summary, tuple(self.questions), self.notes.all, self.pictures)

    def take(self, piece: _Piece) -> None:
        """Begin a question, add to it, or read what stands between questions."""
        outside = {
            "quiz_title": self.take_title,
            "quiz_description": self.take_description,
            "title": self.take_question_title,
            "points": self.take_points,
            "group_points": self.take_group_points,
            "question": self.begin,
        }
        if piece.kind in outside:
            if self.draft and piece.kind != "question":
                self.finish()
            outside[piece.kind](piece)
        elif piece.kind in ("group", "end_group", "pick", "option", "text_title", "text", "code", "unknown"):
            self.skip(piece)
        elif self.draft is None:
            self.notes.add(f"line {piece.line}", "left out: it belongs to no question")
        else:
            self.draft.pieces.append(piece)

    def take_title(self, piece: _Piece) -> None:
        self.title = " ".join(piece.text.split())

    def take_description(self, piece: _Piece) -> None:
        self.summary = piece.text

    def take_question_title(self, piece: _Piece) -> None:
        self.coming.title = " ".join(piece.text.split())

    def take_points(self, piece: _Piece) -> None:
        self.coming.points = piece.text

    def take_group_points(self, piece: _Piece) -> None:
        self.group_points = piece.text

    def skip(self, piece: _Piece) -> None:
        told = {
            "group": "a group becomes its questions: every student gets all of them",
            "text": "left out: it is a text without a question",
            "code": "left out: code in a quiz is not run",
            "option": "settings of the quiz are left out",
            "unknown": f"left out: {piece.text[:60]!r} begins nothing known; is it indented as the text above?",
        }
        if piece.kind == "end_group":
            self.finish()
            self.group_points = None
        if piece.kind in told:
            self.notes.add(f"line {piece.line}", told[piece.kind])

    def begin(self, piece: _Piece) -> None:
        self.finish()
        self.draft = replace(self.coming, line=piece.line, prompt=piece.text, pieces=[])
        self.draft.points = self.draft.points or self.group_points
        self.coming = _Draft(0, "")

    def finish(self) -> None:
        """Make a question of what was read since it began."""
        draft, self.draft = self.draft, None
        if draft is None:
            return
        self.where = f"{draft.title or 'a question'} (line {draft.line})"
        if len(self.questions) == MAX_QUESTIONS:
            self.note(f"questions after the first {MAX_QUESTIONS} are left out")
            return
        found = {piece.kind: piece for piece in draft.pieces}
        self.feedback = self.tell(draft.pieces)
        answer = self.answer(draft.pieces, found)
        if answer is None:
            return
        feedback = self.feedback
        if isinstance(answer, Essay):
            answer, feedback = Essay(feedback), None
        made = make_id(draft.title or draft.prompt[:60], self.taken, "question")
        self.taken.add(made)
        points = read_points(draft.points, self.where, self.notes)
        prompt = self.markdown(draft.prompt)
        self.questions.append(Question(made, draft.title, prompt, points, answer, feedback))

    def answer(self, pieces: list[_Piece], found: dict[str, _Piece]) -> Answer | None:
        kinds = set(found)
        if kinds & _OPTIONS:
            return self.choices(pieces, single=bool(kinds & {"right", "wrong"}))
        for kind in ("right_feedback", "wrong_feedback"):
            if kind in kinds:
                self.note("feedback for right or for wrong answers is left out")
        if "number" in kinds:
            if number := _read_number(found["number"].text):
                return number
            self.note(f"left out: {found['number'].text[:60]!r} is no number")
        elif "accepted" in kinds:
            accepted = [" ".join(piece.text.split()) for piece in pieces if piece.kind == "accepted"]
            return Texts(tuple(dict.fromkeys(accepted)))
        elif "essay" in kinds:
            return Essay()
        else:
            self.note("left out: it asks for a file" if "upload" in kinds else "left out: it has no answers")
        return None

    def tell(self, pieces: list[_Piece]) -> str | None:
        """Return what everybody is told: the feedback before the first option, and the solution."""
        told = []
        for piece in pieces:
            if piece.kind in _OPTIONS:
                break
            if piece.kind in ("feedback", "solution"):
                told.append(self.markdown(piece.text))
        return "\n\n".join(told) or None

    def choices(self, pieces: list[_Piece], *, single: bool) -> Choices | None:
        options: list[Option] = []
        for piece in pieces:
            if piece.kind in _OPTIONS:
                options.append(Option(self.markdown(piece.text), piece.kind.startswith("right")))
            elif piece.kind == "feedback" and options:
                options[-1] = replace(options[-1], feedback=self.markdown(piece.text))
        for kind, right in (("right_feedback", True), ("wrong_feedback", False)):
            for piece in pieces:
                if piece.kind == kind and single:
                    told = self.markdown(piece.text)
                    options = [tell_everybody([o], told)[0] if o.correct is right else o for o in options]
                elif piece.kind == kind:
                    self.note("feedback for right or for wrong answers is left out")
        return self.finish_choices(Choices(tuple(options), single))

    def markdown(self, text: str) -> str:
        """Return a text whose pictures are in the assignment's folder."""

        def place(found: re.Match[str]) -> str:
            try:
                picture = read_picture(self.directory, found.group(2))
            except PictureError as error:
                self.note(f"the picture {found.group(2)[:80]!r} {error}")
                return found.group(1)
            self.pictures[f"{PICTURES}/{picture.name}"] = picture.data
            return f"![{found.group(1)}]({PICTURES}/{picture.name})"

        return _PICTURE.sub(place, text)


def _read_number(text: str) -> Number | None:
    """Return ``[1, 2]``, ``5 +- 0.1``, ``5 +- 2%`` or ``5`` as a number with its tolerance."""
    if match := _RANGE.match(text.strip()):
        low, high = read_number(match.group(1)), read_number(match.group(2))
        if low is None or high is None or low > high:
            return None
        return Number((low + high) / 2, (high - low) / 2)
    if match := _MARGIN.match(text.strip()):
        value, margin = read_number(match.group(1)), read_number(match.group(2))
        if value is None or margin is None or margin < 0:
            return None
        return Number(value, abs(value) * margin / Decimal(100) if match.group(3) else margin)
    value = read_number(text)
    return None if value is None else Number(value)
