"""The README shows what the commands print, and its example assignment works as it stands."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.answers import format_answer
from grader.checks import KNOWN_MARKS
from grader.decisions import Extension, Override
from grader.fields import amount
from grader.layouts import Layout
from grader.notebook import check as check_notebook
from grader.policy import merge
from grader.quizzes import Format
from grader.resources import find_data
from grader.scoring import Attempt, FinalGrade, Grade, Status, judge_attempts, settle
from grader.spec import Assignment, Course, load_assignment, load_course
from tests.made_notebooks import dump, sources, tagged

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
AUTHORING = (ROOT / "docs" / "authoring.md").read_text()
POLICY = (ROOT / "docs" / "policy.md").read_text()
ISOLATION = (ROOT / "docs" / "isolation.md").read_text()
CLUSTER = (ROOT / "docs" / "cluster.md").read_text()
GRADING = (ROOT / "docs" / "grading.md").read_text()
SIMILAR = (ROOT / "docs" / "similar.md").read_text()
CLASS_REPORT = (ROOT / "docs" / "class_report.md").read_text()
LMS = (ROOT / "docs" / "lms.md").read_text()
LMS_LIVE = (ROOT / "docs" / "lms_live.md").read_text()
LMS_QUIZZES = (ROOT / "docs" / "lms_quizzes.md").read_text()
NOTEBOOKS = (ROOT / "docs" / "notebooks.md").read_text()
PAGES = (AUTHORING, POLICY, ISOLATION, CLUSTER, GRADING, SIMILAR, CLASS_REPORT, LMS, LMS_LIVE, LMS_QUIZZES, NOTEBOOKS)
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(command: str, folder: Path, codes: tuple[int, ...] = (0, 1)) -> str:
    """Run a command as the README shows it, in ``folder``; return what it prints on standard output."""
    words = shlex.split(command)
    assert words[0] == "grader"
    environment = {**os.environ, "GRADER_HOME": str(folder / "home"), "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in codes, done.stderr
    return done.stdout


def shown(command: str) -> str:
    """Return what the README shows below ``$ command``."""
    for _, text in BLOCKS:
        first, _, rest = text.partition("\n")
        if first == f"$ {command}":
            return str(rest)
    raise AssertionError(f"the README does not show {command!r}")


def test_what_the_readme_shows_is_what_is_printed(tmp_path: Path) -> None:
    assert run("grader list", tmp_path) == shown("grader list")
    assert run("grader fetch focal-loss", tmp_path) == shown("grader fetch focal-loss")
    course = find_data("assignments") / "focal-loss"
    shutil.copy(course / "mistakes" / "double_softmax.py", tmp_path / "focal-loss" / "focal_loss.py")
    assert run("grader check focal-loss", tmp_path) == shown("grader check focal-loss")
    shutil.copy(course / "solutions" / "b_step_by_step.py", tmp_path / "focal-loss" / "focal_loss.py")
    command = "grader submit focal-loss --student ada"
    assert run(command, tmp_path) == shown(command)


def test_the_example_assignment_of_the_readme_works(tmp_path: Path) -> None:
    (yaml,) = (text for kind, text in BLOCKS if kind == "yaml")
    (check,) = (text for kind, text in BLOCKS if kind == "python")
    folder = tmp_path / "my-course" / "double"
    (folder / "checks" / "hidden").mkdir(parents=True)
    (folder.parent / "course.yaml").write_text("title: Mine\nassignments: [double]\n")
    (folder / "assignment.yaml").write_text(yaml)
    (folder / "checks" / "hidden" / "test_double.py").write_text(check)
    work = tmp_path / "work"
    run(f"grader --course {folder.parent} fetch double {work}", tmp_path)
    (work / "double.py").write_text("def double(x):\n    return 2 * x\n")
    assert "2 of 2 points" in run(f"grader --course {folder.parent} submit {work} --student ada", tmp_path)
    (work / "double.py").write_text("def double(x):\n    return 2 * x.detach()\n")
    assert "0 of 2 points" in run(f"grader --course {folder.parent} submit {work} --student ada", tmp_path)


WALK = AUTHORING.partition("## From an idea to a graded class\n")[2]


@pytest.mark.slow
def test_the_walk_from_an_idea_to_a_graded_class(tmp_path: Path) -> None:
    """Files are written, and commands print what is shown; a line of an ellipsis stands for any lines."""
    hidden = tmp_path / "robust/log-cosh/checks/hidden/test_hidden.py"
    for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", WALK, re.MULTILINE | re.DOTALL):
        first, _, rest = text.partition("\n")
        if first.startswith("# "):
            (tmp_path / first[2:]).write_text(rest)
        elif kind == "python":  # two lines in place of one
            source = hidden.read_text()
            old = rest.replace("expect_close(loss,", "expect_close(submission.log_cosh(predictions, targets),")
            assert source.count(old) == 1
            hidden.write_text(
                source.replace(old, text).replace("expect_gradient\n", "expect_gradient, expect_tensor\n", 1)
            )
        else:
            if first.endswith("verify"):
                (tmp_path / "robust/log-cosh/mistakes/detached.py").unlink(missing_ok=True)
            if "grade class" in first:
                hand_in(tmp_path)
            pattern = re.escape(rest).replace("…\\\n", ".*")
            assert re.fullmatch(pattern, run(first.removeprefix("$ "), tmp_path), re.DOTALL), first
    assert "The mean is taken before the logarithm." in "".join(
        path.read_text() for path in (tmp_path / "report").rglob("*.html")
    )


def hand_in(folder: Path) -> None:
    """What the class of the walk hands in."""
    course = folder / "robust" / "log-cosh"
    work = {"ada": "solutions/b_in_another_style.py", "bob": "mistakes/log_of_the_mean.py"}
    for student, source in work.items():
        shutil.copytree(folder / "ada", folder / "class" / student)
        shutil.copy(course / source, folder / "class" / student / "log_cosh.py")
    (folder / "class" / "ada" / "answers.yaml").write_text("slope: 1\n")


def test_grading_shows_what_is_printed(tmp_path: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```$", GRADING, re.MULTILINE | re.DOTALL)
    (command, printed), (name, roster) = (block.split("\n", 1) for block in blocks[:2])
    (tmp_path / name.removeprefix("# ")).write_text(roster)
    assignment = load_assignment(find_data("assignments") / "choose-the-loss")
    for student in re.findall(r"`([^`]+)/`", GRADING.partition("holds ")[2].partition(", and the roster")[0]):
        (tmp_path / "inbox" / student).mkdir(parents=True)
        answers = [format_answer(question) for question in assignment.quiz_questions]
        text = "".join(answers) if student != "008" else "{}\n"
        (tmp_path / "inbox" / student / "answers.yaml").write_text(text)
    assert run(command.removeprefix("$ "), tmp_path, (2,)) == printed


def test_quizzes_are_written_and_read_as_shown(tmp_path: Path) -> None:
    for command, printed in re.findall(r"^```\n\$ (.*?)\n(.*?)^```$", LMS_QUIZZES, re.MULTILINE | re.DOTALL):
        assert run(command, tmp_path) == printed
    steps = re.findall(r"`(grader export-quiz (\S+) .*?)`", LMS_QUIZZES.partition("three steps")[2])
    assert {form for _, form in steps} | {"gift", "aiken"} == set(Format)
    for command, _ in steps:
        assert run(command, tmp_path)


MISSPELT = """\
import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        p = F.softmax(logits, dim=1)[torch.arange(len(targets)), targets]
        return -((1 - p) ** gama * p.log()).mean()
