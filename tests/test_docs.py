"""The README shows what the commands print, and its example assignment works as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from grader.checks import KNOWN_MARKS
from grader.resources import find_data

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
AUTHORING = (ROOT / "docs" / "authoring.md").read_text()
ISOLATION = (ROOT / "docs" / "isolation.md").read_text()
CLUSTER = (ROOT / "docs" / "cluster.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(command: str, folder: Path) -> str:
    """Run a command as the README shows it, in ``folder``; return what it prints on standard output."""
    words = command.split()
    assert words[0] == "grader"
    environment = {**os.environ, "GRADER_HOME": str(folder / "home"), "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
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


def test_links_and_make_targets_exist() -> None:
    documents = ((README, ROOT), *((text, ROOT / "docs") for text in (AUTHORING, ISOLATION, CLUSTER)))
    for text, folder in documents:
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


@pytest.mark.parametrize("mark", KNOWN_MARKS)
def test_every_marker_is_documented(mark: str) -> None:
    assert f"`{mark}" in AUTHORING


def test_every_command_is_in_the_readme() -> None:
    from grader.cli import cli

    for name in cli.commands:
        assert re.search(rf"grader {name}\b|make {name}\b", README), name
