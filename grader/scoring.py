"""Checks, a run and answers become a grade. Pure and exact: amounts are fractions, nothing is rounded here."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter

from grader.answers import Answers, Value
from grader.checks import Check
from grader.diagnosis import Diagnosis
from grader.results import CheckResult, Frame, Outcome, Run, Visibility
from grader.spec import (
    Assignment,
    ChoiceQuestion,
    CodeQuestion,
    MultipleChoiceQuestion,
    NumericQuestion,
    Question,
    TextQuestion,
)

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
class QuestionGrade:
    """A question and what its answer earned.

    ``answer`` is what the student gave, as text; ``feedback`` the author's words on it; ``message`` says why an
    answer could not be read or its checks did not run. Where the question differs from student to student, ``asked``
    is what this one was asked, with the choices, and ``expected`` the right answer.
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


def score_submission(
    assignment: Assignment,
    checks: Sequence[Check],
    run: Run,
    answers: Answers,
    blocked: Mapping[str, str] | None = None,
) -> Grade:
    """Count what a submission earned.

    ``blocked`` maps code questions whose code must not count (a file that is missing, a forbidden function) to the
    reason that the student reads; their checks are not run and earn nothing.
    """
    results = {result.check: result for result in run.results}
    problems = {problem.question: str(problem) for problem in answers.problems}
    questions = []
    for question in assignment.questions:
        if isinstance(question, CodeQuestion):
            own = [check for check in checks if check.question == question.id]
            questions.append(_score_code(question, own, results, (blocked or {}).get(question.id)))
        else:
            value = answers.values.get(question.id)
            # A problem of the whole file (no question) explains every answer that could not be read.
            unread = problems.get(question.id) or (problems.get(None) if value is None else None)
            scored = _score_quiz(question, value, unread)
            questions.append(_tell_variant(question, scored) if question.id in assignment.drawn else scored)
    statuses = {question.status for question in questions}
    status = next((s for s in (Status.PENDING, Status.NEEDS_REVIEW) if s in statuses), Status.GRADED)
    return Grade(
        assignment=assignment.id,
        title=assignment.title,
        status=status,
        score=sum((q.score for q in questions), ZERO),
        points=sum((q.points for q in questions), ZERO),
        bonus=sum((q.bonus for q in questions), ZERO),
        bonus_points=sum((q.bonus_points for q in questions), ZERO),
        deferred=sum((q.deferred for q in questions), ZERO),
        questions=tuple(questions),
        fault=_name_fault(run, questions) if status is Status.PENDING else None,
        output=run.output,
        environment=dict(run.environment),
    )


def _name_fault(run: Run, questions: Sequence[QuestionGrade]) -> str:
    broken = [check.id for question in questions for check in question.checks if check.outcome is Outcome.ERRORED]
    if broken:
        return "checks that broke: " + ", ".join(broken)
    return run.fault or "some checks gave no outcome"


def _score_code(
    question: CodeQuestion, checks: Sequence[Check], results: Mapping[str, CheckResult], blocked: str | None
) -> QuestionGrade:
    graded = []
    pending = False
    for check in checks:
        if blocked is not None:
            result = CheckResult(check.id, Outcome.NOT_RUN)
        elif check.id in results:
            result = results[check.id]
            pending |= result.outcome is Outcome.ERRORED
        else:
            result = CheckResult(check.id, Outcome.NOT_RUN, message="This check gave no outcome: a fault on our side.")
            pending = True
        graded.append(_grade_check(check, result))
    return QuestionGrade(
        id=question.id,
        kind=question.kind,
        title=question.title or question.id,
        points=question.points,
        score=sum((c.score for c in graded if not c.bonus), ZERO),
        bonus=sum((c.score for c in graded if c.bonus), ZERO),
        bonus_points=sum((c.points for c in graded if c.bonus), ZERO),
        deferred=sum((c.points for c in graded if c.deferred and not c.bonus), ZERO),
        status=Status.PENDING if pending else Status.GRADED,
        message=blocked,
        checks=tuple(graded),
    )


