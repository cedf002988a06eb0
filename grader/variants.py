"""A student's own variant of each question: drawn from who they are, always the same, and different from others'.

``fill_assignment`` is the one way from an assignment as its author wrote it to the one that a student gets. Whatever
shows a quiz question or judges an answer needs what it returns: before, ``Assignment.quiz_questions`` refuses.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from grader.errors import InputError, SpecError
from grader.formulas import FUNCTIONS_FILE, Formula, FormulaError, Function, Value, evaluate, fill, load_functions
from grader.parameters import Variants, make_seed
from grader.spec import (
    Assignment,
    Choice,
    ChoiceQuestion,
    MultipleChoiceQuestion,
    NumericQuestion,
    Question,
    QuestionWithVariants,
)
from grader.yaml_source import Location

_Made = TypeVar("_Made", Choice, ChoiceQuestion, MultipleChoiceQuestion, NumericQuestion)
NOBODY = ""  # no student can have this id: the variant that stands for all, where it is about no student
TRIED = 100
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)?")  # one kind of failure, whatever its figures
_TOO_EXACT = re.compile(r"[0-9]\.[0-9]{11,}")  # 0.30000000000000004


class VariantError(Exception):
    """A question cannot be made for a student: where in it, why, and what was drawn."""

    def __init__(self, location: Location, message: str, drawn: Mapping[str, Value]) -> None:
        super().__init__(message)
        self.location = location
        self.message = message
        self.drawn = drawn

    def __str__(self) -> str:
        return f"{self.message} ({describe(self.drawn)})"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a question for some students: how many of its variants differ, and what went wrong how often."""

    question: str
    students: int
    different: int
    failures: Mapping[str, int]


def describe(drawn: Mapping[str, Value]) -> str:
    """Return the values of a variant in words: ``drawn: a = 1.5, b = [1, 2]``."""
    values = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in drawn.items())
    return f"drawn: {values}"


def fill_assignment(assignment: Assignment, student: str = NOBODY) -> Assignment:
    """Return an assignment with the variants of one student filled in; as it is, where no question has any.

    Raises:
        SpecError: a variant cannot be made; the problems name what was drawn.
        InputError: the author's variants.py fails.
        ValueError: those of another student are filled in already.
    """
    if not assignment.has_variants:
        if assignment.student not in (None, student):
            raise ValueError(f"{assignment.id} is filled in for another student already")
        return assignment
    functions = load_functions(assignment.directory / FUNCTIONS_FILE)
    questions: list[Question] = []
    drawn: dict[str, Mapping[str, Value]] = {}
    found: list[tuple[Location, str]] = []
    for number, question in enumerate(assignment.questions):
        if not isinstance(question, QuestionWithVariants) or question.variants is None:
            questions.append(question)
            continue
        try:
            filled, drawn[question.id] = draw_variant(assignment.id, question, student, functions)
            questions.append(filled)
        except VariantError as error:
            found.append((("questions", number, *error.location), str(error)))
    if found:
        raise SpecError(assignment.problems(found))
    return assignment.model_copy(update={"questions": tuple(questions), "student": student, "drawn": drawn})


def draw_variant(
    assignment_id: str, question: QuestionWithVariants, student: str, functions: Mapping[str, Function]
) -> tuple[QuestionWithVariants, Mapping[str, Value]]:
    """Return a student's variant of a question, which is no template any more, and the values that it was made of.

    Raises:
        VariantError: it cannot be made.
    """
    assert question.variants is not None
    drawn = _draw(assignment_id, question.id, question.variants, student, functions)
    filler = _Filler(drawn, functions)
    given: dict[str, object] = {name: getattr(question, name) for name in question.model_fields_set - {"variants"}}
    given["prompt"] = filler.text(question.prompt, ("prompt",))
    if isinstance(question, NumericQuestion):
        given["correct"] = filler.correct(question.correct, ("correct",))
        if question.why is not None:
            given["why"] = filler.text(question.why, ("why",))
    else:
        given["choices"] = [filler.choice(choice, ("choices", index)) for index, choice in enumerate(question.choices)]
    filled = filler.make(type(question), given, ())
    return filled, drawn