"""


def test_the_page_on_notebooks_shows_what_is_printed(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", NOTEBOOKS, re.MULTILINE | re.DOTALL)
    (fetch, made), (check, printed) = (text.split("\n", 1) for kind, text in blocks if not kind)
    assert run(fetch.removeprefix("$ "), tmp_path) == made
    path = tmp_path / "focal-loss" / "focal-loss.ipynb"
    notebook = json.loads(path.read_bytes())
    tagged(notebook, "focal-loss")["source"] = MISSPELT
    path.write_bytes(dump(notebook))
    assert run(check.removeprefix("$ "), tmp_path) == printed
    (python,) = (text for kind, text in blocks if kind == "python")
    assert sources(notebook, "code")[-1] == python.rstrip("\n")
    words = re.findall(r"`check\((path=.*?)\)`", NOTEBOOKS)[0].replace("*, ", "").split(", ")
    assert [word.split("=")[0] for word in words] == list(inspect.signature(check_notebook).parameters)


@pytest.mark.parametrize("layout", Layout)
def test_every_layout_is_documented(layout: Layout) -> None:
    assert f"| `{layout}` |" in GRADING


def rows(text: str, columns: int) -> list[list[str]]:
    """Return the cells of the table with so many columns, without its head."""
    lines = [[cell.strip(" `") for cell in line.strip("| ").split(" | ")] for line in text.splitlines() if "|" in line]
    _, *cells = [cells for cells in lines if len(cells) == columns]
    return cells


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The course of docs/policy.md."""
    folder = tmp_path_factory.mktemp("course")
    course_yaml, own, question = re.findall(r"^```yaml\n(.*?)^```$", POLICY, re.MULTILINE | re.DOTALL)
    (folder / "course.yaml").write_text(course_yaml)
    for name, rules in (("choose-the-loss", ""), ("focal-loss", own)):
        head = f"format: 1\nid: {name}\ntitle: T\nsummary: S\n{rules}questions:\n"
        essay = "  - {id: essay, kind: text, points: 7, prompt: Why?}\n"
        (folder / name).mkdir()
        (folder / name / "assignment.yaml").write_text(head + question + essay)
    return load_course(folder)


