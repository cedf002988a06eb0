"""assignment.yaml and course.yaml: what is asked, what it is worth, and by which limits it is judged.

Files are read by ``load_assignment`` and ``load_course``. Whatever is wrong in them is reported as
``path:line:column: message``, every problem at once, in words that an author can act on.
"""

from __future__ import annotations

import ast
import hashlib
import json
import keyword
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path, PurePosixPath
from string import ascii_lowercase
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from yaml.reader import Reader

from grader.errors import InputError, Problem, SpecError, reason_of, suggest
from grader.formulas import Formula
from grader.parameters import Variants, find_faults
from grader.policy import DueDate, Policy, Zone, find_fault, merge
from grader.validation import kind_of, validate
from grader.yaml_source import Document, Location, parse_bytes, read

FIGURES = "figures"  # a folder of pictures of what a right solution draws, CHECK.png
ASSIGNMENT_FILE = "assignment.yaml"
COURSE_FILE = "course.yaml"
FORMAT = 1
_TERMS = frozenset({"due", "policy", "groups"})  # keys on which no check's outcome depends

MAX_POINTS = 100_000
_POINTS_DENOMINATOR = 1_000_000  # at most six decimals
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.ASCII)
_MODULE = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
# A student's file of such a name would hide the real module from itself, or be taken for something else.
# What a submission offers to checks besides what a student defines.
_TAKEN_NAMES = frozenset({"cost", "handle_number", "handle_figure"})
_TAKEN_MODULES = sys.stdlib_module_names | {"torch", "numpy", "matplotlib", "pytest", "grader", "conftest", "setup"}


def exact(number: object) -> Fraction:
    """Return a number of points as the author wrote it: 0.1 is 1/10, not the nearest binary fraction.

    Raises:
        ValueError: it is not a number from 0 to MAX_POINTS with at most six decimals. The message is a predicate.
    """
    if isinstance(number, bool) or not isinstance(number, (int, float, Decimal, Fraction)):
        raise ValueError(f"must be a number, not {kind_of(number)}")
    try:
        points = Fraction(Decimal(repr(number))) if isinstance(number, float) else Fraction(number)
    except (ValueError, OverflowError):
        raise ValueError("must be a finite number") from None
    if not 0 <= points <= MAX_POINTS:
        given = f", not {number}" if abs(points) < 10**20 else ""  # Python refuses to write out very long numbers
        raise ValueError(f"must be from 0 to {MAX_POINTS}{given}")
    if isinstance(number, (float, Decimal)) and points.denominator > _POINTS_DENOMINATOR:
        raise ValueError("must have at most six decimals")
    return points


def amount(points: Fraction) -> str:
    """Return points as people write them: 2, 0.5; 1/3 where the decimals do not end."""
    if points.denominator == 1:
        return str(points.numerator)
    decimal = Decimal(points.numerator) / Decimal(points.denominator)
    return f"{decimal:f}" if Fraction(decimal) == points else f"{points.numerator}/{points.denominator}"


def prose(text: str) -> str:
    """Return text that people can read.

    Raises:
        ValueError: it is empty, or holds control characters. The message is a predicate.
    """
    if not text.strip():
        raise ValueError("must not be empty")
    if bad := Reader.NON_PRINTABLE.search(text):
        raise ValueError(f"holds the control character U+{ord(bad.group()):04X}")
    return text


def _one_line(text: str) -> str:
    if len(prose(text).strip().splitlines()) > 1:
        raise ValueError("must be one line")
    return text.strip()


def parse_slug(text: str) -> str:
    """Return an id; raises ValueError for what is none."""
    if not _SLUG.match(text):
        raise ValueError(f"must be lower-case words joined by hyphens, such as 'focal-loss', not {text!r}")
    return text


def _dotted(text: str) -> str:
    if not _DOTTED.match(text):
        raise ValueError(f"must be a name such as torch.nn.functional.cross_entropy, not {text!r}")
    return text