def _grade_check(check: Check, result: CheckResult) -> CheckGrade:
    return CheckGrade(
        id=check.id,
        title=check.title,
        visibility=check.visibility,
        points=check.points,
        score=check.points if result.outcome is Outcome.PASSED else ZERO,
        bonus=check.bonus,
        outcome=result.outcome,
        deferred=result.deferred,
        device=result.device,
        hint=check.hint,
        message=result.message,
        detail=result.detail,
        frames=result.frames,
        figure=result.figure,
    )


def _score_quiz(question: Question, value: Value, problem: str | None) -> QuestionGrade:
    def grade(score: Fraction, status: Status = Status.GRADED, feedback: str | None = None) -> QuestionGrade:
        return QuestionGrade(
            id=question.id,
            kind=question.kind,
            title=question.title or question.id,
            points=question.points,
            score=score,
            status=status,
            answer=_answer_text(value),
            message=problem,
            feedback=feedback,
        )

    if value is None:
        return grade(ZERO, Status.UNANSWERED)
    if isinstance(question, TextQuestion) and not question.accept:
        return grade(ZERO, Status.NEEDS_REVIEW)
    return grade(question.points * _share(question, value), feedback=_feedback(question, value))


def _tell_variant(question: Question, scored: QuestionGrade) -> QuestionGrade:
    """Add to a question's grade what this student was asked: nobody else can know it."""
    asked, expected = question.prompt.strip(), None
    if isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
        pairs = zip(question.letters, question.choices, strict=True)
        asked = "\n".join([asked, "", *(f"{letter}) {choice.text.strip()}" for letter, choice in pairs)])
        expected = ", ".join(sorted(_correct_letters(question)))
    elif isinstance(question, NumericQuestion):
        expected = f"{question.number:.10g}"
    return replace(scored, asked=asked, expected=expected)


def _answer_text(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return ", ".join(value) if isinstance(value, tuple) else repr(value).removesuffix(".0")


def _share(question: Question, value: Value) -> Fraction:
    """Return the share of the points, 0 to 1, that a readable answer earns."""
    right = ZERO
    if isinstance(question, ChoiceQuestion):
        right = Fraction(value in _correct_letters(question))
    elif isinstance(question, MultipleChoiceQuestion) and isinstance(value, tuple):
        right = _share_of_choices(question, frozenset(value))
    elif isinstance(question, NumericQuestion) and isinstance(value, float):
        right = Fraction(math.isfinite(value) and _is_near(question, _decimal(value)))
    elif isinstance(question, TextQuestion) and isinstance(value, str):
        right = Fraction(_fold(question, value) in {_fold(question, text) for text in question.accept})
    return right


def _share_of_choices(question: MultipleChoiceQuestion, picked: frozenset[str]) -> Fraction:
    """All or nothing, or each right pick less each wrong one, over the number of right choices, never below 0."""
    correct = _correct_letters(question)
    if question.scoring == "all_or_nothing":
        return Fraction(picked == correct)
    return max(ZERO, Fraction(len(picked & correct) - len(picked - correct), len(correct)))


def _correct_letters(question: ChoiceQuestion | MultipleChoiceQuestion) -> frozenset[str]:
    pairs = zip(question.letters, question.choices, strict=True)
    return frozenset(letter for letter, choice in pairs if choice.correct)


def _is_near(question: NumericQuestion, value: Fraction) -> bool:
    """Compare in decimal, as the author and the student wrote the numbers: 0.3 is within 0.1 of 0.2."""
    correct = _decimal(question.number)
    allowed = max(_decimal(question.tolerance), _decimal(question.relative_tolerance or 0.0) * abs(correct))
    return abs(value - correct) <= allowed


def _decimal(value: float) -> Fraction:
    return Fraction(Decimal(repr(value)))


def _fold(question: TextQuestion, text: str) -> str:
    """Fold what does not matter in a short answer: runs of white space, and case unless the author says so."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    return text if question.case_sensitive else text.casefold()


def _feedback(question: Question, value: Value) -> str | None:
    if isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
        return "\n".join(choice.why.strip() for choice in question.picked(value) if choice.why) or None
    return question.why if isinstance(question, NumericQuestion | TextQuestion) else None


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
