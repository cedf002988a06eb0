"""The command line as people meet it: real processes, a course written for these tests, and the one that ships.

``Shell`` holds every command to more than each test asks; see there.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import pytest

from grader.cli import cli
from grader.cli.examples import walk_commands
from grader.cli.options import GivenPath
from grader.resources import find_data
from tests.shell import ESC, GRADER, Answer, Shell, write

# What no student may ever read: it stands in hidden checks, in expected values, in solutions and mistakes.
CANARIES = ("canary", "368686", "368687", "737373", "737374", "747474", "373737")

YAML = """\
format: 1
id: {id}
title: Halve it ({id})
summary: Divide by two.
limits: {limits}
questions:
  - id: halve
    kind: code
    points: 5
    title: The half
    file: halve.py
    prompt: Write `halve(values)`.
    starter: |
      def halve(values):
          \"\"\"Return values / 2.\"\"\"
          raise NotImplementedError
    forbid: [torch.true_divide]
mistakes:
  - {{id: doubled, file: mistakes/doubled.py, caught_by: [test_half_of_two]}}
"""

PUBLIC = '''\
import pytest
import torch

from grader.examiner.expect import expect_close


@pytest.mark.points(1, hint="What is half of 2?")
def test_half_of_two(submission):
    """Half of 2 is 1."""
    expect_close(submission.halve(torch.tensor([2.0])), torch.tensor([1.0]), name="the half")
'''

HIDDEN = '''\
import pytest
import torch

from grader.examiner.expect import expect_close, expect_gradient

CANARY = "canary-in-a-constant"


@pytest.mark.points(2, hint="Are negative ones halved too?")
def test_any_values(submission):
    """Any values are halved."""
    expect_close(submission.halve(torch.tensor([737373.5, -1.0])), torch.tensor([368686.75, -0.5]))


@pytest.mark.points(1)
def test_gradient(submission):
    """The gradient is a half."""
    values = torch.ones(3, requires_grad=True)
    (gradient,) = expect_gradient(submission.halve(values), values)
    expect_close(gradient, torch.full((3,), 0.5), name="the gradient")


@pytest.mark.points(1)
def test_as_a_number(submission):
    """The half of a number is a number."""
    canary = 373737.0
    assert float(submission.halve(torch.tensor(747474.0))) == canary, "canary-in-a-message"
'''

RIGHT = "def halve(values):\n    return values / 2\n"
WRONG = "def halve(values):\n    return values * 2\n"

QUIZ = """\
format: 1
id: quiz
title: A quiz
summary: Some questions.
questions:
  - id: one
    kind: choice
    points: 1
    prompt: Which?
    choices:
      - {text: this, correct: true, why: canary-right}
      - {text: that, why: canary-wrong}
  - id: many
    kind: multiple_choice
    points: 2
    scoring: proportional
    prompt: Which ones?
    choices: [{text: x, correct: true}, {text: y, correct: true}, {text: z}]
  - {id: number, kind: numeric, points: 1, prompt: How many?, correct: 3, tolerance: 0.01}
"""
ANSWERS = "one: a\nmany: [a, b]\nnumber: 3\n"


def assignment_files(name: str, limits: str = "{seconds: 30, check_seconds: 8, memory_mb: 512}") -> dict[str, str]:
    return {
        f"{name}/assignment.yaml": YAML.format(id=name, limits=limits),
        f"{name}/checks/public/test_public.py": PUBLIC,
        f"{name}/checks/hidden/test_hidden.py": HIDDEN,
        f"{name}/solutions/plain.py": f'"""canary-in-the-solution"""\n{RIGHT}',
        f"{name}/mistakes/doubled.py": f'"""canary-in-a-mistake"""\n{WRONG}',
    }


def marker(name: str) -> str:
    return json.dumps({"format": 1, "assignment": name})


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of three: ``halve``, ``halve-soon`` with little time and few checks, and ``quiz``."""
    soon = assignment_files("halve-soon", "{seconds: 1.2, check_seconds: 0.6, memory_mb: 512}")
    return write(
        tmp_path_factory.mktemp("course"),
        {
            "course.yaml": "title: Halves\nassignments: [halve, halve-soon, quiz]\n",
            **assignment_files("halve"),
            **soon,
            "quiz/assignment.yaml": QUIZ,
        },
    )


@pytest.fixture
def shell(tmp_path: Path, course: Path) -> Shell:
    return Shell(tmp_path, course)


