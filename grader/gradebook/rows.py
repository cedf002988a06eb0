"""Rows of the gradebook become values, and values rows. A row that makes no sense raises ValueError."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Row

from grader.decisions import Extension, HintTaken, Mark, Override
from grader.roster import Roster, RosterStudent
from grader.scoring import Grade, grade_from_json, grade_to_json


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission in the gradebook. ``number`` counts a student's attempts at an assignment, from 1.

    ``members`` are the others whom it counts for, where students work in groups. ``drawn_for`` is the student for whom
    its folder says that the questions were drawn.
    """

    id: str
    number: int
    student: str
    assignment: str
    digest: str
    submitted_at: datetime
    members: tuple[str, ...] = ()
    drawn_for: str | None = None

    @property
    def students(self) -> tuple[str, ...]:
        """Everybody whom it counts for."""
        return (self.student, *self.members)


@dataclass(frozen=True, slots=True)
class Grading:
    """The newest grade of a submission with one version of its assignment.

    ``grade`` is None where it is the newest of the submission at all: ``Gradebook.graded`` has it.
    """

    submission: str
    assignment_digest: str
    graded_at: datetime
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the trail: who did what, when and why. ``what`` is its kind, such as grade or override."""

    at: datetime
    who: str
    what: str
    student: str | None
    assignment: str | None
    submission: str | None
    detail: str
    why: str


def time_to_text(at: datetime) -> str:
    """Return a time as it is stored: UTC, sorting by time.

    Raises:
        ValueError: it has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def time_from_text(text: str) -> datetime:
    """Return a stored time, in UTC."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at.astimezone(UTC)


def entry_from_row(row: Row[Any]) -> Entry:
    """Return the submission in a row, which has ``members`` as JSON."""
    members = json.loads(row.members)
    at = time_from_text(row.submitted_at)
    others = tuple(sorted(members))
    return Entry(row.id, row.number, row.student, row.assignment, row.digest, at, others, row.drawn_for)


def grade_to_row(grade: Grade) -> dict[str, Any]:
    """Return what a row holds of a grade: all of it, and the amounts once more for queries by hand."""
    return {
        "status": str(grade.status),
        "score": float(grade.score),
        "points": float(grade.points),
        "bonus": float(grade.bonus),
        "grade": json.dumps(grade_to_json(grade), sort_keys=True),
    }


def grade_from_text(text: str) -> Grade:
    """Return the grade that a row holds."""
    try:
        return grade_from_json(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def extension_to_row(extension: Extension) -> dict[str, Any]:
    """Return the row of an extension."""
    return {
        "assignment": extension.assignment,
        "student": extension.student,
        "section": extension.section,
        "due": None if extension.due is None else time_to_text(extension.due),
        **_decided(extension),
    }


def extension_from_row(row: Row[Any]) -> Extension:
    """Return the extension in a row."""
    due = None if row.due is None else time_from_text(row.due)
    return Extension(row.assignment, due, row.who, time_from_text(row.at), row.why, row.student, row.section)


def hint_to_row(hint: HintTaken) -> dict[str, Any]:
    """Return the row of a hint that was taken."""
    return {
        "student": hint.student,
        "assignment": hint.assignment,
        "question": hint.question,
        "step": hint.step,
        "at": time_to_text(hint.at),
    }


def hint_from_row(row: Row[Any]) -> HintTaken:
    """Return the hint that was taken in a row."""
    return HintTaken(row.student, row.assignment, row.question, row.step, time_from_text(row.at))


def override_to_row(override: Override) -> dict[str, Any]:
    """Return the row of an override."""
    score = None if override.score is None else str(override.score)
    return {"student": override.student, "assignment": override.assignment, "score": score, **_decided(override)}


def override_from_row(row: Row[Any]) -> Override:
    """Return the override in a row."""
    return Override(row.student, row.assignment, _score(row.score), row.who, time_from_text(row.at), row.why)


def mark_to_row(mark: Mark) -> dict[str, Any]:
    """Return the row of a mark."""
    return {
        "submission": mark.submission,
        "question": mark.question,
        "score": None if mark.score is None else str(mark.score),
        "rubric": json.dumps(mark.rubric),
        "comment": mark.comment,
        "who": mark.by,
        "at": time_to_text(mark.at),
    }


def mark_from_row(row: Row[Any]) -> Mark:
    """Return the mark in a row."""
    rubric = tuple(map(str, json.loads(row.rubric)))
    at = time_from_text(row.at)
    return Mark(row.submission, row.question, _score(row.score), row.who, at, rubric, row.comment)


def roster_to_text(roster: Roster) -> str:
    """Return a roster as a row holds it."""
    return json.dumps([asdict(student) for student in roster.students], ensure_ascii=False)


def roster_from_text(text: str) -> Roster:
    """Return the roster that a row holds."""
    try:
        return Roster(tuple(RosterStudent(**student) for student in json.loads(text)))
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def change_from_row(row: Row[Any]) -> Change:
    """Return a line of the trail."""
    at = time_from_text(row.at)
    return Change(at, row.who, row.what, row.student, row.assignment, row.submission, row.detail, row.why)


def _decided(decision: Extension | Override) -> Mapping[str, str]:
    return {"who": decision.by, "at": time_to_text(decision.at), "why": decision.why}


def _score(text: str | None) -> Fraction | None:
    try:
        return None if text is None else Fraction(text)
    except ZeroDivisionError:
        raise ValueError("no number") from None
