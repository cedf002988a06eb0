"""Assignment → quiz: its questions as a learning management system can ask them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from grader.diagnosis import read_mistake
from grader.fields import amount
from grader.questions import Choice, ChoiceQuestion, CodeQuestion, MultipleChoiceQuestion, NumericQuestion, TextQuestion
from grader.questions import Question as AssignmentQuestion
from grader.quizzes.content import Answer, Bank, Choices, Essay, Note, Notes, Number, Option, Question, Quiz, Texts
from grader.spec import Assignment
from grader.variants import fill_assignment

MAX_INSTANCES = 500
_STUDENT = "instance-{}"  # made up; a variant is drawn from who asks, so the same instances are drawn every time


def make_quiz(
    assignment: Assignment, instances: int = 10, *, code_as_essay: bool = False
) -> tuple[Quiz, tuple[Note, ...]]:
    """Return an assignment's quiz, and what of it has no counterpart.

    A question with variants becomes a bank of at most ``instances`` different ones. Code questions are left out, or
    ask for the code as an essay.

    Raises:
        SpecError: a variant cannot be made.
    """
    notes = Notes()
    told = {mistake.id: "\n\n".join(read_mistake(assignment, mistake)).strip() for mistake in assignment.mistakes}
    drawn = [fill_assignment(assignment, _STUDENT.format(number + 1)) for number in range(instances)]
    entries: list[Question | Bank] = []
    for index, question in enumerate(assignment.questions):
        where = f"{assignment.id}/{question.id}"
        if isinstance(question, CodeQuestion) and not code_as_essay:
            notes.add(where, "left out: a quiz cannot run code; --code-as-essay asks for the code as an essay")
        elif getattr(question, "variants", None) is None:
            entries.append(_convert(assignment, question, told))
        else:
            entries.append(_make_bank(assignment, [filled.questions[index] for filled in drawn], told))
    return Quiz(assignment.id, assignment.title, assignment.summary, tuple(entries), assignment.directory), notes.all


def _make_bank(assignment: Assignment, drawn: list[AssignmentQuestion], told: Mapping[str, str]) -> Bank:
    different: dict[Question, None] = {}
    for question in drawn:
        different.setdefault(_convert(assignment, question, told))
    instances = [
        replace(question, id=f"{question.id}-{number}", title=f"{question.title} ({number})")
        for number, question in enumerate(different, 1)
    ]
    first = drawn[0]
    return Bank(first.id, first.title or first.id, tuple(instances))


def _convert(assignment: Assignment, question: AssignmentQuestion, told: Mapping[str, str]) -> Question:
    why = question.why if isinstance(question, NumericQuestion | TextQuestion) else None
    if isinstance(question, TextQuestion) and not question.accept:
        why = None  # is for whoever grades: an essay's feedback may be shown before that
    return Question(
        id=question.id,
        title=question.title or question.id,
        prompt=question.prompt.strip(),
        points=question.points,
        answer=_answer(question, told),
        feedback=why.strip() if why else None,
        tags=assignment.topics,
    )


def _answer(question: AssignmentQuestion, told: Mapping[str, str]) -> Answer:
    if isinstance(question, ChoiceQuestion):
        return Choices(tuple(_option(choice, told) for choice in question.choices))
    if isinstance(question, MultipleChoiceQuestion):
        options = tuple(_option(choice, told) for choice in question.choices)
        return Choices(options, single=False, all_or_nothing=question.scoring == "all_or_nothing")
    if isinstance(question, NumericQuestion):
        value = _decimal(question.number)
        relative = _decimal(question.relative_tolerance or 0.0) * abs(value)
        return Number(value, max(_decimal(question.tolerance), relative))
    if isinstance(question, CodeQuestion):
        return Essay(starter=question.starter.rstrip())
    if question.accept:
        return Texts(question.accept, question.case_sensitive)
    return Essay(_guide(question))


def _option(choice: Choice, told: Mapping[str, str]) -> Option:
    why = choice.why.strip() if choice.why else told.get(choice.mistake or "")
    return Option(choice.text.strip(), bool(choice.correct), why)


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number))  # as the author wrote it


def _guide(question: TextQuestion) -> str | None:
    """Return what whoever reads the answers needs: what a good one says, and the rubric."""
    parts = [question.why.strip()] if question.why else []
    for criterion in question.rubric:
        levels = "".join(f"\n- {level.title}: {_points(level.points)}" for level in criterion.scale)
        parts.append(f"**{criterion.title}**\n{levels}")
    return "\n\n".join(parts) or None


def _points(points: Fraction) -> str:
    return f"{amount(points)} {'point' if points == 1 else 'points'}"