@pytest.fixture
def shipped(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


# The whole way, in one course


def test_list(shell: Shell) -> None:
    answer = shell("list")
    assert answer.code == 0
    assert "halve-soon" in answer.out
    assert "`grader fetch ASSIGNMENT`" in answer.out
    listed = shell("list", "--json").json
    assert listed[0] == {
        **{"id": "halve", "title": "Halve it (halve)", "summary": "Divide by two.", "points": 5.0, "due": None},
        **{"attempts": 0, "attempts_left": None, "closed": None, "best": None, "changes": []},
    }
    assert not (shell.folder / "state").exists()  # to look makes no gradebook
    assert [row["id"] for row in listed] == ["halve", "halve-soon", "quiz"]


def test_fetch_never_loses_a_student_s_work(shell: Shell) -> None:
    first = shell("fetch", "halve")
    assert first.code == 0
    assert "halve/halve.py" in first.out
    assert "`grader check halve`" in first.out
    assert {path.name for path in (shell.folder / "halve").iterdir()} == {
        "README.md",
        "checks",
        "grader.json",
        "halve.py",
    }
    assert "(as it was)" in shell("fetch", "halve").out
    (shell.folder / "halve/halve.py").write_text(RIGHT)
    shell("fetch", "halve").fails(2, "halve.py", "--force")
    assert (shell.folder / "halve/halve.py").read_text() == RIGHT
    forced = shell("fetch", "halve", "--force")
    assert forced.code == 0
    backup = Path(re.search(r"What was there is in (.*)\.", forced.out)[1])  # type: ignore[index]
    assert (backup / "halve.py").read_text() == RIGHT
    assert "NotImplementedError" in (shell.folder / "halve/halve.py").read_text()


REPORT_KEYS = {
    "format", "assignment", "student", "status", "submission", "score", "points", "bonus", "deferred", "questions",
    "diagnoses", "environment",
}  # fmt: skip
CHECK_KEYS = {"id", "title", "visibility", "points", "score", "outcome", "message", "hint", "device"}


def test_the_whole_way_of_one_student(shell: Shell) -> None:
    shell("fetch", "halve")
    work = write(shell.folder / "halve", {"halve.py": RIGHT})

    checked = shell("check", "halve")
    assert checked.code == 0
    assert "Public checks passed: 1 of 1, 1 of 1 point. Hidden checks run when you submit." in checked.out
    assert "all passed" not in checked.out.casefold()
    assert not (shell.folder / "state/gradebook.sqlite3").exists()

    submitted = replace(shell, folder=work, home=shell.folder / "state")("submit", "--json")  # in the folder itself
    assert submitted.code == 0
    report = submitted.json
    assert report.keys() >= REPORT_KEYS
    assert (report["format"], report["assignment"], report["student"]) == (1, "halve", "ada")
    assert (report["status"], report["score"], report["points"]) == ("graded", 5.0, 5.0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["submission"]["submitted_at"])
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", report["submission"]["digest"])
    assert report["environment"]["isolation"] == "A"
    checks = report["questions"][0]["checks"]
    assert all(check.keys() >= CHECK_KEYS for check in checks)
    assert [check["visibility"] for check in checks] == ["public", "hidden", "hidden", "hidden"]
    name = report["submission"]["id"]
    assert submitted.err == f"Handed in: halve, attempt 1 of ada ({name}).\nReceipt: receipts/halve-1.json\n"

    assert shell("show", "--json").json == report
    assert shell("show", "halve", "--json").json == report
    assert shell("show", name, "--json", "--student", "ben").json == report
    assert "5 of 5 points." in shell("show").out
    page = shell("show", "--html", "out/page.html")
    assert (page.code, page.out) == (0, "out/page.html\n")
    assert "Full marks" in (shell.folder / "out/page.html").read_text()

    status = shell("status")
    assert re.search(rf"halve +1 +\d{{4}}-.* +5 / 5 +graded +5 +{name}", status.out)
    (row,) = shell("status", "--json").json
    assert row["submitted_at"] == report["submission"]["submitted_at"]
    assert (row["id"], row["attempt"], row["status"], row["score"]) == (name, 1, "graded", 5.0)
    assert (row["counts"], row["final_score"]) == (True, 5.0)
    assert shell("status", "--student", "ben").out.startswith("ben has handed in nothing yet")
    shell("show", "--student", "ben").fails(2, "ben has handed in nothing yet", "`grader submit`")
    shell("show", "quiz").fails(2, "ada has handed in nothing for quiz yet")


def test_the_quiz(shell: Shell) -> None:
    shell("fetch", "quiz")
    assert "0 of 3 questions answered. Answers are graded when you submit." in shell("check", "quiz").out
    write(shell.folder / "quiz", {"answers.yaml": "one: b\nmany: [a, c]\nnumber: 3.5\n"})
    checked = shell("check", "quiz")
    assert checked.code == 0  # not even the exit code says which answers are right
    assert "canary" not in checked.out
    assert not re.search(r"pass|FAIL|right|wrong", checked.out)
    wrong = shell("submit", "quiz")
    assert (wrong.code, wrong.out.splitlines()[-4]) == (1, "0 of 4 points.")
    write(shell.folder / "quiz", {"answers.yaml": ANSWERS})
    right = shell("submit", "quiz")
    assert (right.code, right.out.splitlines()[-2]) == (0, "4 of 4 points.")
    assert "attempt 2" in right.err
    assert len(shell("status", "--json").json) == 2


def test_a_zip_of_the_folder_that_was_fetched(shell: Shell) -> None:
    shell("fetch", "quiz")
    write(shell.folder / "quiz", {"answers.yaml": ANSWERS})
    for root, base in ((shell.folder, "quiz"), (shell.folder / "quiz", ".")):
        shutil.make_archive(str(shell.folder / "my work"), "zip", root, base)
        answer = shell("submit", "my work.zip")
        assert (answer.code, answer.out.splitlines()[-2]) == (0, "4 of 4 points.")


def test_without_isolation_the_report_says_so(shell: Shell) -> None:
    write(shell.folder / "work", {"grader.json": marker("halve"), "halve.py": RIGHT})
    report = shell("check", "work", "--no-isolation", "--json").json
    assert (report["score"], report["environment"]["isolation"]) == (1.0, "none")
    assert (report["student"], report["complete"]) == (None, False)
    assert "--no-isolation" in " ".join(shell("check", "--help").out.split())


@pytest.mark.slow
def test_a_class_with_the_assignment_named(shell: Shell) -> None:
    inbox = write(shell.folder / "inbox", {"ada/halve.py": RIGHT, "ben/halve.py": WRONG})
    for name, folder in (("cleo.zip", ""), ("дан.zip", "halve/")):
        with zipfile.ZipFile(inbox / name, "w") as archive:
            archive.writestr(f"{folder}halve.py", RIGHT)
    answer = shell("grade", "inbox", "--assignment", "halve")
    assert answer.code == 1
    scores = [line.split()[:3] for line in answer.out.splitlines()[1:]]
    assert scores == [["ada", "halve", "5"], ["ben", "halve", "0"], ["cleo", "halve", "5"], ["дан", "halve", "5"]]

    again = shell("grade", "inbox", "--assignment", "halve", "--json")
    assert again.code == 1
    assert {name: report["score"] for name, report in again.reports.items()} == {
        "ada": 5.0, "ben": 0.0, "cleo": 5.0, "дан": 5.0,
    }  # fmt: skip
    assert len(shell("status", "--student", "ben", "--json").json) == 1  # the same work is no new attempt

    report = shell("report", "--out", "pages")
    assert (report.code, report.out) == (0, "pages/index.html\n")
    assert "дан" in (shell.folder / "pages/index.html").read_text()
    assert len(list((shell.folder / "pages/reports").iterdir())) == 4
    figures = shell("report", "--json").json
    assert figures["assignments"][0]["submitted"] == 4
    assert [row["student"] for row in figures["students"]] == ["ada", "ben", "cleo", "дан"]

    exported = shell("export", "canvas", "halve")
    assert exported.code == 0
    rows = list(csv.reader(io.StringIO(exported.out.removeprefix("\ufeff"))))
    assert any("ada" in row and "5" in " ".join(row) for row in rows)
    assert shell("export", "canvas", "halve", "--out", "canvas.csv").out == "canvas.csv\n"
    assert (shell.folder / "canvas.csv").read_bytes().decode() == exported.out
    shell("export", "canvas", "quiz").fails(2, "no final grades", "`grader grade INBOX`")


def test_the_course_that_ships(shipped: Shell) -> None:
    assert {row["id"] for row in shipped("list", "--json").json} >= {"focal-loss", "choose-the-loss"}
    shipped("fetch", "focal-los").fails(2, "did you mean 'focal-loss'?", "the course has choose-the-loss, ")
    assert shipped("fetch", "focal-loss").code == 0
    stub = shipped("check", "focal-loss")
    assert stub.code == 1
    assert "Not written yet: NotImplementedError is raised at focal_loss.py:" in " ".join(stub.out.split())
    solution = next(iter(sorted((find_data("assignments") / "focal-loss/solutions").glob("*.py"))))
    shutil.copy(solution, shipped.folder / "focal-loss/focal_loss.py")
    answer = shipped("submit", "focal-loss")
    assert answer.code == 0, answer
    assert answer.out.splitlines()[-2].startswith("10 of 10 points")


def test_what_is_doubtful_is_asked_about(shell: Shell) -> None:
    shell("fetch", "halve")
    untouched = "halve.py is as it was fetched: nothing is filled in"
    refused = shell.in_a_terminal("submit", "halve", typed="n\n")
    assert untouched in refused
    assert "Hand it in all the same? [y/N]: " in refused
    assert "nothing was handed in" in refused
    assert "nothing was handed in" in replace(shell, extra={"GRADER_LANGUAGE": "en"}).in_a_terminal(
        "submit", "halve", typed="\x04"
    )
    german = replace(shell, extra={"GRADER_LANGUAGE": "de"}).in_a_terminal("submit", "halve", typed="x\nnein\n")
    assert "Trotzdem abgeben? [j/N]: " in german
    assert "Antworte mit j oder n." in german
    assert shell("status", "--json").json == []
    shell("fetch", "quiz")
    blank = shell.in_a_terminal("submit", "quiz", typed="n\n")
    assert "no question of the quiz is answered" in blank
    assert "nothing was handed in" in blank
    (shell.folder / "halve/halve.py").write_text("def halve(values:\n")
    broken = shell("submit", "halve")  # nobody is there to be asked
    assert "halve.py:1 is no Python: '(' was never closed" in broken.err
    assert "attempt 1 of ada" in broken.err
    again = shell("submit", "halve")
    assert "this is what was handed in as attempt 1" in again.err
    assert "attempt 2 of ada" in again.err


def test_the_folder_that_one_stands_in_is_the_one_that_is_meant(shell: Shell) -> None:
    shell("fetch", "halve")
    shell("fetch", "halve-soon")
    (shell.folder / "halve/halve.py").write_text("def halve(values):\n    return values / 2\n")
    shell("submit", "halve")
    shell("submit", "halve-soon")
    last, inside = shell("show"), replace(shell, folder=shell.folder / "halve", home=shell.folder / "state")
    assert last.out.startswith("halve-soon · ")
    assert inside("show").out.startswith("halve · ")
    checks = replace(inside, folder=shell.folder / "halve/checks")
    checks("check").fails(2, "is not a submission folder", f"the folder above it is one: {shell.folder / 'halve'}")
    shell("show", "--html", "x", "--pdf", "x").fails(2, "--html and --pdf name the same file")
    rows = [shell("status", *names, "--json").json for names in ((), ("halve",), ("halve-soon",))]
    assert [[row["assignment"] for row in some] for some in rows] == [
        ["halve", "halve-soon"], ["halve"], ["halve-soon"],
    ]  # fmt: skip
    shown = shell("status", "halve").out
    assert "halve-soon" not in shown
    assert shell("status", "halve", "--student", "bob").out == (
        "bob has handed in nothing for halve yet; `grader fetch halve` gets it.\n"
    )
    shell("status", "hlave").fails(2, "no assignment 'hlave'; did you mean 'halve'?")


def test_a_folder_says_how_its_own_course_is_called(shell: Shell) -> None:
    assert shell.course is not None
    unset = replace(shell, course=None)
    unset("fetch", "halve", "--course", shell.course)
    readme = (shell.folder / "halve/README.md").read_text()
    command = f"grader --course {shell.course} check"
    assert f"\n{command}     # as often as you like\n" in readme
    inside = replace(unset, folder=shell.folder / "halve", home=shell.folder / "state")
    assert inside(*command.split()[1:]).out.startswith("halve · ")
    for lost in ("check", "status", "list"):
        inside(lost).fails(2, "is from the course 'Halves'", f"name its course: --course {shell.course}")


def test_work_from_another_course_is_not_taken_for_this_one_s(shell: Shell) -> None:
    shell("fetch", "halve")
    other = write(shell.folder / "other", {"course.yaml": "title: Another one\nassignments: [halve]\n"})
    assert shell.course is not None
    shutil.copytree(shell.course / "halve", other / "halve")
    replace(shell, course=other)("check", "halve").fails(
        2,
        "halve is from the course 'Halves', and this is about 'Another one'",
        f"--course {shell.course}, or GRADER_COURSE={shell.course}",
    )
    left = replace(shell, course=other)("check")  # in the folder above it
    assert "is from the course 'Halves', and this is about 'Another one'" in left.out
    assert "halve is from the course 'Halves'" in replace(shell, course=other)("hint", "halve").err
    shell("check", "quiz").fails(2, "quiz: there is no such file or folder\n", "fetch quiz` makes it")
    shell("check", "hlave").fails(2, "hlave: there is no such file or folder; did you mean 'halve'?")
    shell("submit", "halve.zip").fails(2, "there is no such file or folder", "look at its name")
    (shell.folder / "halve/halve.py").rename(shell.folder / "halve/my_halve.py")
    shell("check", "halve").fails(2, "rename my_halve.py to halve.py")
    inside = replace(shell, course=None, folder=other / "halve")("list")
    assert "this is about the course that ships; for the one in this folder: --course ..\n" in inside.err
    (other / "course.yaml").write_text("title: Another one\nassignments: [quarter]\n")
    (other / "halve").rename(other / "quarter")
    spec = (other / "quarter/assignment.yaml").read_text()
    (other / "quarter/assignment.yaml").write_text(spec.replace("id: halve\n", "id: quarter\n", 1))
    for command in ("fetch", "quiz", "hint", "show", "status"):
        refused = replace(shell, course=other)(command, "halve")
        refused.fails(2, "halve is from the course 'Halves', and this is about 'Another one'")
    for words in (("show",), ("fetch", "qarter"), ("receipt", "show")):
        inside = replace(shell, course=other, folder=shell.folder / "halve", home=shell.folder / "state")(*words)
        inside.fails(2, "halve is from the course 'Halves', and this is about 'Another one'")
    replace(shell, course=other)("fetch", "qarter").fails(2, "no assignment 'qarter'; did you mean 'quarter'?")
    replace(shell, course=other)("fetch", "week-9").fails(2, "halve is from the course 'Halves'")
    (shell.folder / "halve/grader.json").write_text("{")
    replace(shell, course=other)("fetch", "week-9").fails(2, "no assignment 'week-9'")


# Answers that students hand in, all in one inbox

LIAR = """
class Liar:
    def __eq__(self, other): return True
    def __float__(self): return 373737.0
    def __bool__(self): return True
    def __getattr__(self, name): return self
    def __call__(self, *arguments, **keywords): return self
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None): return True


def halve(values):
    return Liar()
"""

LYING_TENSOR = """
import torch


class Lying(torch.Tensor):
    def __eq__(self, other): return torch.tensor(True)
    def __float__(self): return 373737.0
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None): return torch.ones(1)


def halve(values):
    return torch.zeros(values.shape).as_subclass(Lying)
"""

FORGER = """
import json
import os

LINES = "".join(
    json.dumps(event) + chr(10)
    for event in [
        {"event": "verdict", "submission": 0, "result": {
            "check": "test_half_of_two", "outcome": "passed", "message": None, "detail": None, "frames": [],
            "device": "cpu", "deferred": False, "seconds": 0.0}},
        {"event": "finished", "submission": 0, "output": "", "seconds": 0.0, "environment": {}},
        {"format": 1, "status": "graded", "score": 5.0, "points": 5.0},
    ]
)
print(LINES)
print("4 passed in 0.01s")


def halve(values):
    for descriptor in DESCRIPTORS:
        try:
            os.write(descriptor, LINES.encode())
        except OSError:
            pass
    return values
"""

PATCHER = """
import builtins
import sys
import torch

torch.isclose = torch.allclose = torch.equal = lambda *a, **k: torch.tensor(True)
torch.testing.assert_close = lambda *a, **k: None
torch.Tensor.__eq__ = lambda self, other: True
torch.Tensor.all = lambda self: True
builtins.abs = builtins.sum = lambda *a: 0
for name in ("pytest", "_pytest", "grader.examiner.expect"):
    sys.modules[name] = None


def halve(values):
    return values
"""

SHOUTER = """
def halve(values):
    print(chr(27) + "[31m" + "red" * 1000)
    tags = "<script>alert(1)</script>[bold]" + "A" * 1_000_000
    raise ValueError(chr(27) + "[2J" + chr(27) + "]0;title" + chr(7) + tags)
"""

DROPPER = """
class Gone(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__


def halve(values):
    raise Gone
"""

LEAKER = """
class Box:
    pass


def halve(values):
    name = "x" + "_".join(str(value) for value in values.flatten().tolist())
    if values.requires_grad or values.ndim == 0:
        kind = type(name, (Box,), {})
        kind.__qualname__ = name
        return kind()
    raise type(name, (ValueError,), {})(name)
"""

# Each student's code, the first check's outcome (a pattern), and words that its message must hold.
ZOO: dict[str, tuple[str, str, str]] = {
    "a-right-one": (RIGHT, "passed", ""),
    "blank": ("\n  \n", "not_run", ""),
    "empty": ("", "not_run", ""),
    "forbidden": ("import torch as t\ndef halve(v):\n    return t.true_divide(v, 2)\n", "not_run", ""),
    "syntax": (
        "import torch\n\ndef halve(values)\n    return 1\n",
        "failed",
        "halve.py:3: SyntaxError: expected ':'",
    ),
    "indent": ("def halve(values):\nreturn values\n", "failed", "halve.py:2: IndentationError"),
    "no-module": ("import torhc\n", "failed", "halve.py:1: ModuleNotFoundError: No module named 'torhc'"),
    "nothing": ("# later\n", "failed", "halve.py has no halve; it defines nothing of its own."),
    "misnamed": ("def halv(values):\n    return 1\n", "failed", "halve.py has no halve; it defines halv: did you mean"),
    "signature": ("def halve():\n    return 1\n", "failed", "do the arguments that it takes"),
    "unwritten": ("def halve(values):\n    raise NotImplementedError\n", "failed", "Not written yet"),
    "none": ("def halve(values):\n    values / 2\n", "failed", "it is None: is a return statement missing?"),
    "text": ("def halve(values):\n    return 'half'\n", "failed", "should be a tensor, but it is a str"),
    "list": ("def halve(values):\n    return [1.0]\n", "failed", "should be a tensor, but it is a list of length 1"),
    "nan": ("def halve(values):\n    return values * float('nan')\n", "failed", "The half is NaN"),
    "shape": ("def halve(values):\n    return (values / 2).repeat(2)\n", "failed", "should have shape (1,), but"),
    "doubled": (WRONG, "failed", "The half has wrong values: 1 of 1."),
    "generator": ("def halve(values):\n    yield values / 2\n", "failed", "should be a tensor, but it is an object"),
    "huge": ("def halve(values):\n    return 'x' * 30_000_000\n", "failed", "what it returns, fit what is asked for?"),
    "liar": (LIAR, "failed", "The half should be a tensor, but it is an object"),
    "lying-tensor": (LYING_TENSOR, "failed", ""),
    "printer": ("def halve(v):\n    while True:\n        print('x' * 100_000)\n", "crashed", "printed more than 1 MB"),
    "memory": (
        "def halve(values):\n    kept = []\n    while True:\n        kept.append(bytearray(50_000_000))\n",
        "failed",
        "The code ran out of memory at halve.py:4.",
    ),
    "recursion": ("def halve(values):\n    return halve(values)\n", "failed", "calls itself without end"),
    "roundabout": (
        "import torch\ndef halve(values):\n    return getattr(torch, 'true_' + 'divide')(values, 2)\n",
        "failed",
        "The code uses something at halve.py:3 that this question asks you to do without.",
    ),
    "exit-import": ("import sys\nsys.exit(0)\n", "failed", "tried to end the program while it was being imported"),
    "exit-call": ("def halve(values):\n    raise SystemExit(0)\n", "failed", "tried to end the program (SystemExit)"),
    "interrupt": ("def halve(values):\n    raise KeyboardInterrupt\n", "failed", "tried to end the program (Keyb"),
    "_exit-import": ("import os\nos._exit(0)\n", "crashed", "While halve.py was being imported: the code ended its"),
    "_exit-call": ("import os\ndef halve(values):\n    os._exit(0)\n", "crashed", "ended its own process before it"),
    "segfault": ("import ctypes\ndef halve(values):\n    ctypes.string_at(0)\n", "crashed", "crashed (SIGSEGV)"),
    "killer": ("import os\ndef halve(values):\n    os.kill(os.getppid(), 9)\n", "failed", "raised PermissionError"),
    "forker": ("import os\ndef halve(values):\n    while True:\n        os.fork()\n", "failed", "PermissionError at"),
    "forger": (FORGER.replace("DESCRIPTORS", "(1, 2)"), "failed", "The half has wrong values"),
    "forger-3": (FORGER.replace("DESCRIPTORS", "range(3, 64)"), "crashed", "sent something that is not a result"),
    "patcher": (PATCHER, "failed|crashed", ""),
    "skipper": ("import pytest\ndef halve(values):\n    pytest.skip('no')\n", "failed", "The code raised"),
    "passer": ("import pytest\ndef halve(values):\n    pytest.exit('0', 0)\n", "failed", "The code raised"),
    "shouter": (SHOUTER, "failed", "The code raised ValueError at halve.py:5."),
    "dropper": (DROPPER, "failed", "The code raised Gone at halve.py:8."),
    "leaker": (LEAKER, "failed", "The code raised ValueError at halve.py:12."),
    "reader": ("def halve(values):\n    return open(PATH).read()\n", "failed", "raised PermissionError at halve.py:2."),
    "detached": ("def halve(values):\n    return values.detach() / 2\n", "passed", ""),
}  # fmt: skip
SCORES = {"a-right-one": 5.0, "detached": 4.0}

SLEEPERS = {
    "sleeper": ("import time\ndef halve(values):\n    time.sleep(1000)\n", "The code did not finish within"),
    "looper": (
        "import signal\nfor number in (2, 15, 24):\n    signal.signal(number, signal.SIG_IGN)\n"
        "def halve(values):\n    while True:\n        pass\n",
        "The code did not finish within",
    ),
    "sleeper-import": ("import time\ntime.sleep(1000)\n", "While halve.py was being imported: the code did not finish"),
}


@dataclass(frozen=True)
class Graded:
    shell: Shell
    answer: Answer
    reports: Mapping[str, Any]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory, course: Path) -> Graded:
    """The class above, graded at once from an inbox of ``STUDENT/ASSIGNMENT`` folders."""
    shell = Shell(tmp_path_factory.mktemp("zoo"), course)
    hidden = course / "halve/checks/hidden/test_hidden.py"
    for student, (code, _, _) in ZOO.items():
        files = {"halve.py": code.replace("PATH", repr(str(hidden))), "grader.json": marker("halve")}
        write(shell.folder / "inbox" / student / "my answer", files)
    for student, (code, _) in SLEEPERS.items():
        write(shell.folder / "inbox" / student / "halve-soon", {"halve.py": code})
    answer = shell("grade", "inbox", "--json")
    return Graded(shell, answer, answer.reports)