def _check_name(text: str) -> str:
    if not (_MODULE.match(text) and text.startswith("test")):
        raise ValueError(f"must be the name of a check function, such as test_value, not {text!r}")
    return text


def _code_file(name: str) -> str:
    stem, dot, suffix = name.partition(".")
    if not (_MODULE.match(stem) and dot + suffix == ".py"):
        raise ValueError(f"must be a file name such as focal_loss.py, not {name!r}")
    if keyword.iskeyword(stem) or stem in _TAKEN_MODULES or stem.startswith("test_"):
        raise ValueError(f"must be another file name: {stem!r} already means something to Python or to pytest")
    return name


def _mistake_file(name: str) -> str:
    path = PurePosixPath(name)
    inside = len(path.parts) > 1 and path.parts[0] == "mistakes" and ".." not in path.parts
    if not inside or path.suffix != ".py" or path.as_posix() != name:
        raise ValueError(f"must be a Python file in mistakes/, such as mistakes/double_softmax.py, not {name!r}")
    return name


def _finite(number: float) -> float:
    if not abs(number) < float("inf"):
        raise ValueError("must be a finite number")
    return number


def _number(given: object) -> float | Formula:
    if isinstance(given, Formula):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError(f"must be a number, not {kind_of(given)}")
    try:
        return _finite(float(given))
    except OverflowError:
        raise ValueError("must be a finite number") from None


def _flag(given: object) -> bool | Formula:
    if not isinstance(given, bool | Formula):
        raise ValueError(f"must be true or false, not {kind_of(given)}")
    return given


_Value = TypeVar("_Value")


def _repeated(values: Iterable[_Value]) -> _Value | None:
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    if (twice := _repeated(values)) is not None:
        raise ValueError(f"holds {twice!r} twice")
    return values


