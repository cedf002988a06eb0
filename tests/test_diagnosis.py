"""Diagnoses of real submissions in the real sandbox; and what a broken fingerprint must not cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.checks import read_checks
from grader.engine import Examiner
from grader.errors import SpecError
from grader.grading import Setup, grade_submissions
from grader.results import Outcome
from grader.scoring import Grade, Status
from grader.spec import load_assignment
from grader.submission import Submission
from tests.shell import write

YAML = """\
format: 1
id: halve
title: Halve it
summary: Times a half.
limits: {seconds: 8, check_seconds: 1, memory_mb: 1024}
questions:
  - {id: halve, kind: code, points: 2, prompt: Write it., file: halve.py, starter: "def halve(values): ...\\n"}
  - id: why
    kind: choice
    points: 1
    prompt: What is half of 8?
    choices: [{text: "4", correct: true, why: Yes.}, {text: "16", why: That is twice., mistake: doubled}, {text: "3"}]
mistakes:
  - {id: doubled, file: mistakes/doubled.py, caught_by: [test_values]}
  - {id: halved-twice, file: mistakes/halved_twice.py, caught_by: [test_values]}
"""
CHECKS = '''\
import pytest
import torch

from grader.examiner.expect import expect_close
from grader.examiner.fingerprint import observe


def fingerprint(submission):
    yield observe("halve", submission.halve, torch.tensor([1.0, -3.0]))


@pytest.mark.points(1)
def test_values(submission):
    """Values are halved."""
    expect_close(submission.halve(torch.tensor([2.0, 5.0])), torch.tensor([1.0, 2.5]))


@pytest.mark.points(1)
def test_zero(submission):
    """Zero stays."""
    expect_close(submission.halve(torch.zeros(2)), torch.zeros(2))
'''
RIGHT = "def halve(values):\n    return values / 2\n"
DOUBLED = "def halve(values):\n    return 2 * values\n"
ALSO_DOUBLED = (
    "import numpy as np\ndef halve(values):\n    total = values.clone()\n    total += values\n    return total\n"
)
FILES = {
    "assignment.yaml": YAML,
    "checks/hidden/test_hidden.py": CHECKS,
    "solutions/a.py": RIGHT,
    "mistakes/doubled.py": f'"""It is twice.\n\nDivide where\nyou multiply.\n\nThen look again."""\n{DOUBLED}',
    "mistakes/halved_twice.py": f'"""It is a quarter."""\n{RIGHT.replace("/ 2", "/ 4")}',
}


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


def grade(examiner: Examiner, folder: Path, *sources: str, answers: str = "", **changed: str) -> list[Grade]:
    files = {name: changed.get(Path(name).stem, text) for name, text in FILES.items()}
    assignment = load_assignment(write(folder / "course" / "halve", files))
    work = [Submission({"halve.py": source.encode(), "answers.yaml": answers.encode()}) for source in sources]
    found = dict(grade_submissions(examiner, assignment, read_checks(assignment), work, Setup()))
    return [found[number] for number in range(len(work))]


def test_a_submission_that_computes_like_a_known_mistake_is_told(examiner: Examiner, tmp_path: Path) -> None:
    right, doubled, quarter, other = grade(
        examiner, tmp_path, RIGHT, ALSO_DOUBLED, RIGHT.replace("/ 2", "* 0.25"), RIGHT.replace("/ 2", "/ 3")
    )
    assert [right.diagnoses, other.diagnoses] == [(), ()]
    (found,) = doubled.diagnoses
    assert (found.mistake, found.title) == ("doubled", "It is twice.")
    assert found.explanation == "Divide where you multiply.\n\nThen look again."
    assert (found.code, found.quiz) == (("halve",), ())
    assert [one.mistake for one in quarter.diagnoses] == ["halved-twice"]
    assert [grade.score for grade in (right, doubled, quarter, other)] == [2, 1, 1, 1]


def test_a_choice_tells_the_same_mistake(examiner: Examiner, tmp_path: Path) -> None:
    code, quiz, both, third = (
        *grade(examiner, tmp_path, DOUBLED, answers="why: a\n"),
        *grade(examiner, tmp_path, RIGHT, DOUBLED, answers="why: b\n"),
        *grade(examiner, tmp_path, RIGHT, answers="why: c\n"),
    )
    places = [[(one.mistake, one.code, one.quiz) for one in grade.diagnoses] for grade in (code, quiz, both, third)]
    assert places == [
        [("doubled", ("halve",), ())],
        [("doubled", (), ("why",))],
        [("doubled", ("halve",), ("why",))],
        [],
    ]


BREAKING = CHECKS.replace("    yield observe", "    submission.halve(torch.ones(1)).no_such_thing\n    yield observe")


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        (BREAKING, "the fingerprint of test_hidden.py, line 9 broke: "),
        (CHECKS.replace('observe("halve", ', 'print("halve", '), "what observe(…) returns"),
        (CHECKS.replace("    yield", "    raise LookupError('oh')\n    yield"), "line 9 broke: LookupError: oh"),
    ],
    ids=["attribute", "yields-none", "raises"],
)
def test_a_fingerprint_that_breaks_costs_only_the_diagnosis(
    examiner: Examiner, tmp_path: Path, checks: str, words: str
) -> None:
    pid = examiner.pid
    wrong, right = grade(examiner, tmp_path, DOUBLED, RIGHT, test_hidden=checks)
    assert (wrong.status, wrong.fault) == (Status.GRADED, None)
    assert [grade.score for grade in (wrong, right)] == [1, 2]
    assert words in (wrong.diagnosis_fault or "")
    assert right.diagnosis_fault is None
    assert examiner.pid == pid  # nothing had to be tried again


def test_a_fingerprint_that_is_skipped_says_nothing(examiner: Examiner, tmp_path: Path) -> None:
    skipping = CHECKS.replace("    yield", "    pytest.importorskip('no_such_module')\n    yield")
    (wrong,) = grade(examiner, tmp_path, DOUBLED, test_hidden=skipping)
    assert (wrong.status, wrong.diagnoses, wrong.fault, wrong.diagnosis_fault) == (Status.GRADED, (), None, None)
    assert wrong.score == 1


def test_a_fingerprint_that_ends_the_examiner_costs_only_the_diagnosis(examiner: Examiner, tmp_path: Path) -> None:
    ending = CHECKS.replace("    yield", "    import os\n    os._exit(1)\n    yield")
    wrong, right = grade(examiner, tmp_path, DOUBLED, RIGHT, test_hidden=ending)
    assert {one.status for one in (wrong, right)} == {Status.GRADED}
    assert [one.score for one in (wrong, right)] == [1, 2]
    assert not wrong.diagnoses


# In the fingerprint, which calls it with two numbers that require gradients.
FLOOD = """
import torch
BIG = torch.ones(1 << 20, requires_grad=True)
def halve(values):
    if len(values) == 2 and values[1] == -3.0:
        return {}
    return 2 * values
