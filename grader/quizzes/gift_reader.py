"""GIFT → a quiz, by the rules that Moodle reads it with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from grader.quizzes.content import Answer, Choices, Essay, Number, Option, Question, Texts, clean_text
from grader.quizzes.html_markdown import escape_markdown, to_markdown
from grader.quizzes.incoming import MAX_ANSWERS, Found, Reading, make_id, read_number, read_text

MAX_QUESTIONS = 2_000
# Escaped characters stand in the private use area while the text is taken apart.
_ESCAPED = {f"\\{mark}": chr(0xE000 + number) for number, mark in enumerate(r"\~=#{}:")} | {r"\n": "\ue007"}
_PLAIN = {ord(code): ("\n" if mark == r"\n" else mark[1]) for mark, code in _ESCAPED.items()}
_ESCAPE = re.compile(r"\\[\\~=#{}:n]")
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d*)?)%")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_TRUTH = {"T": True, "TRUE": True, "F": False, "FALSE": False}


def read_gift(data: bytes, name: str) -> Found:
    """Read a GIFT file.

    Raises:
        InputError: it is no text, or too large.
    """
    return _Reader().read(read_text(data, name))


def _split(text: str) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Yield each question with its line, and what comments say of it: blank lines stand between questions."""
    lines: list[str] = []
    said: dict[str, str] = {}
    start = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip().startswith("//"):
            for key, value in re.findall(r"\[(id|tag):([^\]]*)\]", line):
                said[key] = f"{said[key]}\n{value}" if key in said else value
        elif line.strip():
            start = start if lines else number
            lines.append(line)
        elif lines:
            yield start, "\n".join(lines).strip(), said
            lines, said = [], {}