def test_everybody_in_the_zoo_gets_a_grade(zoo: Graded) -> None:
    assert zoo.answer.code == 1
    assert zoo.answer.err == ""
    assert zoo.reports.keys() == ZOO.keys() | SLEEPERS.keys()
    assert {report["status"] for report in zoo.reports.values()} == {"graded"}
    assert {name: report["score"] for name, report in zoo.reports.items() if report["score"]} == SCORES


@pytest.mark.parametrize("student", ZOO)
def test_what_a_student_is_told(zoo: Graded, student: str) -> None:
    _, outcome, words = ZOO[student]
    first = zoo.reports[student]["questions"][0]["checks"][0]
    assert re.fullmatch(outcome, first["outcome"]), first
    assert words in (first["message"] or ""), first


@pytest.mark.parametrize("student", SLEEPERS)
def test_code_that_never_ends_is_stopped(zoo: Graded, student: str) -> None:
    checks = zoo.reports[student]["questions"][0]["checks"]
    assert {check["outcome"] for check in checks} == {"timed_out"}
    assert any(SLEEPERS[student][1] in check["message"] for check in checks), checks


def test_work_that_cannot_be_read_has_a_line_of_its_own(tmp_path: Path, course: Path) -> None:
    shell = Shell(tmp_path, course)
    write(tmp_path / "inbox" / "ada", {"halve.py": RIGHT})
    write(tmp_path / "inbox" / "ben", {"other.txt": "hello"})
    answer = shell("grade", "inbox", "--assignment", "halve", "--json")
    assert answer.code == 2
    ada, ben = (json.loads(line) for line in answer.out.splitlines())
    assert (ada["student"], ada["status"], ada["score"]) == ("ada", "graded", 5)
    assert (ben["student"], ben["status"], ben["assignment"]) == ("ben", "refused", "halve")
    assert "halve.py" in ben["message"]
    assert "ben" in answer.err


