"""What one reader sees of one grade. It is decided here, once, and every text from outside is cleaned."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from grader.diagnosis import Diagnosis
from grader.display import clean_line, clean_text
from grader.language import ENGLISH
from grader.report.context import Context, clean_context
from grader.results import Frame, Outcome, Visibility
from grader.scoring import CheckGrade, CriterionGrade, FinalGrade, Grade, QuestionGrade, Status

ZERO = Fraction(0)
MESSAGE_LIMIT = 2_000
DETAIL_LIMIT = 10_000
OUTPUT_LIMIT = 65_536


class Reader(StrEnum):
    """Who reads a report. A student sees less of the hidden checks than an instructor does."""

    STUDENT = "student"
    INSTRUCTOR = "instructor"


@dataclass(frozen=True, slots=True)
class SubmissionInfo:
    """Which submission a grade is of. A local run of the public checks has no id, no time and no student."""

    id: str | None = None
    digest: str | None = None
    submitted_at: datetime | None = None
    student: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one reader sees of one grade: ``grade`` holds nothing else, and its texts are clean.

    ``complete`` is False after a local run of the public checks while hidden ones exist. ``score`` and ``points`` then
    count the public checks only. ``final`` is what counts for the student in the end, where that was worked out.
    ``context`` is what is told beside the grade. ``language`` is the course's, in which all of it is told.
    """

    grade: Grade
    info: SubmissionInfo
    reader: Reader
    complete: bool = True
    final: FinalGrade | None = None
    context: Context = field(default_factory=Context)
    language: str = ENGLISH


def build_report(
    grade: Grade,
    info: SubmissionInfo,
    reader: Reader,
    *,
    complete: bool = True,
    final: FinalGrade | None = None,
    context: Context | None = None,
    language: str = ENGLISH,
) -> Report:
    """Return what ``reader`` may see of ``grade``.

    Of a hidden check a student sees the title, the outcome, the points, the message (safe by contract), the hint and
    the lines of their own code, but no values and no exception text; and nothing of the program's output where there
    are hidden checks, since what code prints could be their inputs. Set ``complete`` to False where hidden checks exist
    and have not been run: they are left out then, and so is whether an answer to a quiz question is right, and what
    known mistakes the submission shows. ``final`` adds what counts in the end: a student is not told why somebody
    decided so, only that it was decided. ``context`` adds what is told beside the grade; while it holds
    ``feedback_from``, a student does not read what is said of answers, nor which mistakes they rest on. The report is
    told in ``language``.
    """
    student = reader is Reader.STUDENT
    context = context or Context()
    if student and context.feedback_from is not None:
        grade = _withhold_feedback(grade)
    questions = [question if complete else _before_submitting(question) for question in grade.questions]
    visible = replace(
        grade,
        assignment=clean_line(grade.assignment),
        title=clean_line(grade.title),
        questions=tuple(_visible_question(question, student) for question in questions),
        fault=_visible_fault(grade.fault, student),
        note=_clean_line(grade.note),
        output="" if student and _has_hidden(grade) else clean_text(grade.output, OUTPUT_LIMIT),
        environment={clean_line(name): clean_line(grade.environment[name]) for name in sorted(grade.environment)},
        diagnoses=tuple(_clean_diagnosis(found) for found in grade.diagnoses) if complete else (),
    )
    return Report(
        grade=visible if complete else _count_public(visible),
        info=replace(
            info,
            id=_clean_line(info.id),
            digest=_clean_line(info.digest),
            student=_clean_line(info.student),
        ),
        reader=reader,
        complete=complete,
        final=_visible_final(final, student) if final is not None else None,
        context=clean_context(context if student else replace(context, feedback_from=None), visible),
        language=language,
    )


def _withhold_feedback(grade: Grade) -> Grade:
    return replace(
        grade,
        questions=tuple(replace(q, feedback=None) if not is_code(q) else q for q in grade.questions),
        diagnoses=tuple(replace(found, quiz=()) for found in grade.diagnoses if found.code),
    )


def _visible_final(final: FinalGrade, student: bool) -> FinalGrade:
    override = final.override
    if override is not None:
        override = replace(override, by=clean_line(override.by), why="" if student else clean_line(override.why))
    return replace(
        final,
        student=clean_line(final.student),
        grade=None,
        override=override,
        penalty=_clean_line(final.penalty),
        notes=tuple(map(clean_line, final.notes)),
    )


def is_code(question: QuestionGrade) -> bool:
    """Say whether checks grade the question; the others are quiz questions."""
    return question.kind == "code"


