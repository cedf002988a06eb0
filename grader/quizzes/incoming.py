"""What a reader found: a quiz, its pictures, and what could not be taken; and what all readers share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from string import ascii_lowercase

from grader.errors import InputError
from grader.quizzes.content import Choices, Note, Notes, Option, Question

MAX_TEXT_BYTES = 1_000_000  # as much as assignment.yaml may hold
PICTURES = "pictures"  # the folder of an assignment that pictures go into
MAX_ANSWERS = 500  # of one question
_LONGEST_ID = 60
_MOST_OPTIONS = len(ascii_lowercase)
_MOST_DIGITS = 40


def read_text(data: bytes, name: str) -> str:
    """Return a file of questions as text.

    Raises:
        InputError: it is no text, or too large.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise InputError(f"{name}: the file is larger than {MAX_TEXT_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: byte {error.start} is no UTF-8", "save the file as UTF-8") from None


@dataclass(frozen=True, slots=True)
class Found:
    """A quiz that was read. ``pictures`` maps names within the assignment's folder to bytes."""

    title: str | None
    summary: str | None
    questions: tuple[Question, ...]
    notes: tuple[Note, ...]
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def make_id(name: str, taken: Collection[str], fallback: str) -> str:
    """Return an id made from a name, unlike those that are taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall("[a-z0-9]+", plain)
    while words and not words[0][0].isalpha():
        words[0] = words[0].lstrip("0123456789")
        words = words if words[0] else words[1:]
    stem = "-".join(words)[:_LONGEST_ID].strip("-") or fallback
    number = 1
    while (made := stem if number == 1 else f"{stem[: _LONGEST_ID - 5]}-{number}".replace("--", "-")) in taken:
        number += 1
    return made


def read_number(text: str) -> Decimal | None:
    """Return a finite number of a reasonable size, None for anything else."""
    text = text.strip().replace("_", "")
    if len(text) > _MOST_DIGITS or not text.isascii():
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS else None


def read_points(text: str | None, where: str, notes: Notes) -> Fraction:
    """Return points as assignment.yaml takes them: at most six decimals; 1 where there is no usable number."""
    number = read_number(text) if text else Decimal(1)
    if number is None or not 0 <= number <= 100_000:
        notes.add(where, f"{text!r} points are none: 1 is written")
        return Fraction(1)
    rounded = round(number, 6)
    if rounded != number:
        notes.add(where, f"its {text} points are rounded to {rounded}")
    return Fraction(rounded)


def make_choices(answer: Choices, where: str, notes: Notes) -> Choices | None:
    """Return choices that assignment.yaml can hold, or None with a note."""
    options = _tell_apart(answer.options, where, notes)
    right = sum(option.correct for option in options)
    fault = None
    if not 2 <= len(options) <= _MOST_OPTIONS:
        fault = f"it has {len(options)} different options, and 2 to {_MOST_OPTIONS} are possible"
    elif not right:
        fault = "none of its options is right"
    elif answer.single and right > 1:
        fault = f"{right} of its options are right, each by itself: make one of them right, or all together"
    if fault:
        notes.add(where, f"left out: {fault}")
        return None
    return replace(answer, options=options)


def _tell_apart(options: Sequence[Option], where: str, notes: Notes) -> tuple[Option, ...]:
    kept: dict[str, Option] = {}
    for option in options:
        folded = " ".join(option.text.split())
        if not folded:
            notes.add(where, "an empty option is left out")
        elif folded in kept:
            notes.add(where, f"the option {option.text[:60]!r} is there twice: one is left out")
            kept[folded] = replace(kept[folded], correct=kept[folded].correct or option.correct)
        else:
            kept[folded] = option
    return tuple(kept.values())


def tell_everybody(options: Sequence[Option], feedback: str | None) -> tuple[Option, ...]:
    """Return options whose feedback ends with what everybody is told: choices have no other place for it."""
    if not feedback:
        return tuple(options)
    told = (f"{option.feedback}\n\n{feedback}" if option.feedback else feedback for option in options)
    return tuple(replace(option, feedback=text) for option, text in zip(options, told, strict=True))


class Reading:
    """What readers of questions one after another share: where they are, and what they found so far."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.taken: set[str] = set()
        self.title: str | None = None
        self.where = ""
        self.feedback: str | None = None  # what everybody is told after the question that is being read

    def note(self, said: str) -> None:
        """Note something about the question that is being read."""
        self.notes.add(self.where, said)

    def enter_category(self, path: str) -> None:
        """Take the title from the first category that the questions are in."""
        names = [name for name in re.split(r"(?<!/)/(?!/)", path.strip()) if not re.fullmatch(r"\$\w+\$|top|", name)]
        if self.title is None and names:
            self.title = names[0].replace("//", "/")
        elif names:
            self.notes.add("the file", "its categories become one assignment")

    def finish_choices(self, answer: Choices) -> Choices | None:
        """Return choices with what everybody is told, or None, with a note, where they cannot be taken."""
        options = tell_everybody(answer.options, self.feedback)
        self.feedback = None
        return make_choices(replace(answer, options=options), self.where, self.notes)

    def is_strict(self, fractions: Sequence[Decimal]) -> bool:
        """Is a wrong pick as bad as can be? Then it is all or nothing, as far as Moodle can say so."""
        right = [fraction for fraction in fractions if fraction > 0]
        wrong = [-fraction for fraction in fractions if fraction <= 0]
        if wrong and all(penalty >= 100 for penalty in wrong):
            return True
        if len(set(right)) > 1 or any(abs(penalty - right[0]) > 1 for penalty in wrong if right):
            self.note("each right option earns the same here, and each wrong one takes as much away: it was different")
        return False

    def keep_feedback(self, told: Sequence[str | None]) -> None:
        """Let what answers say be said to everybody, where all of it is the same."""
        different = list(dict.fromkeys(filter(None, told)))
        if len(different) == 1 and not self.feedback:
            self.feedback = different[0]
        elif different:
            self.note("the feedback of its single answers is left out")

    def take_wildcard(self, text: str) -> str | None:
        """Return a short answer of Moodle's as it is meant, or None, with a note, where it stands for many."""
        if re.search(r"(?<!\\)\*", text):
            self.note(f"the answer {text[:60]!r} is left out: it has a wildcard")
            return None
        return text.replace(r"\*", "*")