def test_code_that_is_not_run_says_why(zoo: Graded) -> None:
    messages = {name: zoo.reports[name]["questions"][0]["message"] for name in ("blank", "empty", "forbidden")}
    assert messages["blank"] == messages["empty"] == "halve.py is empty."
    assert messages["forbidden"].startswith("halve.py:3 uses torch.true_divide, which this question asks you to do")


def test_a_detached_result_is_named(zoo: Graded) -> None:
    gradient = zoo.reports["detached"]["questions"][0]["checks"][2]
    assert gradient["message"].startswith("No gradient flows back from the result: it is detached from the graph")


def test_nothing_hidden_is_shown_to_a_student(zoo: Graded) -> None:
    """What failing work, and work that tries to carry inputs out, is shown in every form that a student can ask for."""
    for student in ("doubled", "shape", "signature", "leaker", "liar", "shouter"):
        shell = replace(zoo.shell, student=student)
        page = zoo.shell.folder / f"{student}.html"
        both = shell("show", "--json", "--html", page)
        assert both.err == f"{page}\n"
        assert "<script>alert" not in page.read_text()
        for text in (shell("show").out, both.out, page.read_text()):
            assert "The gradient is a half" in text  # hidden checks are there, by title
            assert ESC not in text
            for canary in CANARIES:
                assert canary not in text, student
    told = replace(zoo.shell, student="doubled")("show", "--instructor").out
    assert "expected 368687" in told  # the same, for those who may see it