@pytest.fixture(scope="module")
def focal_loss(course: Course) -> Assignment:
    """The assignment of docs/policy.md, which is worth 10 points."""
    return course.load("focal-loss")


def test_the_rules_of_the_policy_page_are_read_as_it_says(course: Course, focal_loss: Assignment) -> None:
    plain, own = course.policy_of(course.load("choose-the-loss")), course.policy_of(focal_loss)
    assert plain == course.policy
    assert own.late.grace == 4 * timedelta(minutes=15)
    assert own.late.model_copy(update={"grace": plain.late.grace}) == plain.late
    assert own.attempts.limit is None
    assert own.attempts.model_copy(update={"limit": plain.attempts.limit}) == plain.attempts
    assert focal_loss.groups


def test_the_example_of_the_policy_page_is_right(course: Course, focal_loss: Assignment) -> None:
    due = course.due_of(focal_loss)
    assert due is not None
    assert due.tzinfo is not None
    example = POLICY.partition("## An example\n")[2]
    policy = merge(course.policy, None)
    attempts = {}
    for number, at, earned, _, _ in rows(example, 5):
        grade = Grade("focal-loss", "T", Status.GRADED, Fraction(earned), focal_loss.points)
        attempts[number] = Attempt(number, datetime.fromisoformat(at).replace(tzinfo=due.tzinfo), grade)
    assert len(attempts) == 7
    standings = judge_attempts(attempts.values(), policy.attempts)
    for standing, (number, _, _, said, counts) in zip(standings, rows(example, 5), strict=True):
        alone = settle(focal_loss, "ada", [attempts[number]], policy, due)
        told = (standing.reason, "no") if standing.reason else (alone.penalty or "on time", amount(alone.score))
        assert (said, counts) == told

    def final(counts: str, **more: Any) -> FinalGrade:
        rules = policy.model_copy(update={"attempts": policy.attempts.model_copy(update={"counts": counts})})
        return settle(focal_loss, "ada", list(attempts.values()), rules, due, **more)

    assert rows(example, 3) == [
        [counts, str(final(counts).number), amount(final(counts).score)] for counts in ("best", "first", "last")
    ]
    (moment,) = re.findall(r"to ([0-9T:-]+), her fourth attempt is on time, and the best with 9 points", example)
    longer = Extension("focal-loss", datetime.fromisoformat(moment).replace(tzinfo=due.tzinfo), "bo", due, "ill", "ada")
    extended = final("best", extensions=[longer])
    assert (extended.number, extended.penalty, extended.score) == (4, None, Fraction(9))
    (score,) = re.findall(r"An override\nof ([0-9]+) would make it \1\.", example)
    assert final("best", overrides=[Override("ada", "focal-loss", Fraction(score), "bo", due, "so")]).score == 8


def test_links_and_make_targets_exist() -> None:
    for text, folder in ((README, ROOT), *((text, ROOT / "docs") for text in PAGES)):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (folder / target).exists(), target
    makefile = (ROOT / "Makefile").read_text()
    for document in (README, (ROOT / "CONTRIBUTING.md").read_text()):
        for target in re.findall(r"make ([a-z]+(?:-[a-z]+)*)", document):
            assert f"\n{target}:" in makefile, target


