"""What can be asked: the kinds of question, with what an answer to each is judged by."""

from __future__ import annotations

import keyword
import re
import sys
from fractions import Fraction
from string import ascii_lowercase
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Strict, ValidationInfo, field_validator, model_validator

from grader.fields import (
    Flag,
    FlagOrFormula,
    Line,
    Model,
    NumberOrFormula,
    Points,
    Prose,
    Slug,
    Tolerance,
    amount,
    repeated,
    unique,
)
from grader.formulas import Formula
from grader.parameters import Variants

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.ASCII)
_MODULE = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
# A student's file of such a name would hide the real module from itself, or be taken for something else.
_TAKEN_MODULES = sys.stdlib_module_names | {"torch", "numpy", "matplotlib", "pytest", "grader", "conftest", "setup"}


def _dotted(text: str) -> str:
    if not _DOTTED.match(text):
        raise ValueError(f"must be a name such as torch.nn.functional.cross_entropy, not {text!r}")
    return text


def _code_file(name: str) -> str:
    stem, dot, suffix = name.partition(".")
    if not (_MODULE.match(stem) and dot + suffix == ".py"):
        raise ValueError(f"must be a file name such as focal_loss.py, not {name!r}")
    if keyword.iskeyword(stem) or stem in _TAKEN_MODULES or stem.startswith("test_"):
        raise ValueError(f"must be another file name: {stem!r} already means something to Python or to pytest")
    return name


class Choice(Model):
    """One possible answer. Only ``text`` is ever in a stub."""

    text: Prose
    """What the student reads. Markdown with $math$."""
    correct: FlagOrFormula = False
    """Whether this is right; in a question with variants it may be a formula, such as a > b."""
    why: Prose | None = None
    """Why it is right or wrong: shown with the grade to whoever picked it."""
    mistake: Slug | None = None
    """The id of the mistake (see ``mistakes``) that picking this shows."""


class Hint(Model):
    """A step of help that a student may ask for; text alone is short for a hint that costs nothing."""

    text: Prose
    """What the student reads. Markdown with $math$."""
    cost: Points = Fraction(0)
    """The points that it takes from what the question earns afterwards."""
    after: Annotated[int, Strict(), Field(ge=0, le=100_000)] = 0
    """How many attempts a student must have handed in before asking for it."""

    @model_validator(mode="before")
    @classmethod
    def _text_is_short_for_it(cls, given: Any) -> Any:
        return {"text": given} if isinstance(given, str) else given


class _Question(Model):
    id: Slug
    """Unique in the assignment; the key in answers.yaml."""
    points: Points
    """What a full answer earns."""
    prompt: Prose
    """What is asked. Markdown with $math$."""
    title: Line | None = None
    """A heading; the id serves where there is none."""
    hints: Annotated[tuple[Hint, ...], Field(max_length=20)] = ()
    """What `grader hint` tells, one step after the other: a nudge first, the idea, the formula."""

    @field_validator("hints")
    @classmethod
    def _hints_cost_no_more_than_there_is(cls, hints: tuple[Hint, ...], info: ValidationInfo) -> tuple[Hint, ...]:
        cost, points = sum((hint.cost for hint in hints), Fraction(0)), info.data.get("points")
        if points is not None and cost > points:
            raise ValueError(f"cost {amount(cost)} together, and the question is worth {amount(points)}")
        return hints


