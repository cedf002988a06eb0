"""Whichever hidden check is deleted, verify names what escapes; or it had called the check redundant."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from grader.checks import Check
from grader.engine import Examiner
from grader.errors import SpecError
from grader.grading import Setup
from grader.resources import find_data
from grader.results import Visibility
from grader.spec import Assignment, amount, load_assignment
from grader.verify import Role, Specimen, make_specimens, prove

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

COURSE = find_data("assignments")
WITH_CODE = [
    one for path in sorted(COURSE.glob("*/assignment.yaml")) if (one := load_assignment(path.parent)).code_questions
]


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


@pytest.mark.parametrize("assignment", WITH_CODE, ids=lambda one: one.id)
def test_a_deleted_check_leaves_a_hole_that_is_named(
    examiner: Examiner, tmp_path: Path, assignment: Assignment
) -> None:
    proof = prove(examiner, assignment, make_specimens(assignment), Setup())
    assert proof.proven, proof.holes
    hidden = [check for check in proof.checks if check.visibility is Visibility.HIDDEN]
    assert hidden
    for check in hidden:
        wrong = [trial for trial in proof.trials if trial.specimen.role in (Role.MISTAKE, Role.MUTANT)]
        alone = [trial.specimen for trial in wrong if trial.caught_by == (check.id,)]
        assert bool(alone) != (check.id in proof.redundant)
        if alone:
            expect_hole(examiner, delete(check, assignment, tmp_path / check.id / assignment.id), alone)


def expect_hole(examiner: Examiner, directory: Path, alone: list[Specimen]) -> None:
    """Expect that verify names every one of the specimens that the deleted check alone had caught."""
    found = []
    try:
        without = load_assignment(directory)
    except SpecError as error:  # nothing is left in the caught_by of mistakes: take these out, too
        found = [problem.message for problem in error.problems]
        for name in re.findall(r"mistake '([a-z0-9-]+)' is of no use", str(found)):
            yaml = directory / "assignment.yaml"
            yaml.write_text(re.sub(rf"^  - id: {name}\n    file: .*\n", "", yaml.read_text(), flags=re.MULTILINE))
        without = load_assignment(directory)
    names = [specimen.name for specimen in alone]
    specimens = [one for one in make_specimens(without) if one.name in names]
    found += [hole.message for hole in prove(examiner, without, specimens, Setup()).holes]
    for specimen in alone:
        assert any(repr(specimen.name) in message for message in found), (specimen.name, found)


def delete(check: Check, assignment: Assignment, directory: Path) -> Path:
    """Copy an assignment without one of its checks, as an author would who thinks little of it."""
    shutil.copytree(assignment.directory, directory)
    path = directory / check.path.relative_to(assignment.directory)
    lines = path.read_text().splitlines(keepends=True)
    (node,) = [
        one for one in ast.parse(path.read_text()).body if isinstance(one, ast.FunctionDef) and one.name == check.id
    ]
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    path.write_text("".join(lines[: first - 1] + lines[node.end_lineno :]))
    yaml = directory / "assignment.yaml"
    text = re.sub(rf"^ +- {check.id}\n", "", yaml.read_text(), flags=re.MULTILINE)
    text = re.sub(r"^ +caught_by:\n(?! +- \w+\n)", "", text, flags=re.MULTILINE)
    yaml.write_text(text if check.bonus else take_points(text, check.question, check.points))
    return directory


def take_points(text: str, question: str, points: Fraction) -> str:
    """Lower what a question is worth."""
    before, start, rest = text.partition(f"- id: {question}\n    kind: code\n    points: ")
    old, end, after = rest.partition("\n")
    return f"{before}{start}{amount(Fraction(old) - points)}{end}{after}"
