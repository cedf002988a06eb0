"""What is exported: the final scores of some students in some assignments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from grader.export.decimals import format_score
from grader.export.findings import Finding, Severity
from grader.roster import RosterStudent


class Missing(StrEnum):
    """Why a student has no final score in an assignment."""

    NOT_SUBMITTED = "nothing was handed in"
    PENDING = "not graded yet"
    NEEDS_REVIEW = "an answer waits for a person"
    DEFERRED = "a check waits for a device"


@dataclass(frozen=True, slots=True)
class Detail:
    """What else there is to know of a student's score.

    ``points`` is what the grade is of: what the assignment was worth when it was graded. ``bonus`` is in the score
    where that was asked for. ``penalty`` is lateness as arithmetic. ``is_over`` says that the student can hand in
    nothing more that counts, ``may_rise`` that another attempt waits to be graded, and may be the better one.
    """

    points: Fraction
    bonus: Fraction = Fraction(0)
    submitted_at: datetime | None = None
    lateness: timedelta = timedelta()
    penalty: str | None = None
    is_over: bool = False
    may_rise: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One assignment: its title, what it is worth, and each student's score by id.

    A score is None where there is no final one; ``missing`` says why. ``feedback`` is what students are told beside
    their scores, as plain text.
    """

    title: str
    points: Fraction
    scores: Mapping[str, Fraction | None]
    assignment: str = ""
    missing: Mapping[str, Missing] = field(default_factory=dict)
    feedback: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Students, and a column for each assignment. ``strangers`` are those of them who are not on the roster.

    ``skipped`` are known, too, and nothing is to be written of them.
    """

    students: tuple[RosterStudent, ...]
    columns: tuple[Column, ...]
    strangers: frozenset[str] = frozenset()
    skipped: tuple[RosterStudent, ...] = ()

    @property
    def reasons(self) -> str:
        """Why scores are missing, and how many for each reason: ``an answer waits for a person (3)``."""
        counts = Counter(reason for column in self.columns for reason in column.missing.values())
        return ", ".join(f"{reason} ({count})" for reason, count in counts.most_common())

    @property
    def is_empty(self) -> bool:
        """Is there no final score at all?"""
        return not any(score is not None for column in self.columns for score in column.scores.values())

    @property
    def graded(self) -> tuple[RosterStudent, ...]:
        """The students who have a final score in a column, sorted by id."""
        scored = {student for column in self.columns for student, score in column.scores.items() if score is not None}
        return tuple(sorted((one for one in self.students if one.id in scored), key=lambda one: one.id))


def leave_out(table: ScoreTable, students: Collection[str]) -> ScoreTable:
    """Return a table without some students."""
    columns = tuple(
        replace(column, scores={student: score for student, score in column.scores.items() if student not in students})
        for column in table.columns
    )
    kept = tuple(student for student in table.students if student.id not in students)
    skipped = tuple(student for student in table.students if student.id in students)
    return ScoreTable(kept, columns, table.strangers - set(students), (*table.skipped, *skipped))


def give_zeros(table: ScoreTable) -> tuple[ScoreTable, list[Finding]]:
    """Return a table in which those have 0 who handed in nothing and cannot any more; what is pending stays open."""
    columns, findings = [], []
    for column in table.columns:
        absent = [student for student, why in column.missing.items() if why is Missing.NOT_SUBMITTED]
        absent = [student for student in absent if student in column.scores]
        over = {student for student in absent if student in column.details and column.details[student].is_over}
        columns.append(
            replace(
                column,
                scores={student: Fraction(0) if student in over else score for student, score in column.scores.items()},
                missing={student: why for student, why in column.missing.items() if student not in over},
            )
        )
        if over:
            what = "0, since nothing was handed in and it is over"
            findings.append(Finding(Severity.NOTE, what, column=column.title, students=tuple(sorted(over))))
        if waiting := tuple(sorted(set(absent) - over)):
            what = "no 0: nothing was handed in, but the due date, or the cut-off after it, has not passed"
            findings.append(Finding(Severity.NOTE, what, column=column.title, students=waiting))
    return replace(table, columns=tuple(columns)), findings


def drop_empty(table: ScoreTable) -> tuple[ScoreTable, list[Finding]]:
    """Return a table without the columns in which nobody has a final score."""
    empty = [column for column in table.columns if all(score is None for score in column.scores.values())]
    findings = [
        Finding(Severity.NOTE, "left out: nobody has a final score in it yet", column=column.title) for column in empty
    ]
    return replace(table, columns=tuple(column for column in table.columns if column not in empty)), findings


def check_scores(table: ScoreTable) -> Iterable[Finding]:
    """Yield what is wrong with scores whoever reads them."""
    for column in table.columns:
        scores = {student: score for student, score in sorted(column.scores.items()) if score is not None}
        if below := tuple(student for student, score in scores.items() if score < 0):
            yield Finding(Severity.REFUSED, "a score below 0", "see `grader show`", column.title, below)
        if column.points < 0:
            yield Finding(Severity.REFUSED, "points below 0", "mend the assignment", column.title)
        yield from _check_points(column, scores)
        details = column.details
        if rising := tuple(student for student in scores if student in details and details[student].may_rise):
            what = "may still rise: another attempt waits to be graded"
            yield Finding(Severity.NOTE, what, "grade it and export again", column.title, rising)
    if strangers := tuple(sorted(table.strangers & {student.id for student in table.graded})):
        yield Finding(Severity.NOTE, "not on the roster", "`grader roster import` takes a new one", students=strangers)


def _check_points(column: Column, scores: Iterable[str]) -> Iterable[Finding]:
    """Yield whose scores are of other points than the assignment is worth now."""
    others: dict[Fraction, list[str]] = {}
    for student in scores:
        detail = column.details.get(student)
        if detail is not None and detail.points != column.points:
            others.setdefault(detail.points, []).append(student)
    for points, students in others.items():
        yield Finding(
            Severity.REFUSED,
            f"graded when the assignment was worth {format_score(points)} points; it is worth "
            f"{format_score(column.points)} now",
            f"`grader regrade {column.assignment}` brings the scores up to date; --skip leaves students out",
            column.title,
            tuple(students),
        )


def explain_missing(column: Column, students: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return those of some students who have no score, sorted, by the reason."""
    reasons: dict[str, list[str]] = {}
    for student in sorted(students):
        if column.scores.get(student) is None:
            reason = column.missing.get(student)
            reasons.setdefault(reason.value if reason is not None else "no grade", []).append(student)
    return {reason: tuple(found) for reason, found in reasons.items()}
