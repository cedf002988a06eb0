"""``grader grade`` is killed, again and again, and several run at once: nothing is lost, and nothing counts twice."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from grader.gradebook import Gradebook
from grader.gradebook.inspection import inspect_gradebook
from tests.shell import Shell, write
from tests.test_class import rows
from tests.test_engine import FILES, HALF, RIGHT
from tests.test_gradebook import latest

pytestmark = pytest.mark.slow

QUIZ = """\
format: 1
id: quiz
title: A quiz
summary: Numbers.
questions:
  - {id: sum, kind: numeric, points: 2, prompt: 1 + 1?, correct: 2, tolerance: 0}
"""
STUDENTS = 150


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A class whose quiz is graded without an examiner, so that a run is over in about a second."""
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [quiz, twice]\n", "quiz/assignment.yaml": QUIZ})
    write(tmp_path / "course" / "twice", FILES)
    for number in range(STUDENTS):
        write(tmp_path / "inbox" / f"s{number:03}", {"answers.yaml": f"sum: {number % 4}  # {number}\n"})
    return Shell(tmp_path, tmp_path / "course")


def kill(shell: Shell, seconds: float, *arguments: str) -> list[str]:
    """Start a command, kill it and whatever it started, and return the whole lines that it printed."""
    running = shell.start(*arguments)
    time.sleep(seconds)
    os.killpg(running.pid, signal.SIGKILL)
    out, _ = running.communicate(timeout=60)
    return [line for line in out.decode().splitlines(keepends=True) if line.endswith("\n")]


def scores(folder: Path) -> dict[str, float]:
    with Gradebook.open(folder / "state") as gradebook:
        return {entry.student: float(grade.score) for entry, grade in latest(gradebook) if grade is not None}


@pytest.mark.timeout(1200)
def test_a_class_that_is_killed_a_hundred_times(shell: Shell) -> None:
    command = ("grade", "inbox", "--assignment", "quiz", "-j", "1", "--json")
    chance = random.Random(0)
    told: dict[str, str] = {}
    started = time.monotonic()
    assert shell(*command).code == 1
    whole = time.monotonic() - started
    expected = scores(shell.folder)
    assert len(expected) == STUDENTS
    for path in sorted((shell.folder / "state").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    for attempt in range(100):
        if attempt % 10 == 9:  # something new has come in
            number = chance.randrange(STUDENTS)
            write(shell.folder / "inbox" / f"s{number:03}", {"answers.yaml": f"sum: {number % 4}  # new {attempt}\n"})
        for line in kill(shell, chance.uniform(0, whole), *command):
            report = json.loads(line)
            told[report["submission"]["id"]] = report["status"]
    with Gradebook.open(shell.folder / "state") as gradebook:
        graded = {entry.id: grade.status for entry, grade in gradebook.graded() if grade is not None}
    assert graded.items() >= told.items()
    assert len(told) > 0

    assert shell(*command).code == 1
    assert scores(shell.folder) == expected
    assert len(rows(shell.folder)) == STUDENTS
    assert all(grades <= submissions for _, submissions, grades in rows(shell.folder))
    assert sum(submissions for _, submissions, _ in rows(shell.folder)) <= STUDENTS + 10
    assert [finding for finding in inspect_gradebook(shell.folder / "state") if not finding.harmless] == []


def test_code_whose_graders_are_killed(shell: Shell) -> None:
    for number in range(24):
        write(shell.folder / "code" / f"s{number:03}", {"twice.py": (RIGHT, HALF)[number % 2].format(number)})
    command = ("grade", "code", "--assignment", "twice", "-j", "2", "--json")
    chance = random.Random(1)
    for _ in range(6):
        kill(shell, chance.uniform(2, 8), *command)
    assert shell(*command).code == 1
    assert scores(shell.folder) == {f"s{number:03}": 2 - number % 2 for number in range(24)}
    assert {row[1:] for row in rows(shell.folder)} == {(1, 1)}


def test_several_graders_at_once(shell: Shell) -> None:
    for number in range(24):
        write(shell.folder / "code" / f"s{number:03}", {"twice.py": (RIGHT, HALF)[number % 2].format(number)})
    commands = [
        ("grade", "inbox", "--assignment", "quiz", "-j", "1"),
        ("grade", "code", "--assignment", "twice", "-j", "1"),
        ("grade", "code", "--assignment", "twice", "-j", "1"),
        ("grade", "inbox", "--assignment", "quiz", "-j", "1"),
    ]
    running = [shell.start(*command) for command in commands]
    for process in running:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 1, err
        assert b"pending" not in out
    with Gradebook.open(shell.folder / "state") as gradebook:
        counts = [(entry.number, len(gradebook.grades(entry))) for entry in gradebook.entries()]
    assert counts == [(1, 1)] * (STUDENTS + 24)
