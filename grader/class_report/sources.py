"""What a class report is made of, read from the gradebook once: what counts for everybody, and all that led to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import partial

from grader.class_report.examples import find_examples
from grader.gradebook import Gradebook, Grading
from grader.language import ENGLISH
from grader.report.context import Context
from grader.reporting import gather_context
from grader.roster import Roster
from grader.scoring import Attempt, apply_marks
from grader.settlement import Settled, group_by, settle_assignment
from grader.spec import Assignment, Course


@dataclass(frozen=True, slots=True)
class AssignmentSource:
    """One assignment: ``settled`` is what counts for each student, ``due`` its due date for everybody.

    ``gradings`` say with which versions of the assignment submissions were graded; ``examples`` are pieces of code,
    without names, by the mistake that they show. ``describe`` returns what the report on the submission that counts
    tells beside its grade, at a moment; it reads the submission's files. ``language`` is the course's.
    """

    assignment: Assignment
    settled: Mapping[str, Settled]
    due: datetime | None = None
    gradings: Sequence[Grading] = ()
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    describe: Callable[[Settled, datetime], Context] = lambda _, __: Context()
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class ClassSource:
    """A course, its roster and its assignments, in the course's order. ``zone`` is where its times are told."""

    title: str
    assignments: Sequence[AssignmentSource]
    roster: Roster = field(default_factory=Roster)
    zone: tzinfo | None = None


def read_class(
    course: Course,
    gradebook: Gradebook,
    assignments: Sequence[Assignment],
    advance: Callable[[], None] = lambda: None,
) -> ClassSource:
    """Read what there is to report of a course. ``advance`` is called after each assignment.

    Raises:
        SpecError: a due date or the policy makes no sense.
        GradebookError: the gradebook cannot be read.
    """
    roster = gradebook.roster() or Roster()
    own = {assignment.id for assignment in assignments}
    students = {student for entry in gradebook.entries() if entry.assignment in own for student in entry.students}
    found = []
    for assignment in assignments:
        found.append(_read_assignment(course, gradebook, assignment, roster, students))
        advance()
    return ClassSource(course.title, found, roster, course.time_zone)


def _read_assignment(
    course: Course, gradebook: Gradebook, assignment: Assignment, roster: Roster, students: Iterable[str]
) -> AssignmentSource:
    settled = _with_marks(settle_assignment(course, gradebook, assignment, students), gradebook, assignment)
    return AssignmentSource(
        assignment=assignment,
        settled=settled,
        due=course.due_of(assignment),
        gradings=gradebook.gradings(assignment.id),
        examples=find_examples(gradebook, assignment, settled, roster),
        describe=partial(_describe, course, gradebook, assignment),
        language=course.language,
    )


def _describe(course: Course, gradebook: Gradebook, assignment: Assignment, settled: Settled, now: datetime) -> Context:
    """Return what a report tells beside its grade, but what was asked: an instructor knows, and it is long."""
    entry, grade = settled.entry, settled.final.grade
    if entry is None or grade is None:
        return Context()
    return gather_context(course, gradebook, assignment, entry, grade, settled, now=now, prompts=False)


def _with_marks(settled: Mapping[str, Settled], gradebook: Gradebook, assignment: Assignment) -> Mapping[str, Settled]:
    """Let every attempt have the grade that people's marks make of it, as the one that counts has already."""
    marks = group_by(gradebook.marks(assignment.id), lambda mark: mark.submission)
    if not marks:
        return settled

    def mark(attempt: Attempt) -> Attempt:
        own = marks.get(attempt.submission)
        if not own or attempt.grade is None:
            return attempt
        return replace(attempt, grade=apply_marks(attempt.grade, own, assignment))

    return {student: replace(one, attempts=tuple(map(mark, one.attempts))) for student, one in settled.items()}
