"""The report of a stored submission: its grade, what counts in the end, and what the course and the gradebook add."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from grader.decisions import Mark
from grader.errors import GraderError, SpecError
from grader.gradebook import Entry, Gradebook
from grader.language import speaking
from grader.policy import AttemptPolicy, feedback_from
from grader.questions import ChoiceQuestion, MultipleChoiceQuestion
from grader.report import Reader, Report, SubmissionInfo, build_report
from grader.report.context import AttemptInfo, Context, Excerpt, Prompt, cut_excerpts
from grader.scoring import Grade, apply_marks, find_next_attempt, judge_attempts
from grader.settlement import Settled, explain_closed, group_by, settle_student
from grader.spec import FIGURES, Assignment, Course
from grader.submission import Submission
from grader.variants import fill_assignment

ZERO = Fraction(0)
FIGURE_LIMIT = 100_000  # bytes: with it beside a student's own, a report is still small enough to be sent
_PNG = b"\x89PNG\r\n\x1a\n"


def describe_entry(entry: Entry) -> SubmissionInfo:
    """Return what a report says of the submission itself."""
    return SubmissionInfo(entry.id, entry.digest, entry.submitted_at, entry.student)


def report_stored(
    course: Course, gradebook: Gradebook, entry: Entry, grade: Grade, student: str, reader: Reader, now: datetime
) -> Report:
    """Return the report of a submission as ``reader`` sees it at the moment ``now``, with people's marks in it.

    ``student`` is one of those that the submission counts for: it is told what counts in the end for this one.

    Raises:
        SpecError: the course has the assignment, but it cannot be read.
        GradebookError: the gradebook cannot be read.
    """
    if entry.assignment not in course.assignments:  # it was taken from the course since
        context = Context(excerpts=_find_excerpts(gradebook, entry, grade), zone=course.time_zone)
        marked = apply_marks(grade, gradebook.marks(entry=entry))
        return build_report(marked, describe_entry(entry), reader, context=context, language=course.language)
    assignment = course.load(entry.assignment)
    settled = settle_student(course, gradebook, assignment, student)
    marks = gradebook.marks(assignment.id)
    context = gather_context(course, gradebook, assignment, entry, grade, settled, marks, now=now)
    marked = apply_marks(grade, [mark for mark in marks if mark.submission == entry.id], assignment)
    info = describe_entry(entry)
    return build_report(marked, info, reader, final=settled.final, context=context, language=course.language)


def gather_context(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    entry: Entry,
    grade: Grade,
    settled: Settled,
    marks: Iterable[Mark] = (),
    *,
    now: datetime,
    prompts: bool = True,
) -> Context:
    """Return what a report of a stored submission tells beside its ``grade``.

    ``settled`` is what counts for the student whom it is told, ``marks`` are people's for submissions of the
    assignment. Without ``prompts`` it leaves out what was asked.
    """
    policy = course.policy_of(assignment)
    final = settled.final
    told_from = feedback_from(policy, final.due)
    with speaking(course.language):
        following = find_next_attempt(settled.attempts, policy.attempts, now)
        closed = explain_closed(policy, final.due, following, now)
        waits = following.opens_at is not None and closed == following.reason
    return Context(
        prompts=list_prompts(assignment, entry.student) if prompts else {},
        excerpts=_find_excerpts(gradebook, entry, grade),
        references=read_references(assignment, grade),
        attempts=_list_attempts(assignment, policy.attempts, entry, settled, marks),
        closed="" if waits else closed or "",
        opens_at=following.opens_at if waits else None,
        feedback_from=told_from if told_from is not None and now < told_from else None,
        zone=course.time_zone,
    )


def gather_local_context(assignment: Assignment, submission: Submission, grade: Grade) -> Context:
    """Return what a report of work that was not handed in tells beside its grade."""
    return Context(
        prompts=list_prompts(assignment, assignment.student),
        excerpts=cut_excerpts(grade, submission.files),
        references=read_references(assignment, grade),
    )


def list_prompts(assignment: Assignment, student: str | None) -> dict[str, Prompt]:
    """Return what the questions of an assignment ask a student; nothing, where that cannot be known."""
    if student is None and assignment.has_variants:
        return {}
    try:
        own = fill_assignment(assignment, student) if student is not None else assignment
    except SpecError:  # variants that were spoilt since; `grader verify` says how
        return {}
    prompts = {}
    for question in own.questions:
        choices: tuple[tuple[str, str], ...] = ()
        if isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
            pairs = zip(question.letters, question.choices, strict=True)
            choices = tuple((letter, choice.text.strip()) for letter, choice in pairs)
        prompts[question.id] = Prompt(question.prompt.strip(), choices)
    return prompts


def read_references(assignment: Assignment, grade: Grade) -> dict[tuple[str, str], str]:
    """Return the figures that a right solution draws, of the checks of which the grade holds a figure.

    They are the author's to give: ``figures/CHECK.png`` in the assignment's folder.
    """
    found = {}
    for question in grade.questions:
        for check in question.checks:
            if check.figure and (picture := _read_picture(assignment.directory / FIGURES / f"{check.id}.png")):
                found[question.id, check.id] = picture
    return found


@lru_cache(maxsize=256)  # a class's reports show the same few
def _read_picture(path: Path) -> str | None:
    try:
        data = path.read_bytes() if path.stat().st_size <= FIGURE_LIMIT else b""
    except OSError:
        return None
    return base64.b64encode(data).decode() if data.startswith(_PNG) else None


def _find_excerpts(gradebook: Gradebook, entry: Entry, grade: Grade) -> Mapping[tuple[str, int], Excerpt]:
    if not any(check.frames for question in grade.questions for check in question.checks):
        return {}
    with suppress(GraderError):  # a file that is damaged is for `grader gradebook check` to name; the grade stands
        return cut_excerpts(grade, gradebook.load(entry).files)
    return {}


def _list_attempts(
    assignment: Assignment, policy: AttemptPolicy, entry: Entry, settled: Settled, marks: Iterable[Mark]
) -> tuple[AttemptInfo, ...]:
    given = group_by(marks, lambda mark: mark.submission)
    final = settled.final
    counting = final.attempt.submission if final.attempt is not None else None
    infos = []
    for standing in judge_attempts(settled.attempts, policy):
        attempt, grade = standing.attempt, standing.attempt.grade
        if grade is not None and attempt.submission in given:
            grade = apply_marks(grade, given[attempt.submission], assignment)
        infos.append(
            AttemptInfo(
                number=standing.number,
                submitted_at=attempt.submitted_at,
                status=None if grade is None else grade.status,
                score=ZERO if grade is None else grade.score,
                points=final.points if grade is None else grade.points,
                counts=attempt.submission == counting,
                own=attempt.submission == entry.id,
            )
        )
    return tuple(infos)
