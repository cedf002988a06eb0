"""``grader verify``: it proves a sound assignment, and names the hole in each that is not."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from grader.checks import read_checks
from grader.engine import Examiner
from grader.grading import Setup
from grader.requirements import find_missing
from grader.resources import find_data
from grader.results import Visibility
from grader.spec import Assignment, load_assignment, load_course
from grader.verify import Proof, Role, make_specimens, prove
from tests.shell import Shell, write

YAML = """\
format: 1
id: halve
title: Halve it
summary: Divide by two.
limits: {seconds: 30, check_seconds: 8, memory_mb: 512}
questions:
  - id: halve
    kind: code
    points: 4
    file: halve.py
    prompt: Write `halve(values)`.
    starter: |
      def halve(values):
          raise NotImplementedError
  - id: why
    kind: choice
    points: 1
    prompt: Why?
    choices: [{text: because, correct: true, why: Two halves are one whole.}, {text: never}]
  - {id: say, kind: text, points: 1, prompt: Say it., accept: ["half"]}
mistakes:
  - {id: doubled, file: mistakes/doubled.py, caught_by: [test_two, test_any]}
"""
PUBLIC = '''\
import pytest
import torch

from grader.examiner.expect import expect_close


@pytest.mark.points(1, hint="What is half of 2?")
def test_two(submission):
    """Half of 2 is 1."""
    expect_close(submission.halve(torch.tensor([2.0])), torch.tensor([1.0]))
'''
HIDDEN = '''\
import pytest
import torch

from grader.examiner.expect import expect_close, expect_gradient, expect_tensor


@pytest.mark.points(1, hint="Are negative ones halved too?")
def test_any(submission, rng):
    """Any values are halved."""
    values = torch.randn(5, generator=rng)
    expect_close(submission.halve(values), values / 2)


@pytest.mark.points(1, hint="Does autograd follow?")
def test_gradient(submission):
    """The gradient is a half."""
    values = torch.ones(3, requires_grad=True)
    (gradient,) = expect_gradient(submission.halve(values), values)
    expect_close(gradient, torch.full((3,), 0.5))


@pytest.mark.points(1, hint="What dtype comes back?")
def test_float64(submission, rng):
    """The dtype stays."""
    values = torch.randn(4, generator=rng, dtype=torch.float64)
    half = expect_tensor(submission.halve(values), shape=(4,), dtype=torch.float64)
    expect_close(half, values / 2)
'''
GRADIENT_CHECK = HIDDEN[
    HIDDEN.index('@pytest.mark.points(1, hint="Does auto') : HIDDEN.index('@pytest.mark.points(1, hint="What d')
]
RIGHT = "def halve(values):\n    return values / 2\n"
FILES = {
    "assignment.yaml": YAML,
    "checks/public/test_public.py": PUBLIC,
    "checks/hidden/test_hidden.py": HIDDEN,
    "solutions/a.py": RIGHT,
    "solutions/b.py": "def halve(values):\n    return 0.5 * values\n",
    "mistakes/doubled.py": '"""It is doubled."""\n\ndef halve(values):\n    return values * 2 - values * 1e-3 * 0\n',
}
ACCEPTED = "equivalent_mutants:\n  - {id: 'halve: values / 2 -> values * 2', reason: It is not.}\n"


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


def try_it(examiner: Examiner, folder: Path, **changed: tuple[str, str]) -> Proof:
    """Prove the assignment with a text in one file replaced by another."""
    files = dict(FILES)
    for key, (old, new) in changed.items():
        (name,) = [name for name in files if key in name]
        assert old in files[name]
        files[name] = files[name].replace(old, new)
    assignment = load_assignment(write(folder / "course" / "halve", files))
    return prove(examiner, assignment, make_specimens(assignment), Setup())


def test_a_sound_assignment_is_proven(examiner: Examiner, tmp_path: Path) -> None:
    proof = try_it(
        examiner,
        tmp_path,
        doubled=(" - values * 1e-3 * 0", ""),
        assignment=("test_any]", "test_any, test_gradient, test_float64]"),
    )
    assert proof.proven, proof.holes
    assert [proof.count(role) for role in Role] == [1, 1, 1, 1, 10]
    assert proof.redundant == ("test_two", "test_any")
    trials = {trial.specimen.name: trial for trial in proof.trials}
    assert trials["halve: values / 2 -> values * 2"].caught_by == (
        "test_two",
        "test_any",
        "test_gradient",
        "test_float64",
    )
    assert trials["halve returns a value without its gradient"].caught_by == ("test_gradient",)
    assert trials["halve computes in float32"].caught_by == ("test_float64",)
    assert trials["the untouched stub"].grade.score == 0
    assert trials["a.py"].grade.score == 6


ALL = ("test_any]", "test_any, test_gradient, test_float64]")


@pytest.mark.parametrize(
    ("changed", "words", "next_step"),
    [
        (
            {"hidden": (GRADIENT_CHECK, ""), "assignment": ("points: 4", "points: 3")},
            "no check catches the mutant 'halve returns a value without its gradient'",
            "equivalent_mutants",
        ),
        (
            {"hidden": ("    expect_close(half, values / 2)\n", "")},
            "no check catches the mutant 'halve computes in float32'",
            "add a check that notices",
        ),
        (
            {"assignment": ("[test_two, test_any]", "[test_two]")},
            "test_any catches the mistake 'doubled', and caught_by does not say so",
            "add test_any to its caught_by",
        ),
        (
            {"doubled": ("values * 2 -", "values / 2 -")},
            "test_two does not catch the mistake 'doubled', though caught_by says so",
            "take the check out of its caught_by",
        ),
        ({"public": (", hint=\"What is half of 2?\"", "")}, "test_two has no hint", "give points(…) a hint"),
        (
            {"public": ("    expect_close", "    return\n    expect_close")},
            "test_two passes on the untouched stub",
            "something that only an answer has",
        ),
        (
            {"/b.py": ("0.5", "0.25")},
            "the solution 'b.py' does not pass test_two: The result has wrong values: 1 of 1.",
            "take the solution out",
        ),
        (
            {"hidden": ("    expect_close(half, values / 2)\n", "    assert half.no_such_thing\n")},
            "test_float64 breaks on the reference solution 'a.py': ",
            "mend the check",
        ),
        (
            {"assignment": ("raise NotImplementedError", "raise NotImplementedError  # Two halves are one whole.")},
            "halve.py of the stub holds why a choice of 'why' is right or wrong: Two halves are one whole.",
            "take it out",
        ),
        (
            {
                "public": ('    """Half', '    # half_of_it_is = values.div(2.0)\n    """Half'),
                "/a.py": ("return values / 2", "half_of_it_is = values.div(2.0)\n    return half_of_it_is"),
            },
            "checks/test_public.py of the stub holds a line of solutions/a.py: half_of_it_is",
            "take it out",
        ),
        (
            {"assignment": ("prompt: Why?", r"prompt: Why is $\frac{1}{2}$ not $\nosuchcommand{2}$?")},
            r"a formula of 'why' cannot be drawn: $\nosuchcommand{2}$",
            "mend it",
        ),
        (
            {"assignment": ("mistakes:", ACCEPTED.replace("values * 2", "values + 2") + "mistakes:")},
            "equivalent_mutants names 'halve: values / 2 -> values + 2', and there is no such mutant; did you mean",
            "the reference solution has changed since",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_hole_is_named_with_the_next_step(
    examiner: Examiner, tmp_path: Path, changed: dict[str, tuple[str, str]], words: str, next_step: str
) -> None:
    proof = try_it(examiner, tmp_path, **changed)
    assert not proof.proven
    found = [hole for hole in proof.holes if hole.message.startswith(words)]
    assert found, proof.holes
    assert next_step in found[0].hint


def test_a_check_that_needs_a_missing_package_is_named_and_nothing_is_concluded_of_it(
    examiner: Examiner, tmp_path: Path
) -> None:
    skips = (
        "    values = torch.ones(3",
        '    pytest.importorskip("no_such_package_anywhere")\n    values = torch.ones(3',
    )
    yaml = ("test_any]", "test_any, test_gradient, test_float64]")
    proof = try_it(examiner, tmp_path, hidden=skips, assignment=yaml, doubled=(" - values * 1e-3 * 0", ""))
    (hole,) = proof.holes
    assert hole.message.startswith("test_gradient could not be run: could not import 'no_such_package_anywhere'")
    assert hole.hint.startswith("`pip install no_such_package_anywhere`, then verify again")
    assert "test_gradient" not in proof.redundant
    assert [one.install for one in find_missing([proof.assignment])] == ["pip install no_such_package_anywhere"]


ON_DEVICES = ("file: halve.py", "file: halve.py\n    devices: [cpu, cuda]")
TAKES_DEVICE = ("def test_any(submission, rng):", "def test_any(submission, device, rng):")
MADE = "import torch\n\ndef halve(values):\n    return values * torch.full(values.shape, 0.5)"


def test_a_solution_that_a_gpu_would_refuse_is_a_hole(examiner: Examiner, tmp_path: Path) -> None:
    changed = {"hidden": TAKES_DEVICE, "assignment": ON_DEVICES}
    assert not [hole for hole in try_it(examiner, tmp_path / "right", **changed).holes if "solution" in hole.message]
    wrong = {"/b.py": ("def halve(values):\n    return 0.5 * values", MADE)}
    (hole,) = [hole for hole in try_it(examiner, tmp_path, **changed, **wrong).holes if "solution" in hole.message]
    words = "the solution 'b.py' does not pass test_any on the shadow device, a stand-in for a GPU: The code combines"
    assert hole.message.startswith(words)
    assert "take cuda out of devices" in hole.hint


def test_a_mistake_may_be_caught_on_the_shadow_device(examiner: Examiner, tmp_path: Path) -> None:
    more = "\n  - {id: made, file: mistakes/made.py, caught_by: [test_any]}"
    mistakes = "[test_two, test_any, test_gradient, test_float64]}" + more
    files = {**FILES, "mistakes/made.py": f'"""It is made on the CPU."""\n{MADE}\n'}
    files["mistakes/doubled.py"] = files["mistakes/doubled.py"].replace(" - values * 1e-3 * 0", "")
    yaml = YAML.replace(ON_DEVICES[0], ON_DEVICES[1].replace("cuda", "shadow"))
    files["assignment.yaml"] = yaml.replace("[test_two, test_any]}", mistakes).replace(
        "gradient]", "gradient, test_float64]"
    )
    hidden = HIDDEN.replace(*TAKES_DEVICE)
    files["checks/hidden/test_hidden.py"] = hidden.replace(
        "test_gradient(submission)", "test_gradient(submission, device)"
    )
    assignment = load_assignment(write(tmp_path / "course" / "halve", files))
    proof = prove(examiner, assignment, make_specimens(assignment), Setup())
    (made,) = [trial for trial in proof.trials if trial.specimen.name == "made"]
    assert made.caught_by == ("test_any", "test_gradient")
    assert proof.proven, proof.holes


OBSERVE = """\
from grader.examiner.fingerprint import observe


def fingerprint(submission):
    yield observe("halve", submission.halve, torch.tensor([1.0, 3.0]){})


"""
SAME = '"""It is doubled, too."""\n\ndef halve(values):\n    return values + values\n'
CAUGHT = "[test_two, test_any, test_gradient, test_float64]"
SECOND = f"  - {{id: added, file: mistakes/added.py, caught_by: {CAUGHT}}}\n"


@pytest.mark.parametrize(
    ("fingerprint", "yaml", "holes"),
    [
        (OBSERVE.format(""), "", []),
        (
            OBSERVE.format(""),
            SECOND,
            ["the mistake 'doubled' is not recognised", "the mistake 'added' is not recognised"],
        ),
        (OBSERVE.format(" * 0, gradients=False"), "", ["the mistake 'doubled' is not recognised"]),
        (
            OBSERVE.replace("    yield", "    [].pop()\n    yield").format(""),
            "",
            [
                "no mistake can be recognised in the untouched stub: the fingerprint of test_hidden.py, line 11 ",
                "no mistake can be recognised in the mistake 'doubled': the fingerprint of test_hidden.py, line 11 ",
            ],
        ),
    ],
    ids=["sound", "two-alike", "sees-nothing", "breaks"],
)
def test_every_mistake_must_be_recognised_as_itself(
    examiner: Examiner, tmp_path: Path, fingerprint: str, yaml: str, holes: list[str]
) -> None:
    files = {
        **FILES,
        "mistakes/added.py": SAME,
        "mistakes/doubled.py": SAME,
        "assignment.yaml": YAML.replace("[test_two, test_any]", CAUGHT) + yaml,
        "checks/hidden/test_hidden.py": HIDDEN.replace("@pytest", fingerprint + "@pytest", 1),
    }
    assignment = load_assignment(write(tmp_path / "course" / "halve", files))
    specimens = [one for one in make_specimens(assignment) if one.role is not Role.MUTANT]
    proof = prove(examiner, assignment, specimens, Setup())
    assert len(proof.holes) == len(holes), proof.holes
    for hole, words in zip(proof.holes, holes, strict=True):
        assert hole.message.startswith(words)


def test_a_mistake_that_only_another_device_shows_need_not_be_recognised(examiner: Examiner, tmp_path: Path) -> None:
    made_here = (
        '"""It is made on the CPU."""\nimport torch\n\ndef halve(values):\n'
        "    return values * torch.full((len(values),), 0.5)\n"
    )
    on_devices = (
        HIDDEN.replace("(submission, rng)", "(submission, device, rng)")
        .replace("generator=rng)\n    expect", "generator=rng).to(device)\n    expect")
        .replace("@pytest", OBSERVE.format("") + "@pytest", 1)
    )
    files = {
        **FILES,
        "mistakes/doubled.py": made_here,
        "assignment.yaml": YAML.replace("kind: code", "kind: code\n    devices: [cpu, shadow]", 1).replace(
            "[test_two, test_any]", "[test_any]"
        ),
        "checks/hidden/test_hidden.py": on_devices,
    }
    assignment = load_assignment(write(tmp_path / "course" / "halve", files))
    specimens = [one for one in make_specimens(assignment) if one.role is not Role.MUTANT]
    proof = prove(examiner, assignment, specimens, Setup())
    assert proof.proven, proof.holes
    (mistake,) = [trial for trial in proof.trials if trial.specimen.role is Role.MISTAKE]
    assert mistake.caught_by[:1] == ("test_any",)
    assert not mistake.grade.diagnoses


def test_a_solution_is_not_taken_for_a_mistake(examiner: Examiner, tmp_path: Path) -> None:
    """Not even one that fails a bonus check, where the mistake fails others as well."""
    bonus = """

@pytest.mark.points(1, bonus=True, hint="What if it is one number?")
def test_single(submission):
    \"\"\"Bonus: one number is halved too.\"\"\"
    expect_close(submission.halve(torch.tensor(4.0)), torch.tensor(2.0))


def fingerprint(submission):
    for number in (1.0, 3.0):
        yield observe("number", submission.halve, torch.tensor(number))
"""
    files = {
        **FILES,
        "assignment.yaml": YAML.replace("[test_two, test_any]", CAUGHT.replace("]", ", test_single]")),
        "solutions/b.py": "def halve(values):\n    return values / 2 if values.dim() else 1 * values\n",
        "mistakes/doubled.py": '"""It is not halved."""\n\ndef halve(values):\n    return 1 * values\n',
        "checks/hidden/test_hidden.py": f"from grader.examiner.fingerprint import observe\n{HIDDEN}{bonus}",
    }
    assignment = load_assignment(write(tmp_path / "course" / "halve", files))
    specimens = [one for one in make_specimens(assignment) if one.role is not Role.MUTANT]
    (hole,) = prove(examiner, assignment, specimens, Setup()).holes
    assert hole.message == "the solution 'b.py' is taken for the mistake 'doubled'"


def test_a_mutant_that_is_acknowledged_is_not_tried(examiner: Examiner, tmp_path: Path) -> None:
    proof = try_it(examiner, tmp_path, assignment=("mistakes:", ACCEPTED + "mistakes:"))
    assert "halve: values / 2 -> values * 2" not in {trial.specimen.name for trial in proof.trials}
    assert proof.count(Role.MUTANT) == 9


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [halve]\n"})
    write(tmp_path / "course" / "halve", FILES)
    return Shell(tmp_path, tmp_path / "course")


def test_the_table_says_what_caught_what(shell: Shell) -> None:
    answer = shell("verify")
    assert answer.code == 1
    assert answer.out.startswith("halve: NOT PROVEN\n4 checks, 2 solutions, 1 mistake, 10 mutants\n")
    assert re.search(r"^mistake +ABCD +doubled$", answer.out, re.MULTILINE)
    assert re.search(r"^mutant +\.\.C\. +halve returns a value without its gradient$", answer.out, re.MULTILINE)
    assert "C  test_gradient catches" in answer.out
    assert "test_gradient catches the mistake 'doubled', and caught_by does not say so\n  add" in answer.out
    assert answer.out.endswith("0 of 1 assignment proven.\n")
    assert not answer.err


def test_for_machines_it_is_one_document(shell: Shell) -> None:
    write(shell.folder / "course" / "halve", {"assignment.yaml": YAML.replace(*ALL)})
    answer = shell("verify", "halve", "--json")
    assert answer.code == 0
    (found,) = answer.json["assignments"]
    assert found["proven"] is True
    assert found["holes"] == []
    assert found["checks"] == ["test_two", "test_any", "test_gradient", "test_float64"]
    assert {trial["role"] for trial in found["trials"]} == {str(role) for role in Role}
    (mistake,) = [trial for trial in found["trials"] if trial["role"] == "mistake"]
    assert mistake == {
        "role": "mistake",
        "name": "doubled",
        "applied": True,
        "score": 2.0,
        "caught_by": found["checks"],
        "recognised": [],
    }


def test_an_assignment_that_is_not_there_or_not_right_is_said(shell: Shell) -> None:
    shell("verify", "halv").fails(2, "no assignment 'halv'; did you mean 'halve'?")
    write(shell.folder / "course" / "halve", {"assignment.yaml": YAML.replace("points: 4", "points: 5")})
    shell("verify").fails(2, "assignment.yaml:")


def without_check(assignment: Assignment, name: str, folder: Path) -> Assignment:
    """Return a copy of an assignment that lacks a check, and says nothing of it."""
    copy = folder / "course" / assignment.id
    shutil.copytree(assignment.directory, copy)
    (check,) = [check for check in read_checks(assignment) if check.id == name]
    path = copy / check.path.relative_to(assignment.directory)
    lines = path.read_text().splitlines(keepends=True)
    (function,) = [node for node in ast.parse("".join(lines)).body if getattr(node, "name", "") == name]
    assert isinstance(function, ast.FunctionDef)
    first = min(node.lineno for node in function.decorator_list)
    path.write_text("".join(lines[: first - 1] + lines[function.end_lineno :]))
    content = yaml.safe_load((copy / "assignment.yaml").read_text())
    for question in content["questions"]:
        if question["id"] == check.question and not check.bonus:
            question["points"] = float(Fraction(str(question["points"])) - check.points)
    first_left = next(left.id for left in read_checks(assignment) if left.id != name)
    for mistake in content["mistakes"]:
        caught_by = mistake.get("caught_by", [])
        mistake["caught_by"] = [left for left in caught_by if left != name] or ([first_left] if caught_by else [])
    (copy / "assignment.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return load_assignment(copy)


@pytest.fixture(scope="module", params=load_course(find_data("assignments")).assignments)
def proof(request: pytest.FixtureRequest, examiner: Examiner) -> Proof:
    """The proof of an assignment that ships."""
    assignment = load_assignment(find_data("assignments") / request.param)
    return prove(examiner, assignment, make_specimens(assignment), Setup())


@pytest.mark.slow
def test_the_course_that_ships_is_proven(proof: Proof) -> None:
    assert proof.holes == ()


@pytest.mark.slow
def test_no_hidden_check_of_the_course_can_go_unnoticed(examiner: Examiner, tmp_path: Path, proof: Proof) -> None:
    """Without it something wrong passes, and is named; or it was called redundant before."""
    hidden = [check.id for check in proof.checks if check.visibility is Visibility.HIDDEN]
    for check in hidden:
        wrong = [trial for trial in proof.trials if trial.specimen.role in (Role.MISTAKE, Role.MUTANT)]
        escaping = {trial.specimen.name for trial in wrong if trial.caught_by == (check,)}
        assert bool(escaping) is (check not in proof.redundant)
        lacking = without_check(proof.assignment, check, tmp_path / check)
        specimens = [specimen for specimen in make_specimens(lacking) if specimen.name in escaping]
        assert {specimen.name for specimen in specimens} == escaping
        holes = prove(examiner, lacking, specimens, Setup()).holes
        assert {one for one in escaping for hole in holes if repr(one) in hole.message} == escaping


def test_an_answer_that_waits_for_a_person_is_no_hole(examiner: Examiner, tmp_path: Path) -> None:
    head = "format: 1\nid: essay\ntitle: T\nsummary: S\nquestions:\n"
    files = {"assignment.yaml": f"{head}  - {{id: say, kind: text, points: 1, prompt: Why?, why: Because.}}\n"}
    assignment = load_assignment(write(tmp_path / "course" / "essay", files))
    proof = prove(examiner, assignment, make_specimens(assignment), Setup())
    assert proof.proven, proof.holes
