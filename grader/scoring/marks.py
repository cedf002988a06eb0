"""What a person gave for questions takes the place of what checks and answers earned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from grader.decisions import Mark
from grader.errors import InputError, suggest
from grader.fields import amount
from grader.questions import Criterion, Level, Question, TextQuestion
from grader.scoring.grades import ZERO, CriterionGrade, Grade, QuestionGrade, Status
from grader.spec import Assignment


def apply_marks(grade: Grade, marks: Iterable[Mark], assignment: Assignment | None = None) -> Grade:
    """Return a grade in which people's marks count.

    ``marks`` are those of this submission; the newest of each question counts, and none where that takes it back. A
    mark replaces a question's score, that of a code question too, while bonus points stay; it never counts for more
    than the question's points. The grade is settled once no question waits any more: one that a fault of ours left
    pending stays so until its pending questions are graded or marked. ``assignment`` names the rubric's criteria and
    levels to the student.
    """
    newest: dict[str, Mark] = {}
    for mark in sorted(marks, key=lambda mark: mark.at):
        newest[mark.question] = mark
    questions = tuple(_apply_mark(question, newest.get(question.id), assignment) for question in grade.questions)
    if questions == grade.questions:
        return grade
    status = _find_status(grade, questions)
    return replace(
        grade,
        questions=questions,
        status=status,
        score=sum((question.score for question in questions), ZERO),
        deferred=sum((question.deferred for question in questions), ZERO),
        fault=grade.fault if status is Status.PENDING else None,
    )


def _apply_mark(question: QuestionGrade, mark: Mark | None, assignment: Assignment | None) -> QuestionGrade:
    if mark is None or mark.score is None:
        return question
    return replace(
        question,
        score=min(max(mark.score, ZERO), question.points),
        deferred=ZERO,
        status=Status.GRADED,
        comment=mark.comment,
        marked_by=mark.by,
        criteria=tuple(_name_criteria(question.id, mark.rubric, assignment)),
    )


def _find_status(grade: Grade, questions: Sequence[QuestionGrade]) -> Status:
    told = {question.status for question in grade.questions}
    left = {question.status for question in questions}
    for status in (Status.PENDING, Status.NEEDS_REVIEW):
        # A grade that waits for what none of its questions shows goes on waiting.
        if status in left or (grade.status is status and status not in told):
            return status
    return Status.GRADED


def _name_criteria(question_id: str, chosen: Sequence[str], assignment: Assignment | None) -> Iterator[CriterionGrade]:
    """Yield what was chosen, in the rubric's order. What the rubric no longer has is left out: the score stands."""
    own = [question for question in assignment.questions if question.id == question_id] if assignment else []
    picked = dict(choice.partition("=")[::2] for choice in chosen)
    for criterion in (criterion for question in own for criterion in getattr(question, "rubric", ())):
        for level in criterion.scale:
            if picked.get(criterion.id) == level.id:
                yield CriterionGrade(criterion.title, level.title, level.points, criterion.best)


def check_mark(question: Question, score: Fraction) -> Fraction:
    """Return a score that a person may give for a question.

    Raises:
        InputError: it is below 0, or above the question's points.
    """
    if not 0 <= score <= question.points:
        raise InputError(
            f"a mark of {amount(score)} for {question.id!r} is not possible",
            f"the question is worth {amount(question.points)}: give a score from 0 to {amount(question.points)}",
        )
    return score


def score_rubric(question: Question, chosen: Sequence[str]) -> Fraction:
    """Return the points for the levels that a person chose, each as ``CRITERION=LEVEL``: one for every criterion.

    Raises:
        InputError: the question has no rubric, something that is not in it was chosen, or a criterion was left out.
    """
    rubric = question.rubric if isinstance(question, TextQuestion) else ()
    if not rubric:
        raise InputError(f"question {question.id!r} has no rubric", "give a score in its place")
    picked: dict[str, Level] = {}
    for choice in chosen:
        criterion, level = _find_level(question, rubric, choice)
        if criterion.id in picked:
            raise InputError(f"two levels for {criterion.id!r} of question {question.id!r}", "choose one")
        picked[criterion.id] = level
    missing = [criterion for criterion in rubric if criterion.id not in picked]
    if missing:
        names = ", ".join(criterion.id for criterion in missing)
        raise InputError(f"question {question.id!r}: no level for {names}", _how_to_choose(missing[0]))
    return sum((level.points for level in picked.values()), ZERO)


def _find_level(question: Question, rubric: Sequence[Criterion], choice: str) -> tuple[Criterion, Level]:
    name, _, level_id = choice.partition("=")
    criterion = next((criterion for criterion in rubric if criterion.id == name), None)
    if criterion is None:
        known = [criterion.id for criterion in rubric]
        hint = f"the criteria are {', '.join(known)}"
        raise InputError(f"no criterion {name!r} in the rubric of {question.id!r}{suggest(name, known)}", hint)
    level = next((level for level in criterion.scale if level.id == level_id), None)
    if level is None:
        near = suggest(level_id, [level.id for level in criterion.scale])
        raise InputError(f"no level {level_id!r} of {name!r}{near}", _how_to_choose(criterion))
    return criterion, level


def _how_to_choose(criterion: Criterion) -> str:
    return "one of " + ", ".join(f"{criterion.id}={level.id} ({amount(level.points)})" for level in criterion.scale)
