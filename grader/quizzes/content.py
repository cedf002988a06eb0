"""A quiz as every format sees it: questions, and banks of which each student gets one question.

Texts are Markdown with ``$math$``, as in assignment.yaml; titles, tags and accepted answers are plain. What a writer
cannot express and what a reader cannot take is a ``Note``: nothing is lost in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

# What XML 1.0 cannot hold, whatever is done to escape it; no other format has a use for it either.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_TITLE = 250  # Moodle's and Canvas' databases hold 255
_NEWLINE = re.compile("\r\n|[\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer, and what whoever picks it is told."""

    text: str
    correct: bool = False
    feedback: str | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """Pick one option (``single``), or every right one.

    Without ``single``, ``all_or_nothing`` gives no points for a part; else each right pick earns its share and each
    wrong one takes a share away, never below 0.
    """

    options: tuple[Option, ...]
    single: bool = True
    all_or_nothing: bool = False

    @property
    def correct_count(self) -> int:
        """How many options are right."""
        return sum(option.correct for option in self.options)


@dataclass(frozen=True, slots=True)
class Number:
    """A number, and how far off an answer may be."""

    value: Decimal
    tolerance: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Texts:
    """A few words: any of the accepted ones is right."""

    accepted: tuple[str, ...]
    case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Essay:
    """An answer that a person reads. ``guidance`` is for that person; ``starter`` is code to start from."""

    guidance: str | None = None
    starter: str | None = None


Answer = Choices | Number | Texts | Essay


@dataclass(frozen=True, slots=True)
class Question:
    """One question; ``id`` is unique in its quiz. ``feedback`` is shown to everybody after answering."""

    id: str
    title: str
    prompt: str
    points: Fraction
    answer: Answer
    feedback: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bank:
    """Instances of one question, of which each student gets one. All are worth the same."""

    id: str
    title: str
    instances: tuple[Question, ...]

    @property
    def points(self) -> Fraction:
        """What one instance is worth."""
        return self.instances[0].points


@dataclass(frozen=True, slots=True)
class Quiz:
    """A quiz. ``directory`` is the folder in which its pictures are looked for."""

    id: str
    title: str
    summary: str
    entries: tuple[Question | Bank, ...]
    directory: Path | None = None

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, every instance of a bank among them."""
        return tuple(question for _, question in self.walk())

    @property
    def points(self) -> Fraction:
        """What a student can get."""
        return sum((entry.points for entry in self.entries), Fraction(0))

    def walk(self) -> Iterator[tuple[Bank | None, Question]]:
        """Yield all questions in order, each with the bank that it is in."""
        for entry in self.entries:
            if isinstance(entry, Bank):
                yield from ((entry, question) for question in entry.instances)
            else:
                yield None, entry


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is not as in the source. ``where`` names the question, the line or the quiz."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Notes:
    """Gathers notes; the same one twice is one."""

    def __init__(self) -> None:
        self._found: dict[Note, None] = {}

    def add(self, where: str, message: str) -> None:
        """Keep a note."""
        self._found[Note(where, message)] = None

    def extend(self, notes: tuple[Note, ...]) -> None:
        """Keep notes from elsewhere."""
        self._found.update(dict.fromkeys(notes))

    @property
    def all(self) -> tuple[Note, ...]:
        """What was kept, in order."""
        return tuple(self._found)


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for a learning management system, how many questions are in it, and what is not as in the source."""

    data: bytes
    questions: int
    notes: tuple[Note, ...]


def format_decimal(number: Decimal | Fraction) -> str:
    """Return a number as people write it: no exponent, no zeros at the end. Fractions are cut to seven decimals."""
    if isinstance(number, Fraction):
        number = round(Decimal(number.numerator) / Decimal(number.denominator), 7)
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def clean_text(text: str, where: str, notes: Notes) -> str:
    """Return a text with nothing in it that files cannot hold, and newlines of one kind."""
    cleaned, count = _FORBIDDEN.subn("", _NEWLINE.sub("\n", text))
    if count:
        notes.add(where, f"{count} control {'character was' if count == 1 else 'characters were'} taken out")
    return cleaned


def clean_quiz(quiz: Quiz, notes: Notes) -> Quiz:
    """Return a quiz with nothing in its texts that files cannot hold, and newlines of one kind."""

    def clean(text: str, where: str) -> str:
        return clean_text(text, where, notes)

    def clean_entry(entry: Question | Bank) -> Question | Bank:
        if isinstance(entry, Question):
            return _clean_question(entry, lambda text: clean(text, f"{quiz.id}/{entry.id}"))
        instances = tuple(
            _clean_question(question, lambda text: clean(text, f"{quiz.id}/{entry.id}")) for question in entry.instances
        )
        return replace(entry, title=_make_title(clean(entry.title, quiz.id)) or entry.id, instances=instances)

    return replace(
        quiz,
        title=_make_title(clean(quiz.title, quiz.id)) or quiz.id,
        summary=clean(quiz.summary, quiz.id),
        entries=tuple(map(clean_entry, quiz.entries)),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _make_title(text: str) -> str:
    text = _one_line(text)
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1]}…"


def _clean_question(question: Question, clean: Callable[[str], str]) -> Question:
    def maybe(text: str | None) -> str | None:
        return clean(text) if text is not None and text.strip() else None

    answer = question.answer
    if isinstance(answer, Choices):
        options = (replace(o, text=clean(o.text), feedback=maybe(o.feedback)) for o in answer.options)
        answer = replace(answer, options=tuple(options))
    elif isinstance(answer, Texts):
        cleaned = (_one_line(clean(text)) for text in answer.accepted)
        answer = replace(answer, accepted=tuple(dict.fromkeys(text for text in cleaned if text)))
    elif isinstance(answer, Essay):
        answer = Essay(maybe(answer.guidance), maybe(answer.starter))
    tags = (_one_line(clean(tag)) for tag in question.tags)
    return replace(
        question,
        title=_make_title(clean(question.title)) or question.id,
        prompt=clean(question.prompt),
        answer=answer,
        feedback=maybe(question.feedback),
        tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
    )