def test_a_terminal_shows_no_escape_of_a_student_s(zoo: Graded) -> None:
    shell = replace(zoo.shell, student="shouter", extra={"NO_COLOR": "1"})
    for option in ((), ("--instructor",)):
        written = shell.in_a_terminal("show", *option)
        assert "The code raised ValueError" in written
        assert ESC not in written
        assert "\x07" not in written
    assert "␛[31mred" in written  # what it printed is read, not obeyed
    assert "ValueError: ␛[2J␛]0;title␇<script>" in zoo.reports["shouter"]["questions"][0]["checks"][0]["detail"]
    colourful = replace(shell, extra={}).in_a_terminal("show", "--instructor")
    assert ESC in colourful
    assert not re.sub(r"\x1b\[[0-9;]*m", "", colourful).count(ESC)  # nothing but colours


def test_check_shows_a_student_the_public_checks_only(zoo: Graded) -> None:
    work = next((zoo.shell.folder / "inbox/leaker").iterdir())
    answer = zoo.shell("check", work, "--json")
    assert answer.code == 1
    assert "Half of 2 is 1" in answer.out
    for canary in (*CANARIES, "gradient"):
        assert canary not in answer.out


def test_the_same_work_gets_the_same_report(zoo: Graded, tmp_path: Path) -> None:
    """Two students and two times: nothing differs but who, when and the submission's name."""
    names = ("doubled", "liar", "recursion", "leaker", "_exit-call")
    for name in names:
        for twin in (name, f"{name}-twin"):
            shutil.copytree(zoo.shell.folder / "inbox" / name, tmp_path / "inbox" / twin)
    shell = replace(zoo.shell, home=tmp_path / "state")
    twins = shell("grade", tmp_path / "inbox", "--json").reports

    def plain(report: Mapping[str, Any]) -> str:
        submission = {**report["submission"], "id": None, "submitted_at": None}
        final = report["final"] and {**report["final"], "submission": None}
        attempts = [{**one, "submitted_at": None} for one in (report["context"] or {}).get("attempts", ())]
        context = report["context"] and {**report["context"], "attempts": attempts}
        return json.dumps({**report, "student": None, "submission": submission, "final": final, "context": context})

    for name in names:
        assert plain(zoo.reports[name]) == plain(twins[name]) == plain(twins[f"{name}-twin"])
    shown = [replace(shell, student=twin)("show", "--json").json for twin in ("liar", "liar-twin")]
    assert plain(shown[0]) == plain(shown[1])


# Work that cannot be taken


