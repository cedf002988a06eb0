"""Extensions and overrides: what may be decided, and what it changes for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from grader.decisions import Extension, Override
from grader.display import format_moment
from grader.enrolment import check_known, check_section
from grader.errors import InputError
from grader.gradebook import Gradebook
from grader.policy import MAX_DAYS, Due, parse_due, parse_duration
from grader.scoring import FinalGrade, check_override
from grader.settlement import Settled, find_members, settle_assignment, settle_student
from grader.spec import Assignment, Course


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision did for one student: the grade that counted before, and the one that counts now."""

    student: str
    before: FinalGrade
    after: FinalGrade

    @property
    def changes_grade(self) -> bool:
        """Is the grade, or the attempt that it is of, another one?"""
        return _shown(self.before) != _shown(self.after)


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom an extension is for: some students, or one section, or (neither) everybody."""

    students: tuple[str, ...] = ()
    section: str | None = None

    def check(self, gradebook: Gradebook) -> Whom:
        """Return the same with ids in their stored form, each once.

        Raises:
            InputError: a student or the section is not known.
        """
        section = None if self.section is None else check_section(gradebook, self.section)
        return Whom(tuple(dict.fromkeys(check_known(gradebook, one) for one in self.students)), section)

    @property
    def targets(self) -> tuple[tuple[str | None, str | None], ...]:
        """Student and section of each extension that it takes."""
        return tuple((student, None) for student in self.students) or ((None, self.section),)


def find_new_due(course: Course, assignment: Assignment, until: str | None, by: str | None) -> datetime:
    """Return a later due date: as it is written in ``until``, or the due date and the duration ``by``.

    Raises:
        InputError: it is none, it is not later, or the assignment is never due.
    """
    due = _check_due(course, assignment)
    try:
        written = parse_due(until) if until is not None else Due(due.astimezone(UTC) + _length(by))
    except ValueError as error:
        raise InputError(f"{'the new due date' if until is not None else 'the time to add'} {error}") from None
    if written.needs_zone and course.time_zone is None:
        raise InputError("the new due date needs a time zone: the course has none", "write it with one, as in +01:00")
    new = written.resolve(course.time_zone)
    if new <= due:
        message = f"{assignment.id} is due {format_moment(due, course.time_zone)}: this is not later"
        raise InputError(message, "an extension never makes anything due earlier; --withdraw takes one back")
    return new


def extend(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    whom: Whom,
    due: datetime | None,
    *,
    by: str,
    at: datetime,
    why: str,
) -> tuple[Effect, ...]:
    """Give an extension, or take back (``due`` None) what the same ones were given; return what that changes.

    Raises:
        InputError: somebody is not known, the assignment is never due, or there is nothing to do.
    """
    _check_due(course, assignment)
    whom = whom.check(gradebook)
    given = gradebook.extensions(assignment.id)
    for student, section in whom.targets:
        _check_extension(course, assignment, _find_given(given, student, section), due, student or section)
    before = _settle_all(course, gradebook, assignment, whom.students)
    for student, section in whom.targets:
        gradebook.add_extension(Extension(assignment.id, due, by, at, why, student, section))
    after = _settle_all(course, gradebook, assignment, whom.students)
    effects = (Effect(one, before[one].final, after[one].final) for one in after if one in before)
    return tuple(
        effect
        for effect in effects
        if effect.changes_grade or effect.before.due != effect.after.due or effect.student in whom.students
    )


def override(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    student: str,
    score: Fraction | None,
    *,
    by: str,
    at: datetime,
    why: str,
) -> Effect:
    """Let a score count in place of the one that was worked out, or (None) take that back; return what it changes.

    Raises:
        InputError: the student is not known, the score is not possible, or there is nothing to take back.
    """
    student = check_known(gradebook, student)
    before = settle_student(course, gradebook, assignment, student).final
    if score is not None:
        check_override(score, before.points, before.bonus_points)
    elif before.override is None:
        message = f"{student} has no override for {assignment.id}"
        raise InputError(message, f"`grader gradebook log --student {student}` shows what was decided")
    gradebook.add_override(Override(student, assignment.id, score, by, at, why))
    return Effect(student, before, settle_student(course, gradebook, assignment, student).final)


def find_left_out(gradebook: Gradebook, assignment: Assignment, students: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Return, for each of these students, the others of the group who are not among them."""
    named = set(students)
    roster = gradebook.roster()
    found = {one: [mate for mate in find_members(roster, assignment, one) if mate not in named] for one in named}
    return {student: found[student] for student in sorted(found) if found[student]}


def _check_due(course: Course, assignment: Assignment) -> datetime:
    due = course.due_of(assignment)
    if due is None:
        message = f"{assignment.id} has no due date, so there is nothing to extend"
        raise InputError(message, "`due:` in its assignment.yaml says when it is due")
    return due


def _length(by: str | None) -> timedelta:
    length = parse_duration(by)
    if not length:
        raise ValueError(f"must be more than nothing, and at most {MAX_DAYS} d")
    return length


def _check_extension(
    course: Course, assignment: Assignment, given: Sequence[datetime], due: datetime | None, name: str | None
) -> None:
    whose = name or "everybody"
    if due is None and not given:
        message = f"no extension of {assignment.id} for {whose} to take back"
        raise InputError(message, f"`grader gradebook log --assignment {assignment.id}` shows what was given")
    if due is not None and given and (latest := max(given)) >= due:
        message = f"{whose} has until {format_moment(latest, course.time_zone)} already"
        raise InputError(message, "the latest extension counts; --withdraw takes it back, to give a shorter one")


def _find_given(extensions: Iterable[Extension], student: str | None, section: str | None) -> list[datetime]:
    """Return the due dates that were given to just these, and not taken back."""
    given: list[datetime] = []
    for one in sorted(extensions, key=lambda one: one.at):
        if (one.student, one.section) == (student, section):
            given = [] if one.due is None else [*given, one.due]
    return given


def _settle_all(
    course: Course, gradebook: Gradebook, assignment: Assignment, students: Sequence[str]
) -> dict[str, Settled]:
    settled = settle_assignment(course, gradebook, assignment)
    for student in students:
        if student not in settled:
            settled[student] = settle_student(course, gradebook, assignment, student)
    return settled


def _shown(final: FinalGrade) -> tuple[object, ...]:
    attempt = final.attempt.submission if final.attempt is not None else None
    return attempt, final.status, final.score, final.bonus, final.lateness
