"""What an instructor decides beside the checks: extensions, overrides, marks. Each says who decided, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction


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
