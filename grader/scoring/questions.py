"""Checks, a run and answers become a grade. Nothing is rounded here."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from grader.answers import Answers, Value
from grader.checks import Check
from grader.language import _
from grader.questions import (
    ChoiceQuestion,
    CodeQuestion,
    MultipleChoiceQuestion,
    NumericQuestion,
    Question,
    TextQuestion,
)
from grader.results import CheckResult, Outcome, Run
from grader.scoring.grades import ZERO, CheckGrade, Grade, QuestionGrade, Status
from grader.spec import Assignment


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
        return _("checks that broke: {names}", names=", ".join(broken))
    return run.fault or _("some checks gave no outcome")


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
            message = _("This check gave no outcome: a fault on our side.")
            result = CheckResult(check.id, Outcome.NOT_RUN, message=message)
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
        picked = question.picked(value)
        if len(picked) == 1:
            return picked[0].why and picked[0].why.strip()
        # Of several, each is told of its own; paragraphs, as Markdown has them.
        pairs = zip(question.letters, question.choices, strict=True)
        told = [f"{letter}) {one.why.strip()}" for letter, one in pairs if one in picked and one.why]
        return "\n\n".join(told) or None
    return question.why if isinstance(question, NumericQuestion | TextQuestion) else None
