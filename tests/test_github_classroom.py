"""A starter repository for GitHub Classroom: its workflow's steps in a real shell, and the result that is read."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.packages.github import WORKFLOW, make_repository
from grader.packages.github_results import FOREWORD, fail_result
from grader.spec import Assignment, load_assignment
from tests.conftest import ASSIGNMENT, FILES
from tests.shell import Shell, write
from tests.test_gradescope import ANSWERS, RIGHT

SECRET = "planted-words-of-the-hidden-checks"
HOSTILE = """\
print("::error::forged")
print("::set-output name=result::e30=")

def mean_loss(values):
    print("::warning::forged")
    raise ValueError("::error::<script>alert(1)</script> | **bold** [x](http://evil) `a`")
"""


def read_result(text: str) -> dict[str, Any]:
    """A result as GitHub Classroom's reporter takes it."""
    result: dict[str, Any] = json.loads(base64.b64decode(text, validate=True))
    assert set(result) == {"version", "status", "max_score", "tests"}
    assert result["version"] == 1
    assert result["status"] in ("pass", "fail", "error")
    assert type(result["max_score"]) in (int, float)
    for test in result["tests"]:
        assert test["status"] in ("pass", "fail", "error")
        assert type(test["score"]) in (int, float)
        assert type(test["line_no"]) is int
        assert all(isinstance(test[name], str) for name in ("name", "message", "test_code", "filename"))
    return result


def report(result: Mapping[str, Any]) -> tuple[str | None, bool]:
    """What the reporter tells Classroom, None for nothing, and whether the run has failed."""
    points = f"{sum(test['score'] for test in result['tests']):g}/{result['max_score']:g}"
    return (points if result["max_score"] else None), result["status"] in ("fail", "error")


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    hidden = FILES["checks/hidden/test_hidden.py"] + f"\nWORDS = {SECRET!r}\n"
    checks = {
        "checks/hidden/test_hidden.py": hidden,
        "checks/public/shared.py": "ONE = [2.0]\n",
        "checks/public/test_like_ours.py": '''\
import pytest


@pytest.mark.points(2)
def test_like_ours(submission, reference):
    """It is what ours is."""
    assert submission.mean_loss([4.0]) == reference.mean_loss([4.0])
''',
    }
    text = ASSIGNMENT.replace("points: 3", "points: 5", 1)
    folder = write(tmp_path_factory.mktemp("course") / "mean-loss", {"assignment.yaml": text, **FILES, **checks})
    return load_assignment(folder)


