"""The final scores of a class, gathered for whoever reads them elsewhere: an LMS, a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from grader.export.scores import Column, Missing, ScoreTable
from grader.gradebook import Gradebook
from grader.roster import Roster, RosterStudent
from grader.scoring import Grade, Status
from grader.settlement import settle_assignment
from grader.spec import Assignment, Course


def gather_scores(
    course: Course, gradebook: Gradebook, assignments: Iterable[Assignment], *, with_bonus: bool = False
) -> ScoreTable:
    """Return what counts for everybody in some assignments: the roster's students in its order, then others by id.

    A score that may still change by itself is none: an answer waits for a person, a check for a device, a fault of
    ours for another run.

    Raises:
        SpecError: a due date or the policy make no sense.
        GradebookError: the gradebook cannot be read.
    """
    roster = gradebook.roster()
    known = {student.id: student for student in (roster or Roster()).students}
    columns = [_gather_column(course, gradebook, assignment, with_bonus) for assignment in assignments]
    others = sorted({student for column in columns for student in column.scores} - set(known))
    return ScoreTable(
        students=(*known.values(), *(RosterStudent(student) for student in others)),
        columns=tuple(columns),
        strangers=frozenset(others) if roster is not None else frozenset(),
    )


def _gather_column(course: Course, gradebook: Gradebook, assignment: Assignment, with_bonus: bool) -> Column:
    scores: dict[str, Fraction | None] = {}
    missing: dict[str, Missing] = {}
    for student, settled in settle_assignment(course, gradebook, assignment).items():
        grade = settled.grade
        reason = _find_reason(grade)
        if grade is None or reason is not None:
            scores[student], missing[student] = None, reason or Missing.NOT_SUBMITTED
        else:
            scores[student] = grade.score + grade.bonus if with_bonus else grade.score
    return Column(assignment.title, assignment.points, scores, assignment=assignment.id, missing=missing)


def _find_reason(grade: Grade | None) -> Missing | None:
    """Return why a grade is not final; None where it is."""
    if grade is None:
        return Missing.NOT_SUBMITTED
    if grade.status is Status.PENDING:
        return Missing.PENDING
    if grade.status is not Status.GRADED:
        return Missing.NEEDS_REVIEW
    return Missing.DEFERRED if grade.deferred else None
