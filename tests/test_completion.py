"""Completion in a shell: commands, options and the course's assignments, in a real bash and by click's protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shell import Shell, write

COURSE = "title: C\nassignments: [focal-loss, focus, other]\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, write(tmp_path / "course", {"course.yaml": COURSE}))


def complete(shell: Shell, *words: str, course: str | None = None) -> list[str]:
    """Return what would be offered for the last word."""
    environment = {**shell.environment, "_GRADER_COMPLETE": "bash_complete"}
    environment |= {"COMP_WORDS": " ".join(["grader", *words]), "COMP_CWORD": str(len(words))}
    if course is not None:
        environment["GRADER_COURSE"] = course
    done = subprocess.run(
        [sys.executable, "-m", "grader"], env=environment, cwd=shell.folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_commands_options_and_assignments(shell: Shell) -> None:
    assert complete(shell, "sub") == ["submit"]
    assert "--watch" in complete(shell, "check", "--w")
    assert complete(shell, "fetch", "fo") == ["focal-loss", "focus"]
    assert complete(shell, "similar", "focus", "o") == ["other"]
    assert complete(shell, "check", "--assignment", "foca") == ["focal-loss"]
    assert complete(shell, "export", "canvas", "o") == ["other"]
    assert complete(shell, "fetch", "x") == []


@pytest.mark.parametrize("content", [None, "[", "assignments: 3\n", "assignments: [1, null, fine]\n", "\xff"])
def test_a_course_that_cannot_be_read_completes_nothing_and_says_nothing(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    if content is not None:
        (folder / "course.yaml").write_bytes(content.encode("latin-1"))
    found = complete(Shell(tmp_path), "fetch", "", course=str(folder))
    assert found == (["fine"] if content is not None and "fine" in content else [])


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_each_shell_gets_what_it_needs(shell: Shell, kind: str) -> None:
    answer = shell("completion", kind)
    assert answer.code == 0
    assert f"_GRADER_COMPLETE={kind}_complete" in answer.out
    shell("completion", "csh").fails(2, "csh")


def test_in_bash_it_completes(shell: Shell, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "grader"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m grader "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(grader completion bash)"\n'
        "COMP_WORDS=(grader fetch foc); COMP_CWORD=2\n"
        "_grader_completion grader foc fetch\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], env={**shell.environment, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["focal-loss", "focus"]
