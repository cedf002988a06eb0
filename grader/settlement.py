"""What counts for each student: the gradebook's submissions and decisions, settled by the course's policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from grader.decisions import Extension, HintTaken, Mark, Override
from grader.gradebook import Entry, Gradebook
from grader.language import _, speaking
from grader.policy import Policy
from grader.roster import Roster
from grader.scoring import (
    Attempt,
    FinalGrade,
    Grade,
    NextAttempt,
    Status,
    find_next_attempt,
    find_teammates,
    is_cut_off,
    measure_lateness,
    settle,
)
from grader.spec import Assignment, Course


@dataclass(frozen=True, slots=True)
class Settled:
    """The grade that counts for a student, and the submission that it is of; None where nothing was handed in.

    ``attempts`` are all that was handed in for the student, the oldest first, whether it counts or not.
    """

    final: FinalGrade
    entry: Entry | None
    attempts: tuple[Attempt, ...] = ()

    @property
    def grade(self) -> Grade | None:
        """The submission's grade with the amounts that count: less what lateness costs, or as somebody decided.

        None while there is nothing to count.
        """
        final = self.final
        if final.status is None:
            return None
        grade = final.grade or Grade(final.assignment, final.assignment, Status.GRADED, final.score, final.points)
        return replace(
            grade,
            status=final.status,
            score=final.score,
            bonus=final.bonus,
            deferred=grade.deferred if final.override is None else grade.deferred * 0,
            fault=grade.fault if final.status is Status.PENDING else None,
        )


def settle_assignment(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    students: Iterable[str] = (),
    *,
    language: str | None = None,
) -> dict[str, Settled]:
    """Return what counts for everybody: the roster's students in its order, then others who handed in, by their ids.

    ``students`` are others of whom it is asked, too, though they may have nothing in this assignment. What there is to
    know is told in the course's language, or in ``language``.

    Raises:
        SpecError: the due date or the policy make no sense.
        GradebookError: the gradebook cannot be read.
    """
    roster = gradebook.roster() or Roster()
    attempts = _find_attempts(gradebook, assignment, None)
    overridden = {override.student for override in gradebook.overrides(assignment.id)}
    known = [student.id for student in roster.students]
    others = sorted({*attempts, *overridden, *students} - set(known))
    with speaking(language or course.language):
        return _settle(course, gradebook, assignment, roster, attempts, [*known, *others])


def settle_student(course: Course, gradebook: Gradebook, assignment: Assignment, student: str) -> Settled:
    """Return what counts for one student; see ``settle_assignment``."""
    attempts = _find_attempts(gradebook, assignment, student)
    with speaking(course.language):
        return _settle(course, gradebook, assignment, gradebook.roster() or Roster(), attempts, [student])[student]


def find_next(course: Course, gradebook: Gradebook, assignment: Assignment, student: str, now: datetime) -> NextAttempt:
    """Say whether what a student, or the group, hands in now would count."""
    attempts = [attempt for _entry, attempt in _find_attempts(gradebook, assignment, student).get(student, ())]
    return find_next_attempt(attempts, course.policy_of(assignment).attempts, now)


def explain_closed(policy: Policy, due: datetime | None, following: NextAttempt, now: datetime) -> str | None:
    """Return why what a student hands in now would not count, None where it would.

    ``due`` is the student's own due date, ``following`` what ``find_next`` says of the next attempt.
    """
    if due is not None and is_cut_off(measure_lateness(now, due), policy.late):
        return _("the cut-off has passed")
    return None if following.is_open else following.reason


def find_members(roster: Roster | None, assignment: Assignment, student: str) -> tuple[str, ...]:
    """Return for whom else a submission of this student counts: the others of the group, where there are groups."""
    return tuple(one for one in find_teammates(assignment, student, roster or Roster()) if one != student)


Decision = TypeVar("Decision", Extension, HintTaken, Mark, Override)
_Attempts = Mapping[str, Sequence[tuple[Entry, Attempt]]]


def _find_attempts(gradebook: Gradebook, assignment: Assignment, student: str | None) -> _Attempts:
    excused = gradebook.once_pending(assignment.id)
    found: dict[str, list[tuple[Entry, Attempt]]] = {}
    for entry, grade in gradebook.graded(student, assignment.id):
        attempt = Attempt(entry.id, entry.submitted_at, grade, entry.id in excused, entry.student, entry.number)
        for one in entry.students:
            found.setdefault(one, []).append((entry, attempt))
    return found


def _settle(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    roster: Roster,
    attempts: _Attempts,
    students: Iterable[str],
) -> dict[str, Settled]:
    policy, due = course.policy_of(assignment), course.due_of(assignment)
    sections = {student.id: student.section for student in roster.students}
    extensions = gradebook.extensions(assignment.id)
    overrides = group_by(gradebook.overrides(assignment.id), lambda override: override.student)
    marks = group_by(gradebook.marks(assignment.id), lambda mark: mark.submission)
    taken = gradebook.hints(assignment.id) if any(question.hints for question in assignment.questions) else ()
    hints = group_by(taken, lambda hint: hint.student)
    settled = {}
    for student in students:
        own = attempts.get(student, ())
        submissions = {entry.id: entry for entry, _attempt in own}
        final = settle(
            assignment,
            student,
            [attempt for _entry, attempt in own],
            policy,
            due,
            section=sections.get(student),
            extensions=extensions,
            overrides=overrides.get(student, ()),
            marks=[mark for submission in submissions for mark in marks.get(submission, ())],
            hints=hints.get(student, ()),
        )
        entry = submissions[final.attempt.submission] if final.attempt is not None else None
        settled[student] = Settled(final, entry, tuple(sorted((one for _entry, one in own), key=_place)))
    return settled


def _place(attempt: Attempt) -> tuple[datetime, int]:
    return attempt.submitted_at, attempt.order


def group_by(decisions: Iterable[Decision], key: Callable[[Decision], str]) -> dict[str, list[Decision]]:
    """Return decisions by what they are about, each list in its order."""
    groups: dict[str, list[Decision]] = {}
    for decision in decisions:
        groups.setdefault(key(decision), []).append(decision)
    return groups