"""


@pytest.mark.parametrize(
    "answer",
    ["[BIG] * 50_000", "[values] * 100_000", "{(n,): values for n in range(9_000)}", "[[[values] * 70] * 70] * 7"],
)
def test_a_submission_that_floods_the_fingerprint_gets_its_grade(
    examiner: Examiner, tmp_path: Path, answer: str
) -> None:
    pid = examiner.pid
    flood, doubled = grade(examiner, tmp_path, FLOOD.format(answer), DOUBLED)
    assert (flood.status, flood.diagnoses, flood.diagnosis_fault) == (Status.GRADED, (), None)
    assert flood.score == 1
    assert [one.mistake for one in doubled.diagnoses] == ["doubled"]
    assert examiner.pid == pid
    assert int(re.findall(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) < 1 << 20  # kB


SLOW = "import time\ndef halve(values):\n    {}\n    return 2 * values\n"
# The checks make two calls, the fingerprint more.
LATE = """
import time
calls = []
def halve(values):
    calls.append(1)
    if len(calls) > 2: {}
    return 2 * values
"""


@pytest.mark.parametrize(
    "end", ["time.sleep(100)", "raise SystemExit", "import os; os._exit(0)", "[0 for _ in iter(int, 1)]"]
)
def test_a_submission_that_ends_while_it_is_looked_at_keeps_its_grade(
    examiner: Examiner, tmp_path: Path, end: str
) -> None:
    first, second = grade(examiner, tmp_path, LATE.format(end), DOUBLED)
    assert (first.status, first.diagnoses, first.diagnosis_fault) == (Status.GRADED, (), None)
    assert first.score == 1
    assert [one.mistake for one in second.diagnoses] == ["doubled"]


def test_what_only_imports_wrongly_is_not_diagnosed(examiner: Examiner, tmp_path: Path) -> None:
    broken, nothing, early = grade(examiner, tmp_path, "import", "halve = 3\n", "raise SystemExit\n")
    assert [one.diagnoses for one in (broken, nothing, early)] == [(), (), ()]
    assert [one.score for one in (broken, nothing, early)] == [0, 0, 0]


def test_the_first_check_of_a_submission_has_its_time_too(examiner: Examiner, tmp_path: Path) -> None:
    """Each call is shorter than a check may take; all of them together are not."""
    calls = CHECKS.replace(
        "    expect_close", "    for _ in range(4):\n        submission.halve(torch.ones(1))\n    expect_close", 1
    )
    (slow,) = grade(examiner, tmp_path, SLOW.format("time.sleep(0.4)"), test_hidden=calls)
    assert [check.outcome for check in slow.questions[0].checks] == [Outcome.TIMED_OUT, Outcome.PASSED]


def test_without_a_solution_nothing_is_compared(examiner: Examiner, tmp_path: Path) -> None:
    (wrong,) = grade(examiner, tmp_path, DOUBLED)
    assert wrong.diagnoses
    (tmp_path / "course/halve/solutions/a.py").unlink()
    assignment = load_assignment(tmp_path / "course" / "halve")
    work = [Submission({"halve.py": DOUBLED.encode()})]
    ((_, found),) = grade_submissions(examiner, assignment, read_checks(assignment), work, Setup())
    assert (found.status, found.diagnoses) == (Status.GRADED, ())
    assert found.score == 1


ANOTHER = CHECKS.replace("test_values", "test_one").replace("test_zero", "test_two").replace("points(1)", "points(0)")


@pytest.mark.parametrize(
    ("name", "words"),
    [("public/test_public.py", "public"), ("hidden/test_more.py", "is in ")],
    ids=["public", "twice"],
)
def test_a_fingerprint_in_the_wrong_place_is_refused(tmp_path: Path, name: str, words: str) -> None:
    assignment = load_assignment(write(tmp_path / "course" / "halve", {**FILES, f"checks/{name}": ANOTHER}))
    with pytest.raises(SpecError) as caught:
        read_checks(assignment)
    assert any("fingerprint" in problem.message and words in problem.message for problem in caught.value.problems)