def _draw(
    assignment_id: str, question_id: str, variants: Variants, student: str, functions: Mapping[str, Function]
) -> Mapping[str, Value]:
    values: dict[str, Value] = {}
    for name, draw in variants.draw.items():
        values[name] = draw.draw(make_seed(assignment_id, question_id, student, name))
    for name, formula in variants.compute.items():
        try:
            values[name] = evaluate(formula.text, values, functions)
        except FormulaError as error:
            raise VariantError(("variants", "compute", name), f"{name!r} {error.message}", values) from None
    return values


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills the parts of one question in."""

    drawn: Mapping[str, Value]
    functions: Mapping[str, Function]

    def text(self, template: str, location: Location) -> str:
        try:
            return fill(template, self.drawn)
        except FormulaError as error:
            raise VariantError(location, f"{location[-1]!r} {error.message}", self.drawn) from None

    def correct(self, given: float | Formula, location: Location) -> Value:
        if not isinstance(given, Formula):
            return given
        try:
            return evaluate(given.text, self.drawn, self.functions)
        except FormulaError as error:
            raise VariantError(location, f"{location[-1]!r} {error.message}", self.drawn) from None

    def choice(self, choice: Choice, location: Location) -> Choice:
        given: dict[str, object] = {"text": self.text(choice.text, (*location, "text")), "mistake": choice.mistake}
        given["correct"] = self.correct(choice.correct, (*location, "correct"))
        given["why"] = None if choice.why is None else self.text(choice.why, (*location, "why"))
        return self.make(Choice, given, location)

    def make(self, model: type[_Made], given: object, at: Location) -> _Made:
        try:
            return model.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise VariantError((*at, *first["loc"]), _say(first), self.drawn) from None


def _say(details: ErrorDetails) -> str:
    """Return what pydantic finds wrong with a question that was filled in."""
    said = str(details["ctx"]["error"]) if details["type"] == "value_error" else details["msg"].lower()
    return f"{details['loc'][-1]!r} {said}" if details["loc"] else said


def try_variants(assignment: Assignment, students: Iterable[str] | None = None) -> tuple[Tried, ...]:
    """Make the variants of many students, and return what came of each question that has some.

    Raises:
        InputError: the author's variants.py fails.
    """
    students = tuple(students or (f"student-{number:03}" for number in range(1, TRIED + 1)))
    if not assignment.has_variants:
        return ()
    path = assignment.directory / FUNCTIONS_FILE
    functions, again = load_functions(path), load_functions(path)
    return tuple(
        _try_question(assignment.id, question, students, functions, again)
        for question in assignment.questions
        if isinstance(question, QuestionWithVariants) and question.variants is not None
    )


def _try_question(
    assignment_id: str,
    question: QuestionWithVariants,
    students: Sequence[str],
    functions: Mapping[str, Function],
    again: Mapping[str, Function],
) -> Tried:
    """``again`` are the same functions, loaded a second time: what they give must not depend on earlier calls."""
    seen: set[str] = set()
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for student in students:
        try:
            filled, drawn = draw_variant(assignment_id, question, student, functions)
            seen.add(filled.model_dump_json(exclude={"points"}))
            faults = [*_oddities(filled)]
            if draw_variant(assignment_id, question, student, again)[0] != filled:
                faults.append("a student does not get the same variant twice")
            found = [(fault, f"{fault} ({describe(drawn)})") for fault in faults]
        except VariantError as error:
            found = [(error.message, str(error))]
        for kind, message in found:
            counts[first.setdefault(_NUMBERS.sub("0", kind), message)] += 1
    return Tried(question.id, len(students), len(seen), dict(counts))


def _oddities(question: QuestionWithVariants) -> Iterator[str]:
    """Yield what can be shown, and is still not as it should be."""
    texts = [question.prompt]
    texts += [] if isinstance(question, NumericQuestion) else [choice.text for choice in question.choices]
    for text in texts:
        if match := _TOO_EXACT.search(text):
            yield f"a student reads {match.group()}: round it"