@pytest.mark.slow
def test_work_that_cannot_be_read_stops_nobody_else(shell: Shell, tmp_path: Path) -> None:
    inbox = write(
        tmp_path / "inbox",
        {
            "good/halve.py": RIGHT,
            "binary/halve.py": bytes(range(256)) * 40,
            "utf16/halve.py": RIGHT.encode("utf-16"),
            "elsewhere/sub/deep/halve.py": RIGHT,
            "other/Halve.py": RIGHT,
            "notebook/halve.ipynb": "{}",
            "wrong/grader.json": marker("quiz"),
            "wrong/halve.py": RIGHT,
            f"evil{ESC}[31m\nname/halve.py": RIGHT,
            "notes.txt": "who is who",
            "twin/halve.py": RIGHT,
            "not-a-zip.zip": "PK but no",
        },
    )
    (inbox / "nothing").mkdir()
    (inbox / "big").mkdir()
    with open(inbox / "big/halve.py", "wb") as file:
        file.truncate(50_000_000)
    (inbox / "pipe").mkdir()
    os.mkfifo(inbox / "pipe/halve.py")
    (inbox / "link").symlink_to(inbox / "good")
    write(inbox, {"file-link/other.py": ""})
    (inbox / "file-link/halve.py").symlink_to(inbox / "good/halve.py")
    with zipfile.ZipFile(inbox / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("halve.py", b"#" * 900_000)
    with zipfile.ZipFile(inbox / "climber.zip", "w") as archive:
        archive.writestr("../../halve.py", RIGHT)
    with zipfile.ZipFile(inbox / "twin.zip", "w") as archive:
        archive.writestr("halve.py", WRONG)

    answer = shell("grade", "inbox", "--assignment", "halve")
    assert answer.code == 2
    rows = {line.split()[0]: line for line in answer.out.splitlines()[1:]}
    assert "5 / 5" in rows["good"]
    assert all("not graded" in row for name, row in rows.items() if name != "good")
    for words in (
        "inbox/binary: halve.py:1: a NUL byte",
        "inbox/utf16: halve.py:1: UTF-16, not UTF-8",
        "inbox/elsewhere holds none of the files of halve: expected halve.py, found sub/",
        "inbox/other: Halve.py is not a name that is asked for; did you mean 'halve.py'?",
        "inbox/notebook: halve.ipynb is not a notebook",
        "belongs to the assignment 'quiz', not to 'halve'",
        "cannot be a student's id",
        "inbox/notes.txt: it is neither a folder nor a zip nor a notebook",
        "inbox/not-a-zip.zip: not-a-zip.zip is not a zip file, or it is damaged",
        "inbox/nothing holds none of the files of halve: expected halve.py, found nothing",
        "inbox/big: halve.py is too large: 50,000,000 bytes",
        "inbox/pipe: halve.py is a named pipe, not a file",
        "inbox/link: it is a symbolic link",
        "inbox/file-link: halve.py is a symbolic link",
        "inbox/bomb.zip: halve.py in bomb.zip is packed too tightly",
        "inbox/climber.zip: climber.zip holds '../../halve.py': a path that leaves its folder",
        "inbox/twin: twin has another one here: twin.zip",
        "inbox/twin.zip: twin has another one here: twin",
    ):
        assert words in answer.err, answer.err
    assert len(answer.out.splitlines()) == 1 + len(list(inbox.iterdir()))
    assert shell("status", "--student", "twin", "--json").json == []


@pytest.mark.slow
def test_an_inbox_that_is_none(shell: Shell, tmp_path: Path) -> None:
    shell("grade", "nowhere").fails(2, "nowhere: there is no such folder", "one folder or zip per student")
    (tmp_path / "inbox").mkdir()
    shell("grade", "inbox").fails(2, "inbox holds nobody's work")
    write(tmp_path / "mine", {"halve.py": RIGHT})
    shell("grade", "mine", "--assignment", "halve").fails(2, "mine is one submission", "`grader submit`")
    write(tmp_path / "mine", {"grader.json": marker("halve")})
    shell("grade", "mine").fails(2, "mine is one submission")
    write(tmp_path / "inbox", {"ada/halve.py": RIGHT, "ben/hlave/halve.py": RIGHT})
    for name, inside in (("cleo", ""), ("dan", marker("quiz"))):
        with zipfile.ZipFile(tmp_path / f"inbox/{name}.zip", "w") as archive:
            archive.writestr("quiz/grader.json" if inside else "quiz/notes.txt", inside)
            archive.writestr("quiz/answers.yaml", ANSWERS)
    answer = shell("grade", "inbox")
    assert answer.code == 2
    assert re.search(r"^dan +quiz +4 / 4 +graded$", answer.out, re.MULTILINE)
    assert "inbox/ada: it holds no folder of an assignment" in answer.err
    assert "inbox/ben/hlave: no assignment 'hlave'; did you mean 'halve'?" in answer.err
    assert "inbox/cleo.zip: nothing says which assignment it is" in answer.err
    shell("grade", "inbox", "--assignment", "hlave").fails(2, "did you mean 'halve'?")


def test_which_course_is_meant_is_said_and_its_own_folders_are_safe(shell: Shell, course: Path, tmp_path: Path) -> None:
    """A course in the folder where one happens to be may be anybody's: its checks are not run unasked."""
    inside = replace(shell, folder=course, course=None, home=tmp_path / "state")
    told = inside("list")
    assert told.err == "grader: this is about the course that ships; for the one in this folder: --course .\n"
    assert "focal-loss" in told.out
    own = inside("--course", ".", "list")
    assert own.err == ""
    assert own.out.endswith("Get one with `grader --course . fetch ASSIGNMENT`.\n")
    before = sorted(path.name for path in (course / "halve").rglob("*"))
    inside("--course", ".", "fetch", "halve").fails(2, "halve is in the folder of an assignment", "work/halve")
    inside("--course", ".", "fetch", "halve", "halve/ada").fails(2, "halve/ada is in the folder of an assignment")
    assert sorted(path.name for path in (course / "halve").rglob("*")) == before


@pytest.mark.slow
def test_a_path_that_is_no_submission(shell: Shell, tmp_path: Path) -> None:
    shell("check", "nowhere").fails(2, "nowhere: there is no such file or folder", "`grader fetch ASSIGNMENT`")
    shell("check").fails(2, f"{tmp_path} is not a submission folder: it has no grader.json", "grader list")
    write(tmp_path, {"work/grader.json": marker("halve"), "loose/halve.py": RIGHT})
    shell("submit").fails(2, "give one of the folders in it: work")
    inside = replace(shell, folder=tmp_path / "work", home=tmp_path / "state")
    inside("check", "halve").fails(2, "halve: there is no such file or folder", "leave the name out")
    shell("submit", "work").fails(2, "work holds none of the files of halve: expected halve.py, found grader.json")
    shell("check", "loose/halve.py").fails(2, "nothing says which assignment this is", "--assignment")
    shell("check", "x" * 5000).fails(2, "cannot be read: file name too long")
    shell("submit", "loose", "--assignment", "hlave").fails(2, "did you mean 'halve'?")
    archive = shutil.make_archive(str(tmp_path / "loose"), "zip", tmp_path, "loose")
    shell("check", archive).fails(2, "loose.zip: nothing says which assignment this is", "--assignment")
    shell("submit", "loose", "--assignment", "quiz").fails(2, "expected answers.yaml, found halve.py")
    for text, words in (
        ("{", "is not valid JSON"),
        ('{"format": 2, "assignment": "halve"}', "has format 2"),
        (marker("hlave"), "did you mean 'halve'?"),
        ("[" * 9000, "is not valid JSON"),
    ):
        write(tmp_path / "work", {"grader.json": text})
        shell("check", "work").fails(2, words)


@pytest.mark.slow
def test_answers_that_cannot_be_read_are_not_handed_in(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path / "work", {"grader.json": marker("quiz")})
    for text, words in (
        ("one: [a\nmany: b\n", "answers.yaml:2:"),
        ("one: d\n", "answers.yaml:1:6: "),
        ("oen: a\n", "did you mean 'one'?"),
        ("one: a\none: b\n", "answers.yaml:2:"),
        ("number: many\n", "answers.yaml:1:9: "),
        ("a: &a [x]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(100)), "answers.yaml:1:"),
        ("- a\n", "answers.yaml:1:1: "),
        (f"one: '{ESC}[31m'\n", "answers.yaml:1:"),
    ):
        write(tmp_path / "work", {"answers.yaml": text})
        shell("submit", "work").fails(2, words, "nothing was handed in")
    shell("check", "work").fails(2, "answers.yaml:1:", "mend the answers and try again")
    assert shell("status", "--json").json == []


@pytest.mark.parametrize("name", ["../ben", "a/b", ".", "a\nb", f"a{ESC}[31m", " a", "x" * 101, ""])
def test_a_student_id_is_no_path(shell: Shell, tmp_path: Path, name: str) -> None:
    write(tmp_path / "work", {"grader.json": marker("quiz"), "answers.yaml": ANSWERS})
    shell("submit", "work", "--student", name).fails(2, "student's id", "such as ada or 00123")
    assert not (tmp_path / "ben").exists()


# Arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sbmit"], ["no command 'sbmit'; did you mean 'submit'?", "`grader --help` says more"]),
        (["frobnicate"], ["no command 'frobnicate'\n"]),
        (["export", "canvs"], ["no such command 'canvs'", "'canvas'"]),
        (["submit", "--jsn"], ["no such option '--jsn'", "'--json'", "`grader submit --help` says more"]),
        (["grade"], ["missing argument 'PATH [PATH]...'", "usage: grader grade [OPTIONS] PATH [PATH]..."]),
        (["fetch"], ["missing argument 'ASSIGNMENT'"]),
        (["list", "more"], ["unexpected extra argument (more)"]),
        ([f"{ESC}[31m"], ["no command '\\x1b[31m'"]),
        (["list", f"{ESC}[31m"], ["␛[31m"]),
        (["show", "hlave"], ["neither an assignment nor a submission 'hlave'; did you mean 'halve'?"]),
        (["fetch", "hlave"], ["no assignment 'hlave'; did you mean 'halve'?", "the course has halve, halve-soon"]),
        (["fetch", "halve", "course.txt"], ["course.txt is a file", "another folder"]),
        (["export", "canvas", "hlave"], ["did you mean 'halve'?"]),
        (["check", f"{ESC}[31m"], ["␛[31m: there is no such file or folder"]),
    ],
)  # fmt: skip
def test_misuse_is_answered_with_the_next_step(shell: Shell, arguments: list[str], words: list[str]) -> None:
    write(shell.folder, {"course.txt": ""})
    shell(*arguments).fails(2, *words)


