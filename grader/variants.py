"""A student's own variant of each question: drawn from who they are, so it is always the same, and unlike others'.

``fill_assignment`` is the one way from an assignment as its author wrote it to the one that a student gets. Whatever
shows a quiz question or judges an answer needs what it returns: before, ``Assignment.quiz_questions`` refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from grader.errors import Problem, SpecError
from grader.formulas import Formula, FormulaError, Value, evaluate, fill_template
from grader.parameters import Variants, make_seed
from grader.questions import Choice, NumericQuestion, Question, QuestionWithVariants, list_texts
from grader.spec import Assignment
from grader.yaml_source import Location

NOBODY = ""  # no student can have this id: the variant that stands for all, where it is about no student
TRIED = 100
_TOO_EXACT = re.compile(r"[0-9]\.[0-9]{11,}")  # 0.30000000000000004
_Made = TypeVar("_Made", bound=BaseModel)


class VariantError(Exception):
    """A question cannot be made for a student: where in it, and why; the message ends with what was drawn."""

    def __init__(self, location: Location, message: str, drawn: Mapping[str, Value]) -> None:
        values = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in drawn.items())
        super().__init__(f"{message} (drawn: {values})")
        self.location = location


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a question for TRIED students: how many variants differ; what failed, and for how many."""

    question: str
    different: int
    failures: tuple[tuple[Problem, int], ...]


def fill_assignment(assignment: Assignment, student: str = NOBODY) -> Assignment:
    """Return an assignment with one student's variants filled in; as it is, where no question has any.

    Raises:
        SpecError: a variant cannot be made; the problems name what was drawn.
        ValueError: those of another student are filled in already.
    """
    if not assignment.has_variants:
        if assignment.student not in (None, student):
            raise ValueError(f"{assignment.id} is filled in for another student already")
        return assignment
    questions: list[Question] = []
    drawn: dict[str, Mapping[str, Value]] = {}
    found: list[tuple[Location, str]] = []
    for number, question in enumerate(assignment.questions):
        if not isinstance(question, QuestionWithVariants) or question.variants is None:
            questions.append(question)
            continue
        try:
            filled, drawn[question.id] = draw_variant(assignment.id, question, student)
            questions.append(filled)
        except VariantError as error:
            found.append((("questions", number, *error.location), str(error)))
    if found:
        raise SpecError(assignment.problems(found))
    return assignment.model_copy(update={"questions": tuple(questions), "student": student, "drawn": drawn})


def draw_variant(
    assignment_id: str, question: QuestionWithVariants, student: str
) -> tuple[QuestionWithVariants, Mapping[str, Value]]:
    """Return a student's variant of a question, which is no template any more, and the values that it was made of.

    Raises:
        VariantError: it cannot be made.
    """
    assert question.variants is not None
    drawn = _draw(assignment_id, question.id, question.variants, student)
    given: dict[str, object] = {name: getattr(question, name) for name in question.model_fields_set - {"variants"}}
    given["prompt"] = _fill(question.prompt, ("prompt",), drawn)
    given["hints"] = [
        hint.model_copy(update={"text": _fill(hint.text, ("hints", index, "text"), drawn)})
        for index, hint in enumerate(question.hints)
    ]
    if isinstance(question, NumericQuestion):
        given |= {name: _fill(getattr(question, name), (name,), drawn) for name in ("correct", "why")}
    else:
        given["choices"] = [
            _make_choice(choice, ("choices", index), drawn) for index, choice in enumerate(question.choices)
        ]
    return _make(type(question), given, (), drawn), drawn


def _draw(assignment_id: str, question_id: str, variants: Variants, student: str) -> Mapping[str, Value]:
    values: dict[str, Value] = {}
    for name, draw in variants.draw.items():
        values[name] = draw.draw(make_seed(assignment_id, question_id, student, name))
    for name, formula in variants.compute.items():
        values[name] = _compute(formula, ("variants", "compute", name), values)
    return values


def _compute(formula: Formula, location: Location, drawn: Mapping[str, Value]) -> Value:
    try:
        return evaluate(formula, drawn)
    except FormulaError as error:
        raise VariantError(location, f"{location[-1]!r} {error}", drawn) from None


def _fill(given: object, location: Location, drawn: Mapping[str, Value]) -> object:
    """Return a template or a formula filled in, and anything else as it is."""
    if isinstance(given, Formula):
        return _compute(given, location, drawn)
    if not isinstance(given, str):
        return given
    try:
        return fill_template(given, drawn)
    except FormulaError as error:
        raise VariantError(location, f"{location[-1]!r} {error}", drawn) from None


def _make_choice(choice: Choice, location: Location, drawn: Mapping[str, Value]) -> Choice:
    given = {name: _fill(getattr(choice, name), (*location, name), drawn) for name in ("text", "correct", "why")}
    return _make(Choice, {**given, "mistake": choice.mistake}, location, drawn)


def _make(model: type[_Made], given: Mapping[str, object], location: Location, drawn: Mapping[str, Value]) -> _Made:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        said = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"].lower()
        where: Location = (*location, *first["loc"])
        raise VariantError(where, f"{where[-1]!r} {said}" if where else said, drawn) from None


def try_variants(assignment: Assignment) -> Iterator[Tried]:
    """Make the variants of TRIED students, and yield what came of each question that has some."""
    for number, question in enumerate(assignment.questions):
        if not isinstance(question, QuestionWithVariants) or question.variants is None:
            continue
        seen = set()
        failed: dict[Location, tuple[str, int]] = {}  # the first failure at each place, and how many
        for student in range(1, TRIED + 1):
            try:
                filled, drawn = draw_variant(assignment.id, question, f"student-{student}")
                seen.add(filled.model_dump_json(exclude={"points"}))
                _refuse_odd_numbers(filled, drawn)
            except VariantError as error:
                location = ("questions", number, *error.location)
                message, count = failed.get(location, (str(error), 0))
                failed[location] = message, count + 1
        problems = assignment.problems((location, message) for location, (message, _) in failed.items())
        counts = (count for _, count in failed.values())
        yield Tried(question.id, len(seen), tuple(zip(problems, counts, strict=True)))


def _refuse_odd_numbers(question: QuestionWithVariants, drawn: Mapping[str, Value]) -> None:
    """Refuse figures that no author means to show, and that another machine may round in another way."""
    for location, text in list_texts(question).items():
        if match := _TOO_EXACT.search(text):
            raise VariantError(location, f"{location[-1]!r} shows {match.group()}: round it", drawn)