Points = Annotated[
    Fraction, PlainValidator(exact), WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_POINTS})
]
Prose = Annotated[str, Field(min_length=1), AfterValidator(prose)]
Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_one_line)]
Slug = Annotated[
    str, Field(max_length=64, json_schema_extra={"pattern": f"^{_SLUG.pattern[:-2]}$"}), AfterValidator(parse_slug)
]
Tolerance = Annotated[float, Strict(), Field(ge=0), AfterValidator(_finite)]
Flag = Annotated[bool, Strict()]
# In a question with variants text stands for a formula; elsewhere it never gets this far.
FlagOrFormula = Annotated[
    bool | Formula, PlainValidator(_flag), WithJsonSchema({"type": ["boolean", "string"], "minLength": 1})
]
NumberOrFormula = Annotated[
    float | Formula, PlainValidator(_number), WithJsonSchema({"type": ["number", "string"], "minLength": 1})
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Limits(_Model):
    """What a submission may use. Beyond it, the checks that were not decided earn nothing."""

    seconds: Annotated[float, Strict(), Field(gt=0, le=3600)] = 20
    """Seconds for all checks of a submission together."""
    check_seconds: Annotated[float, Strict(), Field(gt=0, le=3600)] = 5
    """Seconds for one check."""
    memory_mb: Annotated[int, Strict(), Field(ge=256, le=1_048_576)] = 2048
    """Megabytes of memory for the student's process, torch included."""


class Choice(_Model):
    """One possible answer. Only ``text`` is ever in a stub."""

    text: Prose
    """What the student reads. Markdown with $math$."""
    correct: FlagOrFormula = False
    """Whether this is right; in a question with variants it may be a formula, such as a > b."""
    why: Prose | None = None
    """Why it is right or wrong: shown with the grade to whoever picked it."""
    mistake: Slug | None = None
    """The id of the mistake (see ``mistakes``) that picking this shows."""


class Hint(_Model):
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


class _Question(_Model):
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


class _WithChoices(_WithVariants):
    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=len(ascii_lowercase))]
    """The possible answers, in the order in which they are shown."""

    @field_validator("choices")
    @classmethod
    def _texts_differ(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if (twice := _repeated(" ".join(choice.text.split()) for choice in choices)) is not None:
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


class ChoiceQuestion(_WithChoices):
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


class MultipleChoiceQuestion(_WithChoices):
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


class Level(_Model):
    """How well an answer can meet a criterion, and what that earns."""

    id: Slug
    """Unique in the criterion."""
    title: Line
    """What the student reads."""
    points: Points


class Criterion(_Model):
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
        if (twice := _repeated(level.id for level in levels)) is not None:
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
    accept: Annotated[tuple[Prose, ...], AfterValidator(_unique)] = ()
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
        if (twice := _repeated(criterion.id for criterion in rubric)) is not None:
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
    forbid: Annotated[tuple[Annotated[str, AfterValidator(_dotted)], ...], AfterValidator(_unique)] = ()
    """Dotted names that the file must not use, such as torch.nn.functional.cross_entropy."""
    devices: Annotated[
        tuple[Literal["cpu", "shadow", "cuda"], ...], Field(min_length=1, max_length=3), AfterValidator(_unique)
    ] = ("cpu",)
    """Where its checks run. shadow stands in for a GPU everywhere; without CUDA, those of cuda are deferred."""


QuestionWithVariants = ChoiceQuestion | MultipleChoiceQuestion | NumericQuestion
QuizQuestion = ChoiceQuestion | MultipleChoiceQuestion | NumericQuestion | TextQuestion
Question = Annotated[
    ChoiceQuestion | MultipleChoiceQuestion | NumericQuestion | TextQuestion | CodeQuestion,
    Field(discriminator="kind"),
]


class Mistake(_Model):
    """A known wrong answer. Its file's docstring is what the student is told."""

    id: Slug
    """Unique in the assignment."""
    file: Annotated[str, AfterValidator(_mistake_file)]
    """Where it is, such as mistakes/double_softmax.py."""
    caught_by: Annotated[tuple[Annotated[str, AfterValidator(_check_name)], ...], AfterValidator(_unique)] = ()
    """The checks that must fail on it. Only a mistake that a choice shows may do without."""


class EquivalentMutant(_Model):
    """A change to the reference solution after which it computes the same: no check can notice it."""

    id: Annotated[str, Field(min_length=1, max_length=1000)]
    """As ``grader verify`` names it."""
    reason: Prose
    """Why it computes the same."""


class AssignmentFile(_Model):
    """What assignment.yaml holds."""

    format: Literal[1]
    """The version of this format."""
    id: Slug
    """The name of the assignment, and of its folder."""
    title: Line
    summary: Prose
    """A sentence or two for the list of assignments."""
    topics: Annotated[tuple[Line, ...], AfterValidator(_unique)] = ()
    limits: Limits = Limits()
    due: DueDate | None = None
    """When it is due: 2026-11-30T18:00+01:00, or without a zone where course.yaml has a time_zone; a date: its end."""
    policy: Policy | None = None
    """What is not as in the course's policy."""
    groups: Flag = False
    """Whether a submission counts for all of the student's group, as the roster has it."""
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    mistakes: tuple[Mistake, ...] = ()
    equivalent_mutants: tuple[EquivalentMutant, ...] = ()
    """Mutants that ``grader verify`` need not see caught."""


class Assignment(AssignmentFile):
    """An assignment: what assignment.yaml holds, and the folder that it stands in.

    Where questions have variants it is a template: ``grader.variants.fill_assignment`` makes one student's of it.
    """

    directory: Path
    student: str | None = None
    """Whose variants were filled in; None before that, and where there are none."""
    drawn: Mapping[str, Mapping[str, Any]] = {}
    """Question → what its variant was made of: the values that were drawn and computed."""

    @property
    def points(self) -> Fraction:
        """What all questions together are worth."""
        return sum((question.points for question in self.questions), Fraction(0))

    @property
    def code_questions(self) -> tuple[CodeQuestion, ...]:
        """The questions that are answered with code."""
        return tuple(question for question in self.questions if isinstance(question, CodeQuestion))

    @property
    def quiz_questions(self) -> tuple[QuizQuestion, ...]:
        """The questions that are answered in answers.yaml.

        Raises:
            TypeError: they differ from student to student, and nobody's were filled in: then no question can be
                shown, and no answer judged. ``grader.variants.fill_assignment`` does it.
        """
        if self.has_variants:
            raise TypeError(
                f"{self.id} has variants: grader.variants.fill_assignment makes a student's questions first"
            )
        return tuple(question for question in self.questions if not isinstance(question, CodeQuestion))

    @property
    def has_quiz(self) -> bool:
        """Is anything to be answered in answers.yaml?"""
        return any(not isinstance(question, CodeQuestion) for question in self.questions)

    @property
    def has_variants(self) -> bool:
        """Are there questions that differ from student to student, and are not filled in yet?"""
        return any(getattr(question, "variants", None) is not None for question in self.questions)

    def question(self, question_id: str) -> Question:
        """Return a question by its id.

        Raises:
            InputError: there is none.
        """
        for question in self.questions:
            if question.id == question_id:
                return question
        near = suggest(question_id, (question.id for question in self.questions))
        raise InputError(f"no question {question_id!r} in assignment {self.id!r}{near}")

    def problems(self, found: Iterable[tuple[Location, str]]) -> list[Problem]:
        """Return problems with values of assignment.yaml: each a location such as ("questions", 0), and a message."""
        path = self.directory / ASSIGNMENT_FILE
        try:
            document = read(path)
        except InputError:  # not loaded from a file, or no longer there
            return [Problem(path, 1, 1, message) for _, message in found]
        return [document.problem(location, message) for location, message in found]

    @cached_property
    def digest(self) -> str:
        """``"sha256:…"`` over the names and bytes of every file of the folder, caches and dot files left out.

        Of assignment.yaml the values count, and not what no check's outcome depends on: when it is due, by which
        policy, and for whom a submission counts; nor do the figures to compare with. Computed once, when it is first
        asked for.

        Raises:
            InputError: a file cannot be read.
        """
        digest = hashlib.sha256()
        try:
            for name, path in sorted(list_files(self.directory)):
                if name.startswith(f"{FIGURES}/"):
                    continue
                for part in (name.encode(), _content_for_checks(name, path)):
                    digest.update(len(part).to_bytes(8, "big") + part)
        except OSError as error:
            reason = reason_of(error)
            raise InputError(f"{error.filename or self.directory}: cannot be read: {reason}") from None
        return f"sha256:{digest.hexdigest()}"


class CourseFile(_Model):
    """What course.yaml holds."""

    title: Line
    assignments: Annotated[tuple[Slug, ...], Field(min_length=1), AfterValidator(_unique)]
    """The folders of the assignments, in the order in which they are listed."""
    time_zone: Zone | None = None
    """The zone of due dates that name none, such as Europe/Berlin."""
    policy: Policy | None = None
    """The rules for handing in; an assignment's own ``policy`` replaces single keys."""


class Course(CourseFile):
    """A course: an ordered list of assignments in a folder."""

    directory: Path

    def due_of(self, assignment: Assignment) -> datetime | None:
        """Return when an assignment is due, with its zone; None where it never is.

        Raises:
            SpecError: its due date needs a time zone, and neither it nor the course has one.
        """
        if assignment.due is None:
            return None
        try:
            return assignment.due.resolve(self.time_zone)
        except ValueError:
            message = (
                f"'due' needs a time zone: write +01:00 behind the time, or 'time_zone: Europe/Berlin' in {COURSE_FILE}"
            )
            raise SpecError(assignment.problems([(("due",), message)])) from None

    def policy_of(self, assignment: Assignment) -> Policy:
        """Return the rules for handing in an assignment: the course's, and its own keys in place of those.

        Raises:
            SpecError: together they contradict themselves.
        """
        policy = merge(self.policy, assignment.policy)
        if fault := find_fault(policy.late):
            message = f"with what {COURSE_FILE} says, 'late' {fault}"
            raise SpecError(assignment.problems([(("policy", "late"), message)]))
        return policy

    def load(self, assignment_id: str) -> Assignment:
        """Load one assignment.

        Raises:
            InputError: the course has no such assignment.
            SpecError: its assignment.yaml is wrong, or does not go with the course's.
        """
        if assignment_id not in self.assignments:
            near = suggest(assignment_id, self.assignments)
            raise InputError(f"no assignment {assignment_id!r}{near}", "`grader list` shows the assignments")
        assignment = load_assignment(self.directory / assignment_id)
        self.due_of(assignment)
        self.policy_of(assignment)
        return assignment


def load_course(directory: Path, planned: str | None = None) -> Course:
    """Read ``course.yaml`` of a folder. The assignments themselves are not read, and ``planned`` need not be there.

    Raises:
        InputError: there is no course in the folder.
        SpecError: with every problem of the file.
    """
    document = _read_from(directory, COURSE_FILE, "course")
    course = validate(CourseFile, document, "the course")
    known = sorted(path.parent.name for path in directory.glob(f"*/{ASSIGNMENT_FILE}"))
    problems = [
        document.problem(("assignments", index), f"there is no {name}/{ASSIGNMENT_FILE}{suggest(name, known)}")
        for index, name in enumerate(course.assignments)
        if name not in (*known, planned)
    ]
    if problems:
        raise SpecError(problems)
    return Course(directory=directory, **dict(course))


def load_assignment(directory: Path) -> Assignment:
    """Read ``assignment.yaml`` of a folder, and compare it with the folder.

    Raises:
        InputError: there is no assignment in the folder.
        SpecError: with every problem of the file.
    """
    document = _read_from(directory, ASSIGNMENT_FILE, "assignment")
    assignment = Assignment(directory=directory, **dict(validate(AssignmentFile, document, "the assignment")))
    if problems := list(_inconsistencies(assignment, document)):
        raise SpecError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return assignment


def assignment_schema() -> dict[str, Any]:
    """Return the JSON Schema of assignment.yaml, for editors."""
    schema = AssignmentFile.model_json_schema()
    schema["title"] = "assignment.yaml of grader"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def write_schema(path: Path) -> None:
    """Write the JSON Schema of assignment.yaml to a file; docs/assignment.schema.json is made by this."""
    path.write_text(json.dumps(assignment_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def parse_python(source: str | bytes) -> ast.Module:
    """Parse Python source that nobody vouches for, without a warning on odd escapes.

    Raises:
        SyntaxError: it is not Python, or nested too deeply to be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error) or "nested too deeply") from None


def _read_from(directory: Path, name: str, what: str) -> Document:
    if not directory.is_dir():
        raise InputError(f"{directory}: there is no such folder")
    if not (directory / name).exists():
        raise InputError(f"{directory}: there is no {name} in this folder", f"give the folder of a {what}")
    return read(directory / name)


def list_files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files that make an assignment, by name and path: all but caches and dot files."""
    for path in directory.rglob("*"):
        parts = path.relative_to(directory).parts
        if not any(part.startswith(".") or part == "__pycache__" for part in parts) and path.is_file():
            yield "/".join(parts), path


def _content_for_checks(name: str, path: Path) -> bytes:
    content = path.read_bytes()
    if name != ASSIGNMENT_FILE:
        return content
    try:
        values = parse_bytes(content, path).value
    except SpecError:  # spoilt since it was loaded
        return content
    if not isinstance(values, dict):
        return content
    return json.dumps({key: value for key, value in values.items() if key not in _TERMS}).encode()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # its name is too long, say
        return False


def _inconsistencies(assignment: Assignment, document: Document) -> Iterator[Problem]:
    """Yield what no single question can know to be wrong."""
    folder = assignment.directory.resolve().name
    if folder != assignment.id:
        yield document.problem(("id",), f"the id {assignment.id!r} must be the name of the folder, {folder!r}")
    yield from _repeated_ids("questions", assignment.questions, document)
    yield from _repeated_ids("mistakes", assignment.mistakes, document)
    yield from _repeated_ids("equivalent_mutants", assignment.equivalent_mutants, document)
    shown = {choice.mistake for question in assignment.questions for choice in getattr(question, "choices", ())}
    files = [f"mistakes/{path.name}" for path in assignment.directory.glob("mistakes/*.py")]
    for index, mistake in enumerate(assignment.mistakes):
        if not _is_file(assignment.directory / mistake.file):
            near = suggest(mistake.file, files)
            yield document.problem(("mistakes", index, "file"), f"there is no file {mistake.file!r}{near}")
        if not mistake.caught_by and mistake.id not in shown:
            message = f"mistake {mistake.id!r} is of no use: no check is in 'caught_by', and no choice names it"
            yield document.problem(("mistakes", index), message)
    for number, question in enumerate(assignment.questions):
        if isinstance(question, CodeQuestion):
            yield from _broken_starter(question, ("questions", number, "starter"), document)
        elif isinstance(question, _WithChoices):
            yield from _unknown_mistakes(assignment, question, ("questions", number, "choices"), document)
        if isinstance(question, QuestionWithVariants) and question.variants is not None:
            at = ("questions", number)
            yield from find_faults(question.variants, _filled_texts(question, at), (*at, "variants"), document)


def _filled_texts(question: QuestionWithVariants, at: Location) -> Mapping[Location, str | Formula]:
    """Return what of a question differs from student to student, by where it stands."""
    texts: dict[Location, object] = {(*at, "prompt"): question.prompt}
    texts |= {(*at, "hints", index, "text"): hint.text for index, hint in enumerate(question.hints)}
    if isinstance(question, NumericQuestion):
        texts |= {(*at, "correct"): question.correct, (*at, "why"): question.why}
    else:
        for index, choice in enumerate(question.choices):
            texts |= {(*at, "choices", index, key): getattr(choice, key) for key in ("text", "correct", "why")}
    return {location: text for location, text in texts.items() if isinstance(text, str | Formula)}


def _repeated_ids(
    key: str, entries: Iterable[Question | Mistake | EquivalentMutant], document: Document
) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        line = document.locate((key, index, "id"))[0]
        if entry.id in first:
            message = f"the id {entry.id!r} is taken: it is on line {first[entry.id]} already"
            yield document.problem((key, index, "id"), message)
        first.setdefault(entry.id, line)


def _broken_starter(question: CodeQuestion, location: Location, document: Document) -> Iterator[Problem]:
    try:
        tree = parse_python(question.starter)
    except SyntaxError as error:
        yield document.problem(location, f"'starter' is not Python: {error.msg} (line {error.lineno or 1} of it)")
        return
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, defined) and node.name in _TAKEN_NAMES:
            message = (
                f"'starter' must call {node.name} something else: checks mean another thing by submission.{node.name}"
            )
            yield document.problem(location, message)


def _unknown_mistakes(
    assignment: Assignment, question: _WithChoices, location: Location, document: Document
) -> Iterator[Problem]:
    known = [mistake.id for mistake in assignment.mistakes]
    for index, choice in enumerate(question.choices):
        if choice.mistake is not None and choice.mistake not in known:
            message = f"no mistake {choice.mistake!r} under 'mistakes'{suggest(choice.mistake, known)}"
            yield document.problem((*location, index, "mistake"), message)
