"""An assignment as a starter repository of GitHub Classroom: the stub, and a workflow that runs its public checks.

What is in a student's repository the student can read and change. So nothing goes in that a student may not see, and
what comes out is a look at the work, not a grade.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from grader.checks import CHECK_FOLDERS, Check, read_checks
from grader.errors import InputError, reason_of
from grader.fields import amount
from grader.language import ENGLISH, list_languages
from grader.packages.wheel import list_requirements, make_wheel
from grader.questions import CodeQuestion
from grader.resources import find_data
from grader.results import Visibility
from grader.spec import Assignment, parse_python
from grader.stub import render_stub

WORKFLOW = ".github/workflows/classroom.yml"
HOME = ".github/grader"
MAX_LANGUAGE = 40
LANGUAGE = "language"  # a file that names the course's, where that is not English


@dataclass(frozen=True, slots=True)
class Repository:
    """A starter repository: its files by name, what its checks are worth, and what an instructor should know."""

    files: Mapping[str, bytes]
    points: Fraction
    checks: int
    notes: tuple[str, ...]


def make_repository(assignment: Assignment, *, language: str = ENGLISH) -> Repository:
    """Return a starter repository of an assignment, whose README is in ``language``.

    It tells no rules of the course: when and how often to push is Classroom's to say.

    Raises:
        InputError: a workflow could run nothing of it, or its questions differ from student to student.
        SpecError: its checks are wrong.
        FaultError: grader is not installed.
    """
    if assignment.has_variants:
        hint = "give each student a folder that `grader fetch --student` made"
        raise InputError("its questions differ from student to student, and a starter repository is everybody's", hint)
    checks = read_checks(assignment)
    public = [check for check in checks if check.visibility is Visibility.PUBLIC]
    usable, left_out = _split(public)
    if not usable:
        hint = "put some checks into checks/public; hidden ones cannot be in a student's repository"
        raise InputError(f"{assignment.id} has no public check that runs without the reference solution", hint)
    wheel = make_wheel()
    folder = f"{HOME}/assignments/{assignment.id}"
    files = {
        **render_stub(assignment, checks, language=language, by_push=True),
        WORKFLOW: (find_data("templates") / "github" / "classroom.yml").read_bytes(),
        f"{HOME}/{wheel.name}": wheel.data,
        f"{HOME}/requirements.txt": list_requirements().encode(),
        f"{folder}/assignment.yaml": _write_public_yaml(assignment, usable).encode(),
        **_read_checks(assignment, folder, usable),
        **({f"{HOME}/{LANGUAGE}": f"{language}\n".encode()} if language != ENGLISH else {}),
    }
    points = sum((check.points for check in usable if not check.bonus), Fraction(0))
    return Repository(files, points, len(usable), tuple(_find_notes(assignment, checks, usable, left_out)))


def read_language(source: Path) -> str:
    """Return the language of the course whose packed assignment lies in a folder, which students may change."""
    try:
        with open(source / LANGUAGE, encoding="ascii") as file:
            told = file.read(MAX_LANGUAGE).strip()
    except (OSError, ValueError):
        return ENGLISH
    return told if told in list_languages() else ENGLISH


def _split(checks: Sequence[Check]) -> tuple[list[Check], list[Check]]:
    """Return the checks whose files do without the reference solution, and the others."""
    needs = {path: _needs_reference(path.read_text(encoding="utf-8-sig")) for path in {one.path for one in checks}}
    return [one for one in checks if not needs[one.path]], [one for one in checks if needs[one.path]]


def _needs_reference(source: str) -> bool:
    arguments = (node.arg for node in ast.walk(parse_python(source)) if isinstance(node, ast.arg))
    return "reference" in set(arguments)


def _write_public_yaml(assignment: Assignment, checks: Sequence[Check]) -> str:
    """Return an assignment.yaml with the questions that these checks are about, and no answer to any."""
    questions = []
    for question in assignment.code_questions:
        own = [check for check in checks if check.question == question.id]
        if own:
            questions.append(_describe(question, own))
    data = {
        "format": 1,
        "id": assignment.id,
        "title": assignment.title,
        "summary": assignment.summary,
        "limits": assignment.limits.model_dump(mode="json"),
        "questions": questions,
    }
    text: str = yaml.dump(data, Dumper=_BlockDumper, sort_keys=False, allow_unicode=True, width=100)
    return f"# Made by `grader package github-classroom`: the public part of the assignment.\n{text}"


class _BlockDumper(yaml.SafeDumper):
    """Writes texts of several lines as people do."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockDumper.add_representer(str, _write_text)


def _describe(question: CodeQuestion, checks: Sequence[Check]) -> dict[str, Any]:
    points = sum((check.points for check in checks if not check.bonus), Fraction(0))
    found: dict[str, Any] = {"id": question.id, "kind": "code", "points": float(points)}
    if question.title is not None:
        found["title"] = question.title
    return found | {
        "prompt": question.prompt,
        "file": question.file,
        "starter": question.starter,
        "forbid": list(question.forbid),
        "devices": list(question.devices),
    }


def _read_checks(assignment: Assignment, folder: str, checks: Sequence[Check]) -> dict[str, bytes]:
    """Return the files of public checks that are used, and what lies beside them and holds no checks."""
    public = CHECK_FOLDERS[Visibility.PUBLIC]
    used = {check.path.name for check in checks}
    try:
        return {
            f"{folder}/{public}/{path.name}": path.read_bytes()
            for path in sorted((assignment.directory / public).glob("*.py"))
            if path.name in used or not path.name.startswith("test_")
        }
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {reason_of(error)}") from None


def _find_notes(
    assignment: Assignment, checks: Sequence[Check], usable: Sequence[Check], left_out: Sequence[Check]
) -> list[str]:
    notes = []
    hidden = sum(check.visibility is Visibility.HIDDEN for check in checks)
    quiz = len(assignment.quiz_questions)
    if hidden:
        notes.append(
            f"{hidden} hidden {'check is' if hidden == 1 else 'checks are'} not in it: students could read them"
        )
    if quiz:
        notes.append(
            f"{quiz} quiz {'question is' if quiz == 1 else 'questions are'} not judged in it, for the same reason"
        )
    if left_out:
        names = ", ".join(sorted({check.path.name for check in left_out}))
        what = "1 public check is" if len(left_out) == 1 else f"{len(left_out)} public checks are"
        notes.append(f"{what} not in it: {names} uses the reference solution")
    deferred = sum((check.points for check in usable if check.needs_device == "cuda"), Fraction(0))
    if deferred:
        notes.append(f"{amount(deferred)} points are for checks on a GPU, which GitHub's machines have not")
    return notes