@pytest.mark.parametrize("link", [False, True], ids=["relative", "link"])
def test_wrong_work_fails_whichever_way_the_course_is_named(tmp_path: Path, course: Path, link: bool) -> None:
    """Not in the course's own words: whose assertion it was is told by where the check lies."""
    if link:
        (tmp_path / "linked").symlink_to(course)
    shell = Shell(tmp_path, Path("linked") if link else Path(os.path.relpath(course, tmp_path)))
    write(tmp_path / "work", {"grader.json": marker("halve"), "halve.py": WRONG})
    report = shell("submit", "work", "--json").json
    assert report["status"] == "graded"
    assert {check["outcome"] for check in report["questions"][0]["checks"]} == {"failed"}


def test_the_course_can_be_named_in_three_places(tmp_path: Path, course: Path) -> None:
    shell = Shell(tmp_path)
    listed = shell("--course", course, "list", "--json").json
    assert listed == shell("list", "--json", "--course", course).json
    assert listed == replace(shell, course=course)("list", "--json").json
    shell("export", "canvas", "halve", "--course", course).fails(2, "no final grades")
    replace(shell, course=tmp_path / "gone")("list").fails(2, f"{tmp_path / 'gone'}: there is no such folder")
    shell("--course", tmp_path, "list").fails(
        2, "there is no course.yaml in this folder", "give the folder of a course"
    )


def test_names_that_no_terminal_can_show(shell: Shell) -> None:
    strange = os.fsdecode(b"\xff\xfe")
    strict = replace(shell, extra={"PYTHONIOENCODING": "utf-8:strict"})
    assert strict("fetch", "halve", strange).code == 0
    assert (shell.folder / strange / "halve.py").is_file()
    strict("check", f"{strange}/gone").fails(2, "there is no such file or folder")
    western = replace(shell, extra={"PYTHONIOENCODING": "latin-1"})
    write(shell.folder, {"work/grader.json": marker("quiz"), "work/answers.yaml": ANSWERS})
    answer = western("submit", "work", "--student", "дан")
    assert answer.code == 0
    assert "4 of 4 points" in answer.out


HELP = [
    [], ["list"], ["fetch"], ["check"], ["submit"], ["status"], ["show"], ["grade"], ["report"], ["export"],
    ["export", "canvas"], ["export", "moodle"], ["export", "blackboard"], ["demo"],
]  # fmt: skip


