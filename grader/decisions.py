"""What people decide beside the checks: extensions, overrides, marks, and hints that students take.

Each says who decided and when; what instructors decide also why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from grader.display import clean_line, clean_text
from grader.errors import InputError

MAX_WORDS = 10_000  # characters of a reason, or of a comment
_SCORE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?|[0-9]{1,9}/[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Extension:
    """A later due date for one student or one section, or for everybody where neither is named.

    ``due`` None takes the extension back. Of several that concern a student the latest due date counts.
    """

    assignment: str
    due: datetime | None
    by: str
    at: datetime
    why: str
    student: str | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class HintTaken:
    """A hint that a student asked for: the ``step``-th of a question, from 1."""

    student: str
    assignment: str
    question: str
    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Override:
    """A score that counts in place of the one that was worked out. ``score`` None takes the override back."""

    student: str
    assignment: str
    score: Fraction | None
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person gave for one question of one submission. The newest mark of a question counts.

    ``score`` None takes the mark back. ``rubric`` names the levels that were chosen, as ``CRITERION=LEVEL``;
    ``comment`` is for the student.
    """

    submission: str
    question: str
    score: Fraction | None
    by: str
    at: datetime
    rubric: tuple[str, ...] = ()
    comment: str | None = None


def parse_score(given: str) -> Fraction:
    """Return the exact score that was written as ``7``, ``7.5`` or ``15/2``.

    Raises:
        InputError: it is none.
    """
    text = given.strip()
    try:
        if _SCORE.fullmatch(text):
            return Fraction(text)
    except ZeroDivisionError:
        pass
    near = text.replace(",", ".", 1)
    hint = f"write {near}" if near != text and _SCORE.fullmatch(near) else "write it as 7, 7.5 or 15/2"
    raise InputError(f"{clean_line(given, 40)!r} is no score", hint)


def check_words(given: str, what: str) -> str:
    """Return a reason or a comment that can be kept, without white space around it; ``what`` names it.

    Raises:
        InputError: there are no words in it, or too many.
    """
    if len(given) > MAX_WORDS:
        raise InputError(f"{what} has {len(given):,} characters", f"at most {MAX_WORDS:,} are kept: shorten it")
    text = clean_text(given.strip(), MAX_WORDS)
    if not text.strip():
        raise InputError(f"{what} is empty", "say it in a few words")
    return text