def _has_hidden(grade: Grade) -> bool:
    checks = [check for question in grade.questions for check in question.checks]
    return any(check.visibility is Visibility.HIDDEN for check in checks)


def _before_submitting(question: QuestionGrade) -> QuestionGrade:
    """Take out what is only known, or only told, once a submission is graded."""
    question = replace(question, comment=None, marked_by=None, criteria=())
    if not is_code(question):
        return replace(question, score=ZERO, feedback=None, asked=None, expected=None)
    public = tuple(check for check in question.checks if check.visibility is Visibility.PUBLIC)
    plain = [check for check in public if not check.bonus]
    bonus = [check for check in public if check.bonus]
    return replace(
        question,
        checks=public,
        points=sum((check.points for check in plain), ZERO),
        score=sum((check.score for check in plain), ZERO),
        bonus=sum((check.score for check in bonus), ZERO),
        bonus_points=sum((check.points for check in bonus), ZERO),
        deferred=sum((check.points for check in plain if check.deferred), ZERO),
    )


def _count_public(grade: Grade) -> Grade:
    """Let the totals count what the public checks count."""
    code = [question for question in grade.questions if is_code(question)]
    return replace(
        grade,
        status=Status.PENDING if any(question.status is Status.PENDING for question in code) else Status.GRADED,
        score=sum((question.score for question in code), ZERO),
        points=sum((question.points for question in code), ZERO),
        bonus=sum((question.bonus for question in code), ZERO),
        bonus_points=sum((question.bonus_points for question in code), ZERO),
        deferred=sum((question.deferred for question in code), ZERO),
    )


def _visible_question(question: QuestionGrade, student: bool) -> QuestionGrade:
    return replace(
        question,
        id=clean_line(question.id),
        title=clean_line(question.title),
        answer=_clean(question.answer, MESSAGE_LIMIT),
        message=_clean(question.message, MESSAGE_LIMIT),
        feedback=_clean(question.feedback, MESSAGE_LIMIT),
        asked=_clean(question.asked, MESSAGE_LIMIT),
        # A student may hand in once more: what is right is only told by the author's feedback.
        expected=None if student else _clean_line(question.expected),
        checks=tuple(_visible_check(check, student) for check in question.checks),
        comment=_clean(question.comment, MESSAGE_LIMIT),
        marked_by=_clean_line(question.marked_by),
        criteria=tuple(_clean_criterion(criterion) for criterion in question.criteria),
    )


def _visible_check(check: CheckGrade, student: bool) -> CheckGrade:
    secret = student and check.visibility is Visibility.HIDDEN
    # Code can choose its way to where it fails by what a hidden check passed: only where that is, is shown.
    frames = check.frames[-1:] if secret else check.frames
    needs_hint = check.outcome in (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED)
    return replace(
        check,
        id=clean_line(check.id),
        title=clean_line(check.title),
        hint=_clean(check.hint, MESSAGE_LIMIT) if needs_hint else None,
        message=_clean(check.message, MESSAGE_LIMIT),
        detail=None if secret else _clean(check.detail, DETAIL_LIMIT),
        frames=tuple(_clean_frame(frame) for frame in frames),
        device=clean_line(check.device),
        # Pixels have room for whatever a hidden check passed.
        figure=None if secret else _clean_figure(check.figure),
    )


def _clean_figure(figure: str | None) -> str | None:
    return figure if figure is not None and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", figure) else None


def _clean_diagnosis(found: Diagnosis) -> Diagnosis:
    return Diagnosis(
        clean_line(found.mistake),
        clean_line(found.title),
        clean_text(found.explanation, MESSAGE_LIMIT),
        code=tuple(map(clean_line, found.code)),
        quiz=tuple(map(clean_line, found.quiz)),
    )


def _clean_criterion(criterion: CriterionGrade) -> CriterionGrade:
    return replace(criterion, title=clean_line(criterion.title), level=clean_line(criterion.level))


def _clean_frame(frame: Frame) -> Frame:
    return Frame(clean_line(frame.file), frame.line, clean_line(frame.function), clean_line(frame.source.strip()))


def _visible_fault(fault: str | None, student: bool) -> str | None:
    """A student reads which part of ours failed; what follows on further lines (a traceback) is not for them."""
    if fault is None:
        return None
    return clean_line(fault.strip().partition("\n")[0]) if student else clean_text(fault, DETAIL_LIMIT)


def _clean(text: str | None, limit: int) -> str | None:
    return None if text is None else clean_text(text, limit)


def _clean_line(text: str | None) -> str | None:
    return None if text is None else clean_line(text)