@pytest.fixture
def repository(assignment: Assignment, tmp_path: Path) -> Path:
    """A student's repository, just made from the starter."""
    shell = Shell(tmp_path, write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [mean-loss]\n"}))
    shutil.copytree(assignment.directory, tmp_path / "course" / "mean-loss")
    done = shell("package", "github-classroom", "mean-loss", "--out", "repository")
    assert done.code == 0
    assert done.out.startswith("repository: 1 public check, 1 point\n")
    assert "Isolation: tier A is to be expected" in done.out
    assert "2 hidden checks are not in it: students could read them" in done.err
    assert "4 quiz questions are not judged in it" in done.err
    assert "1 public check is not in it: test_like_ours.py uses the reference solution" in done.err
    return tmp_path / "repository"


def run_checks(repository: Path) -> tuple[dict[str, Any], str, str, int]:
    """Run the workflow's step as GitHub does: a script for bash, with the files that steps write to."""
    runner = repository.parent / "runner"
    (runner / "grader" / "bin").mkdir(parents=True, exist_ok=True)
    python = runner / "grader" / "bin" / "python"
    python.unlink(missing_ok=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    workflow = yaml.safe_load((repository / WORKFLOW).read_text())
    (job,) = workflow["jobs"].values()
    (step,) = (step for step in job["steps"] if step.get("id") == "checks")
    for name in ("output", "summary"):
        (runner / name).write_text("")
    script = runner / "step.sh"
    script.write_text(step["run"])
    settings = {
        "PATH": os.environ["PATH"], "HOME": str(runner), "RUNNER_TEMP": str(runner), "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(runner / "output"), "GITHUB_STEP_SUMMARY": str(runner / "summary"),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=repository, env=settings, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    name, _, value = (runner / "output").read_text().rstrip("\n").partition("=")
    assert name == "result", done.stdout + done.stderr
    assert "\n" not in value
    return read_result(value), (runner / "summary").read_text(), done.stdout, done.returncode


def test_the_workflow_is_what_github_and_the_reporter_expect(assignment: Assignment) -> None:
    files = make_repository(assignment).files
    readme = files["README.md"].decode()
    assert "## Push your work" in readme
    assert "grader submit" not in readme
    workflow = yaml.safe_load(files[WORKFLOW])
    assert workflow[True].keys() == {"push", "workflow_dispatch", "repository_dispatch"}  # YAML 1.1 takes "on" for yes
    assert workflow["permissions"] == {"actions": "read", "checks": "write", "contents": "read"}
    (job,) = workflow["jobs"].values()
    assert job["if"] == "github.actor != 'github-classroom[bot]'"
    *_, last = job["steps"]
    runners = last["with"]["runners"].split(",")
    ids = {step["id"] for step in job["steps"] if "id" in step}
    assert set(runners) == ids
    assert last["env"] == {f"{one.upper()}_RESULTS": f"${{{{ steps.{one}.outputs.result }}}}" for one in runners}
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        if "run" in step:
            subprocess.run(["bash", "-n"], input=step["run"].encode(), check=True)
            assert "${{" not in step["run"]  # what comes from outside is no part of a script


def test_nothing_that_students_may_not_see_is_in_it(assignment: Assignment) -> None:
    files = make_repository(assignment).files
    everything = b"\n".join(content for name, content in files.items() if not name.endswith(".whl"))
    solution = (assignment.directory / "solutions" / "plain.py").read_bytes().splitlines()[1]
    for secret in (
        SECRET.encode(),
        solution,
        b"This is the sum: divide it",
        b"average",
        b"sum-for-mean",
        b"correct: true",
    ):
        assert secret not in everything
    assert {name for name in files if "checks/" in name and ".github" in name} == {
        ".github/grader/assignments/mean-loss/checks/public/test_public.py",
        ".github/grader/assignments/mean-loss/checks/public/shared.py",
    }


def test_right_work(repository: Path) -> None:
    write(repository, {"mean_loss.py": RIGHT, "answers.yaml": ANSWERS})
    result, summary, printed, code = run_checks(repository)
    assert (report(result), code) == (("1/1", False), 0)
    assert FOREWORD in summary
    assert "The mean of one number is that number\\." in summary
    assert "Isolation tier: " in printed


def test_files_called_like_modules_are_not_run_by_the_grader_itself(repository: Path) -> None:
    mark = repository.parent / "taken"
    taken = f"import pathlib\npathlib.Path({str(mark)!r}).write_text('taken')\n"
    names = ("grader.py", "json.py", "click.py", "torch.py", "yaml/__init__.py", "sitecustomize.py", "conftest.py")
    write(repository, {"mean_loss.py": RIGHT, **dict.fromkeys(names, taken)})
    result, _, printed, _ = run_checks(repository)
    assert not mark.exists()
    assert report(result) == ("1/1", False), printed


def test_the_stub_fails(repository: Path) -> None:
    result, summary, _, _ = run_checks(repository)
    assert report(result) == ("0/1", True)
    assert "0 of 1 points" in summary


def test_hostile_work_gives_the_workflow_no_commands_and_the_page_no_tags(repository: Path) -> None:
    write(repository, {"mean_loss.py": HOSTILE})
    result, summary, printed, _ = run_checks(repository)
    assert report(result) == ("0/1", True)
    stopped = False
    for line in printed.splitlines():
        if line.startswith("::stop-commands::"):
            word, stopped = line.removeprefix("::stop-commands::"), True
        elif stopped and line == f"::{word}::":
            stopped = False
        else:
            assert stopped or "::" not in line
    assert not stopped

    tags: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.add(tag)  # type: ignore[method-assign]
    parser.feed(summary)
    assert tags == {"br"}
    assert "**bold**" not in summary
    assert "](http" not in summary


@pytest.mark.parametrize("change", ["gone", "broken"])
def test_what_cannot_be_graded(repository: Path, change: str) -> None:
    """A file that is missing fails; an assignment that was spoilt is an error, of which no points are told."""
    if change == "gone":
        (repository / "mean_loss.py").unlink()
        (repository / "answers.yaml").unlink()
        result, _, printed, _ = run_checks(repository)
        assert report(result) == ("0/1", True)
        assert "expected mean_loss.py" in printed
    else:
        write(repository, {".github/grader/assignments/mean-loss/assignment.yaml": "format: 1\n"})
        result, _, printed, _ = run_checks(repository)
        assert result == fail_result()
        assert report(result) == (None, True)


def test_what_has_no_public_checks_is_refused(tmp_path: Path, assignment: Assignment) -> None:
    shell = Shell(tmp_path, write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [mean-loss]\n"}))
    shutil.copytree(assignment.directory, tmp_path / "course" / "mean-loss")
    (tmp_path / "course" / "mean-loss" / "checks" / "public" / "test_public.py").unlink()
    text = (assignment.directory / "assignment.yaml").read_text().replace("points: 5", "points: 4", 1)
    (tmp_path / "course" / "mean-loss" / "assignment.yaml").write_text(text)
    shell("package", "github-classroom", "mean-loss").fails(2, "no public check", "checks/public")
    assert not (tmp_path / "mean-loss-github").exists()


def test_files_of_ones_own_are_not_overwritten(repository: Path) -> None:
    shell = Shell(repository.parent, repository.parent / "course")
    write(repository, {"mean_loss.py": RIGHT})
    again = ("package", "github-classroom", "mean-loss", "--out", "repository")
    shell(*again).fails(2, "mean_loss.py", "--force")
    assert (repository / "mean_loss.py").read_text() == RIGHT
    done = shell(*again, "--force", "--json")
    assert done.json["points"] == 1
    assert (repository.parent / "repository.backup-1" / "mean_loss.py").read_text() == RIGHT