@pytest.mark.parametrize("command", HELP, ids=lambda command: " ".join(command) or "grader")
def test_help_fits_and_is_not_cut(shell: Shell, command: list[str]) -> None:
    answer = shell(*command, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: {' '.join(['grader', *command])} ")
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    assert not re.search(r"\w\.\.\.\s", answer.out)
    assert "\\b" not in answer.out


def test_help_of_the_whole(shell: Shell) -> None:
    answer = shell("--help")
    assert "\n  grader check focal-loss      run its public checks on your work\n" in answer.out
    commands = answer.out.partition("Students:")[2]
    lines = [line for line in commands.splitlines() if line.startswith("  ")]
    assert all(re.match(r"  [a-z-]+ +[A-Z].*\.$", line) for line in lines), commands  # one line each
    assert re.match(r"grader, version \d+\.\d+", shell("--version").out)
    bare = shell()
    assert (bare.code, bare.out, bare.err) == (2, "", answer.out)


# Courses that are broken


def test_a_course_that_cannot_be_read_says_where(tmp_path: Path, course: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(course, broken)
    shell = Shell(tmp_path, broken)
    write(tmp_path / "work", {"grader.json": marker("halve"), "halve.py": RIGHT})
    (broken / "course.yaml").write_text("title: Halves\nassignments: [halve, quizz]\n")
    shell("list").fails(2, "broken/course.yaml:2:22: there is no quizz/assignment.yaml; did you mean 'quiz'?")
    (broken / "course.yaml").write_text("title: [Halves\n")
    shell("list").fails(2, "broken/course.yaml:2:1: ")
    (broken / "course.yaml").write_text("title: Halves\nassignments: [halve]\n")
    yaml = broken / "halve/assignment.yaml"
    sound = yaml.read_text()
    yaml.write_text(sound.replace("points: 5", "ponts: 5"))
    shell("list").fails(2, "halve/assignment.yaml:9:5: unknown key 'ponts'", "points")
    yaml.write_text(sound)
    hidden = broken / "halve/checks/hidden/test_hidden.py"
    hidden.write_text(HIDDEN.replace("def test_gradient(submission):", "def test_gradient(submission)"))
    for command in (["check", "work"], ["submit", "work"], ["fetch", "halve", "new"]):
        shell(*command).fails(2, "checks/hidden/test_hidden.py:16")
    assert shell("status", "--json").json == []


@pytest.mark.slow
def test_a_check_that_breaks_costs_no_student_anything(tmp_path: Path, course: Path) -> None:
    """The work is stored and its grade is pending; exit 3 says that the fault is ours."""
    broken = tmp_path / "broken"
    shutil.copytree(course, broken)
    hidden = broken / "halve/checks/hidden/test_hidden.py"
    hidden.write_text(HIDDEN.replace("CANARY =", "import no_such_module_canary\nCANARY ="))
    (broken / "halve-soon/assignment.yaml").write_text(assignment_files("halve-soon")["halve-soon/assignment.yaml"])
    soon = broken / "halve-soon/checks/hidden/test_hidden.py"
    soon.write_text(HIDDEN.replace("    canary = 373737.0\n", "    canary = no_such_name_canary\n"))
    shell = Shell(tmp_path, broken)
    write(tmp_path / "inbox", {"ada/halve/halve.py": RIGHT, "ada/halve-soon/halve.py": RIGHT})
    answer = shell("grade", "inbox")
    assert answer.code == 3
    assert answer.out.count("pending") == 2
    for name, fault, points in (
        ("halve", "checks/hidden/test_hidden.py cannot be imported", 0),
        ("halve-soon", "checks that broke: test_as_a_number", 4),
    ):
        report = shell("show", name, "--json").json
        assert (report["status"], report["score"], report["fault"]) == ("pending", points, fault)
    text = " ".join(shell("show", "halve").out.split())
    assert "0 of 5 points so far. A fault on our side: part of the grading failed." in text
    assert "canary" not in text
    assert "canary" in shell("show", "halve", "--instructor").out  # whoever wrote the check needs to know
    assert {row["status"] for row in shell("status", "--json").json} == {"pending"}
    shell("export", "canvas").fails(2, "no final grades")

    hidden.write_text(HIDDEN)
    write(tmp_path / "again", {"ada/halve/halve.py": RIGHT})
    assert shell("grade", "again").code == 0
    assert shell("show", "halve", "--json").json["score"] == 5
    assert len(shell("status", "--json").json) == 2


# The machine


def ordinary_user() -> list[str]:
    """Return what makes a command run without root's right to read and write everything."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    try:
        works = subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        works = False
    if not works:
        pytest.skip("root may write everywhere, and its rights cannot be dropped here")
    return prefix


def test_folders_that_may_not_be_written(shell: Shell, tmp_path: Path) -> None:
    prefix = ordinary_user()
    write(tmp_path / "locked/work", {"grader.json": marker("quiz"), "answers.yaml": ANSWERS})
    assert shell("submit", "locked/work").code == 0
    secret = write(tmp_path / "secret", {"answers.yaml": ANSWERS})
    (tmp_path / "locked").chmod(0o555)
    secret.chmod(0)
    try:
        assert shell("submit", "locked/work", prefix=prefix).code == 0  # reading is enough
        shell("fetch", "halve", "locked/new", prefix=prefix).fails(
            2, "locked/new: cannot be written: permission denied"
        )
        shell("show", "--html", "locked/x.html", prefix=prefix).fails(2, "locked/x.html cannot be written", "may write")
        shell("report", "--out", "locked/pages", prefix=prefix).fails(2, "cannot be written: permission denied")
        shell("check", "secret/answers.yaml", prefix=prefix).fails(2, "secret/answers.yaml cannot be read: permission")
        shell("grade", "secret", prefix=prefix).fails(2, "secret")
        elsewhere = replace(shell, home=tmp_path / "locked/state")
        elsewhere("submit", "locked/work", prefix=prefix).fails(3, "may not be read or written", "GRADER_HOME")
        elsewhere("status", prefix=prefix).fails(3, "may not be read or written", "GRADER_HOME")
    finally:
        (tmp_path / "locked").chmod(0o755)
        secret.chmod(0o755)


def test_a_full_disk(shell: Shell, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        write(tmp_path / "work", {"grader.json": marker("quiz"), "answers.yaml": ANSWERS})
        full = replace(shell, home=disk / "state")
        full("submit", "work").fails(3, "the disk is full", "free some space")
        assert shell("submit", "work").code == 0
        with pytest.raises(OSError, match="No space"):
            (disk / "filler").write_bytes(b"x" * 100_000)
        shell("show", "--html", disk / "x.html").fails(2, "cannot be written: no space left on device")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("command", ["list", "status"])
def test_output_that_cannot_be_written(shell: Shell, command: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*GRADER, command],
            cwd=shell.folder,
            env=shell.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.decode().startswith("grader: what was printed: No space left on device\n")
    assert len(done.stderr.splitlines()) == 2


def test_a_reader_that_has_seen_enough(shell: Shell) -> None:
    write(shell.folder / "work", {"grader.json": marker("quiz"), "answers.yaml": "one: b\n"})
    shell("submit", "work")
    for arguments in (["show"], ["show", "--json"], ["list"], ["status"], ["--help"]):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [*GRADER, *arguments],
            cwd=shell.folder,
            env=shell.environment,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)
        assert done.stderr == b"", arguments
        assert done.returncode in ((141,) if arguments != ["--help"] else (1, 141)), arguments
    closed = f"{sys.executable} -m grader list >&- 2>&-"
    assert subprocess.run(["sh", "-c", closed], cwd=shell.folder, env=shell.environment, check=False).returncode == 0


def junk(path: Path) -> None:
    path.write_bytes(b"\x00\xffjunk" * 999)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def other(path: Path) -> None:
    path.unlink()
    for leftover in path.parent.glob(f"{path.name}-*"):
        leftover.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE shopping (thing)")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (junk, ["not a gradebook, or it is damaged", "restore it from a backup"]),
        (newer, ["was written by a newer grader (its version is 99", "pip install --upgrade grader"]),
        (other, ["is an SQLite file, but not a gradebook", "GRADER_HOME"]),
    ],
)
def test_a_gradebook_that_cannot_be_used(shell: Shell, spoil: Callable[[Path], None], words: list[str]) -> None:
    write(shell.folder / "work", {"grader.json": marker("quiz"), "answers.yaml": ANSWERS})
    assert shell("submit", "work").code == 0
    path = shell.folder / "state/gradebook.sqlite3"
    spoil(path)
    before = path.read_bytes()
    for command in (["show"], ["submit", "work"], ["export", "canvas"]):
        shell(*command).fails(3, str(path), *words)
    assert path.read_bytes() == before


def test_a_state_folder_that_is_a_file(shell: Shell) -> None:
    write(shell.folder, {"state": ""})
    shell("status").fails(3, "state: it is a file, and a folder must be there", "GRADER_HOME")


def test_a_stored_submission_that_is_damaged_is_named(shell: Shell) -> None:
    """The gradebook itself still shows the grade that it holds."""
    write(shell.folder / "work", {"grader.json": marker("quiz"), "answers.yaml": ANSWERS})
    shell("submit", "work")
    (blob,) = [path for path in (shell.folder / "state/blobs").rglob("*") if path.is_file()]
    blob.write_bytes(b"rot")
    assert shell("show").code == 0


# Ctrl-C


@pytest.mark.slow
def test_ctrl_c_stops_at_once_and_leaves_nothing_running(shell: Shell) -> None:
    write(shell.folder / "work", {"grader.json": marker("halve"), "halve.py": SLEEPERS["looper"][0]})
    process = shell.start("submit", "work")
    assert process.stderr is not None
    assert process.stderr.readline().startswith(b"Handed in: halve, attempt 1 of ada (")
    assert process.stderr.readline() == b"Receipt: work/receipts/halve-1.json\n"
    family = wait_for_family(process.pid, 3)  # examiner, zygote and worker
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    said = b"Attempt 1 is stored, but not graded: hand the same in again to go on with it.\n\ngrader: stopped"
    assert (process.returncode, out, err.strip()) == (130, b"", said)
    wait_until_gone(family)
    (row,) = shell("status", "--json").json
    assert row["status"] is None
    assert "not graded" in shell("status").out
    shell("show").fails(2, "has no grade yet", "`grader submit` it again")
    again = shell("submit", "work")
    assert again.err.startswith("Handed in before, and not graded: halve, attempt 1 of ada (")
    assert [row["attempt"] for row in shell("status", "--json").json] == [1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_grader_that_is_stopped_early_leaves_nothing_running(shell: Shell, number: signal.Signals) -> None:
    """Early: while the other processes still import torch. The signal reaches the grader alone."""
    write(shell.folder / "work", {"grader.json": marker("halve"), "halve.py": RIGHT})
    process = shell.start("check", "work")
    family = wait_for_family(process.pid, 2)
    time.sleep(0.3)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert b"Traceback" not in err
    assert process.returncode in (130, -number)
    wait_until_gone(family, seconds=1)  # less than what is left of the import


def wait_for_family(pid: int, size: int) -> set[tuple[int, str]]:
    """Wait until a process has so many descendants that run, and return them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        family = set(descendants(pid))
        if len(family) >= size:
            return family
        time.sleep(0.02)
    raise AssertionError(f"{size} descendants of {pid} never came")


def wait_until_gone(family: set[tuple[int, str]], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while family & {(pid, started) for pid, _, started in processes()}:
        assert time.monotonic() < deadline, family
        time.sleep(0.02)


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    for child, parent, started in list(processes()):
        if parent == pid:
            yield child, started
            yield from descendants(child)


def processes() -> Iterator[tuple[int, int, str]]:
    """Yield each process's id, its parent's, and when it started; without the dead that nobody has reaped yet."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] not in "ZX":
                yield int(folder.name), int(fields[1]), fields[19]


def test_no_command_takes_an_empty_path_for_the_folder_one_stands_in() -> None:
    kinds = {
        f"{name} {param.name}": type(param.type)
        for name, command in walk_commands(cli)
        for param in command.params
        if isinstance(param.type, click.Path)
    }
    assert len(kinds) > 20
    assert set(kinds.values()) == {GivenPath}, kinds