def test_what_a_cluster_is_told_can_be_read_and_names_what_is_there() -> None:
    """Neither SLURM nor Kubernetes is here to run it."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", CLUSTER, re.MULTILINE | re.DOTALL)
    (manifest,) = (yaml.safe_load(text) for kind, text in blocks if kind == "yaml")
    (script,) = (text for kind, text in blocks if kind == "bash")
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    commands = [manifest["spec"]["entrypoint"], script, *(text for kind, text in blocks if not kind)]
    options = {
        found for text in commands for part in text.split("grader ")[1:] for found in re.findall(r"--[a-z-]+", part)
    }
    assert {"--engine", "--address", "--assignment"} <= options
    from grader.cli import cli

    known = {name for command in ("grade", "doctor") for option in cli.commands[command].params for name in option.opts}
    ray = set(re.findall(r"--(?:head|port|include-dashboard|object-store-memory|generate)", CLUSTER))
    assert options - ray <= known | {"--course"}


def test_what_is_said_of_learning_management_systems_can_be_typed() -> None:
    """Every command has its options, and every system has its section and its line on what was verified."""
    from grader.cli.export import export
    from grader.export.formats import FORMATS

    options = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in export.commands.items()
    }
    commands = re.findall(r"grader export ([a-z]+)([^`\n#]*)", LMS)
    assert {name for name, _ in commands} == {*FORMATS} == {*options}
    for name, rest in commands:
        assert set(re.findall(r"--[a-z-]+", rest)) <= options[name], name
    listed = LMS.partition("\n## ")[0]
    assert set(re.findall(r"`(--[a-z-]+)", listed)) <= set().union(*options.values())
    verified = LMS.partition("## What was verified")[2].partition("\n## ")[0]
    for name in ("Canvas", "Moodle", "Brightspace", "Blackboard", "Sakai", "Open edX", "Gradescope"):
        assert f"\n## {name}\n" in LMS
        assert f"\n| {name}" in verified
        steps = LMS.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert re.findall(r"^([0-9])\. ", steps, re.MULTILINE)[:3] == ["1", "2", "3"]


@pytest.mark.parametrize("mark", KNOWN_MARKS)
def test_every_marker_is_documented(mark: str) -> None:
    assert f"`{mark}" in AUTHORING


def test_every_command_is_in_the_readme() -> None:
    from grader.cli import cli

    for name in cli.commands:
        assert re.search(rf"grader {name}\b|make {name}\b", README), name


def test_the_commands_of_the_lms_page_take_the_options_that_it_names() -> None:
    from grader.cli import cli

    lines = [line.strip().removeprefix("$ ") for line in LMS_LIVE.splitlines()]
    commands = [line for line in lines if line.startswith("grader ")]
    commands += [f"grader {text}" for text in re.findall(r"`grader ([^`]+)`", LMS_LIVE) if "--" in text]
    assert len(commands) > 6
    for line in commands:
        _, *words = line.split()
        command: Any = cli
        while words and hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        known = {name for option in command.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_the_lms_page_names_every_choice_and_every_function_that_is_needed() -> None:
    from grader.packages.gradescope import Shown, StudentField
    from grader.push.moodle import NEEDED, STATUS

    for word in (*Shown, *(field for field in StudentField if field != "email"), *NEEDED, STATUS):
        assert re.search(rf"`[^`]*\b{word}`", LMS_LIVE), word


TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
_VARYING = (
    (r"\d{8}T\d{6}Z-[0-9a-f]{16}", "ID"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\dZ)?", "MOMENT"),
    (r"sha256:[0-9a-f]{64}", "DIGEST"),
    (r"torch\s+\S+", "torch VERSION"),
)


def _flatten(text: str) -> str:
    """Return what is printed without what differs from one run to the next."""
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text)
    return text.removeprefix("\ufeff")


@pytest.mark.slow
def test_the_tutorial_works_as_it_is_shown(tmp_path: Path) -> None:
    """Files are written, commands print what is shown; a line of an ellipsis stands for any lines."""
    commands = 0
    for _, text in re.findall(r"^```(\w*)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL):
        first, _, rest = text.partition("\n")
        if first.startswith("# file: "):
            path = tmp_path / first.removeprefix("# file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rest)
        else:
            pattern = re.escape(_flatten(rest)).replace("…\\\n", ".*")
            printed = _flatten(run(first.removeprefix("$ "), tmp_path))
            assert re.fullmatch(pattern, printed, re.DOTALL), (first, printed)
            commands += 1
    assert commands == 13
