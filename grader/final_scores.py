"""The final scores of a class, gathered for whoever reads them elsewhere: an LMS, a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction

from grader.export.scores import Column, Detail, Missing, ScoreTable
from grader.gradebook import Gradebook
from grader.language import ENGLISH
from grader.roster import Roster, RosterStudent
from grader.scoring import Status, is_cut_off, measure_lateness
from grader.settlement import Settled, settle_assignment
from grader.spec import Assignment, Course


def gather_scores(
    course: Course,
    gradebook: Gradebook,
    assignments: Iterable[Assignment],
    *,
    with_bonus: bool = False,
    now: datetime | None = None,
) -> ScoreTable:
    """Return what counts for everybody in some assignments: the roster's students in its order, then others by id.

    A score that may still change by itself is none: an answer waits for a person, a check for a device, a fault of
    ours for another run. ``now`` is the moment at which an assignment is over or not; by default the present one. What
    is told of lateness is in English, whatever the course's language is.

    Raises:
        SpecError: a due date or the policy make no sense.
        GradebookError: the gradebook cannot be read.
    """
    roster = gradebook.roster()
    known = {student.id: student for student in (roster or Roster()).students}
    now = now or datetime.now(UTC)
    columns = [_gather_column(course, gradebook, assignment, with_bonus, now) for assignment in assignments]
    others = sorted({student for column in columns for student in column.scores} - set(known))
    return ScoreTable(
        students=(*known.values(), *(RosterStudent(student) for student in others)),
        columns=tuple(columns),
        strangers=frozenset(others) if roster is not None else frozenset(),
    )


def _gather_column(
    course: Course, gradebook: Gradebook, assignment: Assignment, with_bonus: bool, now: datetime
) -> Column:
    scores: dict[str, Fraction | None] = {}
    missing: dict[str, Missing] = {}
    details: dict[str, Detail] = {}
    for student, settled in settle_assignment(course, gradebook, assignment, language=ENGLISH).items():
        grade = settled.grade
        reason = _find_reason(settled)
        if grade is None or reason is not None:
            scores[student], missing[student] = None, reason or Missing.NOT_SUBMITTED
        else:
            scores[student] = grade.score + grade.bonus if with_bonus else grade.score
        details[student] = _describe(course, assignment, settled, now)
    return Column(assignment.title, assignment.points, scores, assignment.id, missing, details=details)


def _describe(course: Course, assignment: Assignment, settled: Settled, now: datetime) -> Detail:
    final = settled.final
    lateness = measure_lateness(now, final.due)
    cut_off = course.policy_of(assignment).late.cut_off
    return Detail(
        points=final.points,
        bonus=final.bonus,
        submitted_at=final.attempt.submitted_at if final.attempt is not None else None,
        lateness=final.lateness,
        penalty=final.penalty,
        may_rise=bool(final.rivals),
        is_over=is_cut_off(lateness, course.policy_of(assignment).late) if cut_off is not None else bool(lateness),
    )


def _find_reason(settled: Settled) -> Missing | None:
    """Return why a grade is not final; None where it is."""
    grade = settled.grade
    if grade is None:
        return Missing.PENDING if settled.entry is not None else Missing.NOT_SUBMITTED
    if grade.status is Status.PENDING:
        return Missing.PENDING
    if grade.status is not Status.GRADED:
        return Missing.NEEDS_REVIEW
    return Missing.DEFERRED if grade.deferred else None
