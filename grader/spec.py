"""assignment.yaml and course.yaml: what is asked, what it is worth, and by which limits it is judged.

Files are read by ``load_assignment`` and ``load_course``. Whatever is wrong in them is reported as
``path:line:column: message``, every problem at once, in words that an author can act on.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Strict

from grader.errors import InputError, Problem, SpecError, reason_of, suggest
from grader.fields import Flag, Line, Model, Prose, Slug, unique
from grader.formulas import Formula
from grader.language import ENGLISH, OWN_CATALOGS, _, list_languages
from grader.parameters import find_faults
from grader.policy import DueDate, Policy, Zone, find_fault, merge
from grader.questions import (
    CodeQuestion,
    NumericQuestion,
    Question,
    QuestionWithVariants,
    QuizQuestion,
    WithChoices,
    list_texts,
)
from grader.validation import validate
from grader.yaml_source import Document, Location, parse_bytes, read

FIGURES = "figures"  # a folder of pictures of what a right solution draws, CHECK.png
ASSIGNMENT_FILE = "assignment.yaml"
COURSE_FILE = "course.yaml"
FORMAT = 1
MOST_NAMED = 12  # assignments in a message
_TERMS = frozenset({"due", "policy", "groups"})  # keys on which no check's outcome depends
_MODULE = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
# What a submission offers to checks besides what a student defines.
_TAKEN_NAMES = frozenset({"cost", "handle_number", "handle_figure"})


def _check_name(text: str) -> str:
    if not (_MODULE.match(text) and text.startswith("test")):
        raise ValueError(f"must be the name of a check function, such as test_value, not {text!r}")
    return text


def _mistake_file(name: str) -> str:
    path = PurePosixPath(name)
    inside = len(path.parts) > 1 and path.parts[0] == "mistakes" and ".." not in path.parts
    if not inside or path.suffix != ".py" or path.as_posix() != name:
        raise ValueError(f"must be a Python file in mistakes/, such as mistakes/double_softmax.py, not {name!r}")
    return name


def _check_language(text: str) -> str:
    known = list_languages(os.environ.get(OWN_CATALOGS))
    if text not in known:
        raise ValueError(f"there are no messages in {text!r}; there are some in {', '.join(known)}")
    return text


class Limits(Model):
    """What a submission may use. Beyond it, the checks that were not decided earn nothing."""

    seconds: Annotated[float, Strict(), Field(gt=0, le=3600)] = 20
    """Seconds for all checks of a submission together."""
    check_seconds: Annotated[float, Strict(), Field(gt=0, le=3600)] = 5
    """Seconds for one check."""
    memory_mb: Annotated[int, Strict(), Field(ge=256, le=1_048_576)] = 2048
    """Megabytes of memory for the student's process, torch included."""


class Mistake(Model):
    """A known wrong answer. Its file's docstring is what the student is told."""

    id: Slug
    """Unique in the assignment."""
    file: Annotated[str, AfterValidator(_mistake_file)]
    """Where it is, such as mistakes/double_softmax.py."""
    caught_by: Annotated[tuple[Annotated[str, AfterValidator(_check_name)], ...], AfterValidator(unique)] = ()
    """The checks that must fail on it. Only a mistake that a choice shows may do without."""


class EquivalentMutant(Model):
    """A change to the reference solution after which it computes the same: no check can notice it."""

    id: Annotated[str, Field(min_length=1, max_length=1000)]
    """As ``grader verify`` names it."""
    reason: Prose
    """Why it computes the same."""


class AssignmentFile(Model):
    """What assignment.yaml holds."""

    format: Literal[1]
    """The version of this format."""
    id: Slug
    """The name of the assignment, and of its folder."""
    title: Line
    summary: Prose
    """A sentence or two for the list of assignments."""
    topics: Annotated[tuple[Line, ...], AfterValidator(unique)] = ()
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
        values = {"question": question_id, "assignment": self.id, "near": near}
        known = ", ".join(question.id for question in self.questions)
        message = _("no question {question!r} in assignment {assignment!r}{near}", **values)
        raise InputError(message, _("its questions are {questions}", questions=known))

    def problems(self, found: Iterable[tuple[Location, str]]) -> list[Problem]:
        """Return problems with values of assignment.yaml: each a location such as ("questions", 0), and a message."""
        path = self.directory / ASSIGNMENT_FILE
        try:
            document = read(path)
        except InputError:  # not loaded from a file, or no longer there
            return [Problem(path, 1, 1, message) for _location, message in found]
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
            path = error.filename or self.directory
            raise InputError(_("{path}: cannot be read: {reason}", path=path, reason=reason)) from None
        return f"sha256:{digest.hexdigest()}"


class CourseFile(Model):
    """What course.yaml holds."""

    title: Line
    assignments: Annotated[tuple[Slug, ...], Field(min_length=1), AfterValidator(unique)]
    """The folders of the assignments, in the order in which they are listed."""
    time_zone: Zone | None = None
    """The zone of due dates that name none, such as Europe/Berlin."""
    language: Annotated[str, AfterValidator(_check_language)] = ENGLISH
    """The language that reports, stubs and notebooks of this course are in, besides what its authors wrote: ``de``."""
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
            few = len(self.assignments) <= MOST_NAMED
            rest = _("`grader list` shows what the course has")
            if few:
                rest = _("the course has {assignments}", assignments=", ".join(self.assignments))
            raise InputError(_("no assignment {name!r}{near}", name=assignment_id, near=near), rest)
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
    document = _read_from(directory, COURSE_FILE, _("give the folder of a course"))
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
    document = _read_from(directory, ASSIGNMENT_FILE, _("give the folder of an assignment"))
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


def _read_from(directory: Path, name: str, hint: str) -> Document:
    if not directory.is_dir():
        raise InputError(_("{path}: there is no such folder", path=directory))
    if not (directory / name).exists():
        raise InputError(_("{path}: there is no {name} in this folder", path=directory, name=name), hint)
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
        elif isinstance(question, WithChoices):
            yield from _unknown_mistakes(assignment, question, ("questions", number, "choices"), document)
        if isinstance(question, QuestionWithVariants) and question.variants is not None:
            at = ("questions", number)
            yield from find_faults(question.variants, _filled_texts(question, at), (*at, "variants"), document)


def _filled_texts(question: QuestionWithVariants, at: Location) -> Mapping[Location, str | Formula]:
    """Return what of a question differs from student to student, by where it stands."""
    texts: dict[Location, str | Formula] = {(*at, *location): text for location, text in list_texts(question).items()}
    if isinstance(question, NumericQuestion):
        answers: dict[Location, object] = {(*at, "correct"): question.correct}
    else:
        answers = {(*at, "choices", index, "correct"): one.correct for index, one in enumerate(question.choices)}
    return texts | {location: answer for location, answer in answers.items() if isinstance(answer, Formula)}


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
    assignment: Assignment, question: WithChoices, location: Location, document: Document
) -> Iterator[Problem]:
    known = [mistake.id for mistake in assignment.mistakes]
    for index, choice in enumerate(question.choices):
        if choice.mistake is not None and choice.mistake not in known:
            message = f"no mistake {choice.mistake!r} under 'mistakes'{suggest(choice.mistake, known)}"
            yield document.problem((*location, index, "mistake"), message)