class _WithVariants(_Question):
    variants: Variants | None = None
    """What differs from student to student. Prompt, hints, choices' texts and every why are Jinja2 templates then."""

    @model_validator(mode="before")
    @classmethod
    def _tell_formulas(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("variants") is None:
            return given
        choices = given.get("choices")
        told = {"choices": [_with_formula(choice) for choice in choices]} if isinstance(choices, list) else {}
        return {**_with_formula(given), **told}


def _with_formula(given: Any) -> Any:
    correct = given.get("correct") if isinstance(given, dict) else None
    return {**given, "correct": Formula(correct)} if isinstance(correct, str) and correct.strip() else given


class WithChoices(_WithVariants):
    """A question that is answered by picking."""

    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=len(ascii_lowercase))]
    """The possible answers, in the order in which they are shown."""

    @field_validator("choices")
    @classmethod
    def _texts_differ(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if (twice := repeated(" ".join(choice.text.split()) for choice in choices)) is not None:
            raise ValueError(f"holds {twice!r} twice")
        return choices

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters that name the choices, from a on."""
        return tuple(ascii_lowercase[: len(self.choices)])

    def picked(self, answer: object) -> tuple[Choice, ...]:
        """Return the choices that an answer, a letter or a tuple of letters, picks; none of anything else."""
        letters = answer if isinstance(answer, tuple) else (answer,)
        return tuple(choice for letter, choice in zip(self.letters, self.choices, strict=True) if letter in letters)


def _is_settled(choices: tuple[Choice, ...]) -> bool:
    """Say whether it is the same for every student which choices are right."""
    return not any(isinstance(choice.correct, Formula) for choice in choices)


class ChoiceQuestion(WithChoices):
    """Pick the one right answer."""

    kind: Literal["choice"]

    @field_validator("choices")
    @classmethod
    def _one_is_correct(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if not _is_settled(choices):
            return choices
        count = sum(choice.correct is True for choice in choices)
        if count != 1:
            raise ValueError(f"needs exactly one choice with 'correct: true'; {count or 'none'} has it")
        return choices


class MultipleChoiceQuestion(WithChoices):
    """Pick every right answer."""

    kind: Literal["multiple_choice"]
    scoring: Literal["all_or_nothing", "proportional"] = "all_or_nothing"
    """proportional: right picks earn their share, wrong picks take one away, never below 0."""

    @field_validator("choices")
    @classmethod
    def _some_are_correct(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if _is_settled(choices) and not any(choice.correct for choice in choices):
            raise ValueError("needs at least one choice with 'correct: true'")
        return choices


class NumericQuestion(_WithVariants):
    """Answer with a number."""

    kind: Literal["numeric"]
    correct: NumberOrFormula
    """The right number; in a question with variants it may be a formula, such as log(total) - a."""
    tolerance: Tolerance = 0.0
    """How far off an answer may be."""
    relative_tolerance: Tolerance | None = None
    """How far off an answer may be as a share of the right number; the larger of the two tolerances counts."""
    why: Prose | None = None
    """How to get there: shown with the grade."""

    @property
    def number(self) -> float:
        """The right number, once it is one.

        Raises:
            TypeError: it differs from student to student, and nobody's variant was drawn.
        """
        if isinstance(self.correct, Formula):
            raise TypeError(f"the right answer to {self.id!r} is no number before grader.variants draws one")
        return self.correct

    @model_validator(mode="after")
    def _tolerance_is_given(self) -> NumericQuestion:
        if not {"tolerance", "relative_tolerance"} & self.model_fields_set:
            raise ValueError("needs the key 'tolerance' or 'relative_tolerance': how far off may an answer be?")
        return self


class Level(Model):
    """How well an answer can meet a criterion, and what that earns."""

    id: Slug
    """Unique in the criterion."""
    title: Line
    """What the student reads."""
    points: Points


class Criterion(Model):
    """One thing that a person looks for in an answer: with ``levels``, or with ``points`` for all or nothing."""

    id: Slug
    """Unique in the rubric."""
    title: Line
    """What the student reads."""
    points: Points | None = None
    """What it earns where it is met; short for the two levels met and not-met."""
    levels: Annotated[tuple[Level, ...], Field(min_length=2, max_length=100)] = ()
    """From which a person picks one."""

    @field_validator("levels")
    @classmethod
    def _levels_differ(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        if (twice := repeated(level.id for level in levels)) is not None:
            raise ValueError(f"holds {twice!r} twice")
        return levels

    @model_validator(mode="after")
    def _one_of_two_is_given(self) -> Criterion:
        if (self.points is None) is not bool(self.levels):
            raise ValueError("needs 'levels', or 'points' for all or nothing: one of the two")
        return self

    @property
    def scale(self) -> tuple[Level, ...]:
        """The levels to pick from: those of the author, or the two that ``points`` is short for."""
        if self.points is None:
            return self.levels
        met = Level(id="met", title="Met", points=self.points)
        return (met, Level(id="not-met", title="Not met", points=Fraction(0)))

    @property
    def best(self) -> Fraction:
        """What the best level earns."""
        return max(level.points for level in self.scale)


class TextQuestion(_Question):
    """Answer with words."""

    kind: Literal["text"]
    accept: Annotated[tuple[Prose, ...], AfterValidator(unique)] = ()
    """The answers that are right. Where there are none, a person reads the answer."""
    case_sensitive: Flag = False
    """Whether capitals count."""
    why: Prose | None = None
    """What a good answer says: shown with the grade."""
    rubric: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=100)] = ()
    """What a person looks for in the answer. The best levels add up to the question's points."""

    @field_validator("rubric")
    @classmethod
    def _rubric_fits(cls, rubric: tuple[Criterion, ...], info: ValidationInfo) -> tuple[Criterion, ...]:
        if (twice := repeated(criterion.id for criterion in rubric)) is not None:
            raise ValueError(f"holds {twice!r} twice")
        if info.data.get("accept"):
            raise ValueError("is for answers that a person reads: leave out 'accept', or the rubric")
        best, points = sum((criterion.best for criterion in rubric), Fraction(0)), info.data.get("points")
        if points is not None and best != points:
            raise ValueError(f"adds up to {amount(best)} at best, and the question is worth {amount(points)}")
        return rubric


class CodeQuestion(_Question):
    """Answer with code; its checks are in checks/public and checks/hidden."""

    kind: Literal["code"]
    file: Annotated[str, AfterValidator(_code_file)]
    """The file that the student writes, such as focal_loss.py. Questions may share one."""
    starter: Prose
    """What the file holds at first: imports, signatures, docstrings."""
    forbid: Annotated[tuple[Annotated[str, AfterValidator(_dotted)], ...], AfterValidator(unique)] = ()
    """Dotted names that the file must not use, such as torch.nn.functional.cross_entropy."""
    devices: Annotated[
        tuple[Literal["cpu", "shadow", "cuda"], ...], Field(min_length=1, max_length=3), AfterValidator(unique)
    ] = ("cpu",)
    """Where its checks run. shadow stands in for a GPU everywhere; without CUDA, those of cuda are deferred."""


def list_texts(question: _Question) -> dict[tuple[str | int, ...], str]:
    """Return the Markdown that students come to read of a question, by where it stands in it."""
    texts: dict[tuple[str | int, ...], str | None] = {("prompt",): question.prompt}
    texts |= {("hints", index, "text"): hint.text for index, hint in enumerate(question.hints)}
    for index, choice in enumerate(getattr(question, "choices", ())):
        texts |= {("choices", index, "text"): choice.text, ("choices", index, "why"): choice.why}
    texts[("why",)] = getattr(question, "why", None)
    return {location: text for location, text in texts.items() if text is not None}


QuestionWithVariants = ChoiceQuestion | MultipleChoiceQuestion | NumericQuestion
QuizQuestion = ChoiceQuestion | MultipleChoiceQuestion | NumericQuestion | TextQuestion
Question = Annotated[
    ChoiceQuestion | MultipleChoiceQuestion | NumericQuestion | TextQuestion | CodeQuestion,
    Field(discriminator="kind"),
]
