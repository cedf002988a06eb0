"""What a submission earned, as data: a grade, its questions and their checks. Amounts are exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter

from grader.diagnosis import Diagnosis
from grader.results import Frame, Outcome, Visibility

ZERO = Fraction(0)


class Status(StrEnum):
    """How far a grade or a question has come."""

    GRADED = "graded"
    UNANSWERED = "unanswered"  # questions only
    NEEDS_REVIEW = "needs_review"  # a person must read an answer
    PENDING = "pending"  # a fault of ours; costs nobody a point


@dataclass(frozen=True, slots=True)
class CheckGrade:
    """A check, how it ended and what it earned. A bonus check's points come on top of the question's."""

    id: str
    title: str
    visibility: Visibility
    points: Fraction
    score: Fraction
    bonus: bool
    outcome: Outcome
    deferred: bool = False
    device: str = "cpu"
    hint: str | None = None
    message: str | None = None
    detail: str | None = None
    frames: tuple[Frame, ...] = ()
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class CriterionGrade:
    """A criterion of a rubric, and the level that a person found an answer on."""

    title: str
    level: str
    score: Fraction
    points: Fraction


@dataclass(frozen=True, slots=True)
class QuestionGrade:
    """A question and what its answer earned.

    ``answer`` is what the student gave, as text; ``feedback`` the author's words on it; ``message`` says why an
    answer could not be read or its checks did not run. Where the question differs from student to student, ``asked``
    is what this one was asked, with the choices, and ``expected`` the right answer.
    Where a person gave the score, ``marked_by`` says who, ``comment`` what they had to say, and ``criteria`` what they
    chose from the rubric.
    """

    id: str
    kind: str
    title: str
    points: Fraction
    score: Fraction = ZERO
    bonus: Fraction = ZERO
    bonus_points: Fraction = ZERO
    deferred: Fraction = ZERO
    status: Status = Status.GRADED
    answer: str | None = None
    message: str | None = None
    feedback: str | None = None
    checks: tuple[CheckGrade, ...] = ()
    asked: str | None = None
    expected: str | None = None
    comment: str | None = None
    marked_by: str | None = None
    criteria: tuple[CriterionGrade, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Was something answered that could not be understood?"""
        return self.kind != "code" and self.status is Status.UNANSWERED and self.message is not None


@dataclass(frozen=True, slots=True)
class Grade:
    """What a submission earned: ``score`` of ``points``; ``bonus`` is on top, ``deferred`` waits for a device.

    ``diagnosis_fault`` says why known mistakes could not be looked for: no points depend on it; ``note`` is something
    that the student should know of the whole submission.
    """

    assignment: str
    title: str
    status: Status
    score: Fraction
    points: Fraction
    bonus: Fraction = ZERO
    bonus_points: Fraction = ZERO
    deferred: Fraction = ZERO
    questions: tuple[QuestionGrade, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    diagnosis_fault: str | None = None
    fault: str | None = None
    output: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


_GRADE = TypeAdapter(Grade)


def grade_to_json(grade: Grade) -> dict[str, Any]:
    """Return a grade as JSON data that holds everything; fractions become strings such as ``"1/3"``."""
    data: dict[str, Any] = _GRADE.dump_python(grade, mode="json")
    return data


def grade_from_json(data: Mapping[str, Any]) -> Grade:
    """Return the grade that ``grade_to_json`` wrote.

    Raises:
        ValueError: it is not such data.
    """
    return _GRADE.validate_python(data)