class _Reader(Reading):
    form = "moodle"  # of the question that is being read

    def read(self, text: str) -> Found:
        questions: list[Question] = []
        text = re.sub("[\ue000-\uf8ff]", "", clean_text(text, "the file", self.notes))
        for line, block, said in _split(text):
            if block.startswith("$CATEGORY:"):
                self.enter_category(block.removeprefix("$CATEGORY:"))
            elif len(questions) == MAX_QUESTIONS:
                self.notes.add(f"line {line}", f"questions after the first {MAX_QUESTIONS} are left out")
                break
            elif question := self.question(line, block, said):
                questions.append(question)
        if questions:
            self.notes.add("the file", "GIFT holds no points: each question is worth 1")
        return Found(self.title, None, tuple(questions), self.notes.all)

    def question(self, line: int, block: str, said: dict[str, str]) -> Question | None:
        text = _ESCAPE.sub(lambda found: _ESCAPED[found.group()], block)
        title = ""
        if match := re.match(r"::(.*?)::", text, re.DOTALL):
            title = " ".join(match.group(1).translate(_PLAIN).split())
            text = text[match.end() :].strip()
        self.where = f"{title or 'a question'} (line {line})"
        start, end = text.find("{"), text.find("}")
        if start < 0 and end < 0:
            self.note("left out: it is a text without a question")
            return None
        if not 0 <= start < end:
            self.note("left out: its braces do not match")
            return None
        after = text[end + 1 :].strip()
        asked = f"{text[:start].rstrip()} _____ {after}" if after else text[:start]
        self.form = "moodle"
        self.form, prompt = self.format(asked)
        inside, mark, general = text[start + 1 : end].strip().rpartition("####")
        if not mark:
            inside, general = general, ""
        self.feedback = self.text(general) or None
        answer = self.answer(inside.strip())
        if answer is None:
            return None
        if not prompt:
            self.note("it has no text: its name stands for it")
            prompt = escape_markdown(title or "?")
        made = make_id(said.get("id") or title or prompt[:60], self.taken, "question")
        self.taken.add(made)
        tags = dict.fromkeys(" ".join(tag.split())[:300] for tag in said.get("tag", "").split("\n") if tag.strip())
        return Question(made, title, prompt, Fraction(1), answer, self.feedback, tuple(tags))

    def format(self, text: str) -> tuple[str, str]:
        """Return a text's format and the text as Markdown; without a format of its own it has the question's."""
        form = self.form
        if match := _FORMAT.match(text.strip()):
            form, text = match.group(1), text.strip()[match.end() :]
        plain = text.translate(_PLAIN).strip()
        if form == "markdown":
            return form, plain
        if form == "plain":
            return form, escape_markdown(plain)
        if form == "moodle":
            plain = plain.replace("\n", "<br>\n")
        return form, to_markdown(plain, self.note)

    def text(self, text: str) -> str:
        return self.format(text)[1]

    def plain(self, text: str) -> str:
        """Return a short answer, which is plain whatever its format is."""
        text = _FORMAT.sub("", text.strip(), count=1)
        return " ".join(text.translate(_PLAIN).split())

    def answer(self, inside: str) -> Answer | None:
        truth, *_ = inside.partition("#")
        if inside.count("~") + inside.count("=") > MAX_ANSWERS:
            self.note(f"left out: it has more than {MAX_ANSWERS} answers")
            return None
        if not inside:
            guidance, self.feedback = self.feedback, None
            return Essay(guidance)
        if inside.startswith("#"):
            return self.number(inside[1:])
        if "~" in inside:
            return self.choices(inside)
        if "=" in inside and "->" in inside:
            self.note("left out: grader has no matching questions")
            return None
        if truth.strip() in _TRUTH:
            return self.true_false(_TRUTH[truth.strip()], inside)
        return self.texts(inside)

    def parts(self, text: str) -> Iterator[tuple[str, Decimal | None, str]]:
        """Yield answers: their text, their weight in per cent if they have one, and their feedback."""
        for part in text.split("="):
            if part.strip():
                yield self.part(part)

    def part(self, part: str) -> tuple[str, Decimal | None, str]:
        part = part.strip()
        weight = None
        if match := _WEIGHT.match(part):
            weight, part = Decimal(match.group(1)), part[match.end() :]
        text, _, told = part.partition("#")
        return text.strip(), weight, told.strip()

    def choices(self, inside: str) -> Choices | None:
        single = "=" in inside
        options, weights = [], []
        for piece in re.split(r"(?=[~=])", inside):
            if not piece.strip():
                continue
            text, weight, told = self.part(piece[1:] if piece[0] in "~=" else piece)
            weight = Decimal(100) if piece[0] == "=" else weight or Decimal(0)
            if single and 0 < weight < 100:
                self.note("options that earn a part earn nothing here")
            if single and weight < 0:
                self.note("options that take points away take nothing here")
            options.append(Option(self.text(text), weight >= 100 if single else weight > 0, self.text(told) or None))
            weights.append(weight)
        answer = Choices(tuple(options), single, not single and self.is_strict(weights))
        return self.finish_choices(answer)

    def true_false(self, truth: bool, inside: str) -> Choices | None:
        told = [self.text(part) or None for part in [*inside.split("#"), "", ""][1:3]]
        wrong, right = told
        yes = Option("True", truth, right if truth else wrong)
        no = Option("False", not truth, wrong if truth else right)
        return self.finish_choices(Choices((yes, no)))

    def texts(self, inside: str) -> Texts | None:
        accepted, told = [], []
        for written, weight, feedback in self.parts(inside):
            text = self.plain(written)
            if not text or (weight is not None and weight < 100):
                self.note(f"the answer {text[:60]!r} is left out: it does not earn all points")
            elif meant := self.take_wildcard(text):
                accepted.append(meant)
                told.append(self.text(feedback))
        self.keep_feedback(told)
        if not accepted:
            self.note("left out: no answer earns all points")
            return None
        return Texts(tuple(dict.fromkeys(accepted)))

    def number(self, inside: str) -> Number | None:
        inside, _, wrong = inside.partition("~")
        found, told = None, []
        if wrong.strip(" #\n"):
            self.note("the feedback for wrong numbers is left out")
        for text, weight, feedback in self.parts(inside):
            number = _read_range(text)
            if number is None or found is not None or (weight is not None and weight < 100):
                self.note(f"the answer {text[:60]!r} is left out: one number can be right")
            else:
                found = number
                told.append(self.text(feedback))
        self.keep_feedback(told)
        if found is None:
            self.note("left out: no number earns all points")
        return found


def _read_range(text: str) -> Number | None:
    """Return ``5:0.1``, ``1..2`` or ``5`` as a number with its tolerance."""
    low, dots, high = text.partition("..")
    if dots:
        ends = read_number(low), read_number(high)
        if ends[0] is None or ends[1] is None:
            return None
        middle = (ends[0] + ends[1]) / 2
        return Number(middle, abs(ends[1] - middle))
    value, _, tolerance = text.partition(":")
    number, margin = read_number(value), read_number(tolerance or "0")
    return Number(number, abs(margin)) if number is not None and margin is not None else None
