"""``grader grade`` on a class: what has not changed keeps its grade, and what was stopped goes on."""

from __future__ import annotations

import re
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.shell import Shell, write
from tests.test_engine import FILES, HALF, RIGHT

YAML = FILES["assignment.yaml"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [twice]\n"})
    write(tmp_path / "course" / "twice", FILES)
    for number in range(12):
        source = (RIGHT, HALF)[number % 2].format(number)
        write(tmp_path / "inbox" / f"s{number:02}", {"twice.py": source})
    return Shell(tmp_path, tmp_path / "course")


def rows(folder: Path) -> list[tuple[str, int, int]]:
    """How many submissions and grades each student has, by hand from the file."""
    with sqlite3.connect(folder / "state" / "gradebook.sqlite3") as connection:
        query = """
            SELECT student, count(DISTINCT submissions.id), count(grades.sequence) FROM submissions
            LEFT JOIN grades ON grades.submission = submissions.id GROUP BY student ORDER BY student
        """
        return list(connection.execute(query))


GRADE = ("grade", "inbox", "--assignment", "twice")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_has_not_changed_is_not_graded_again(shell: Shell, jobs: str) -> None:
    first = shell(*GRADE, "-j", jobs)
    assert first.code == 1
    assert len(re.findall(r"^s\d\d +twice +[12] / 2 +graded$", first.out, re.MULTILINE)) == 12
    again = shell(*GRADE, "-j", jobs)
    assert (again.code, again.out) == (1, re.sub("graded$", "graded, unchanged", first.out, flags=re.MULTILINE))
    assert {row[1:] for row in rows(shell.folder)} == {(1, 1)}

    write(shell.folder / "inbox" / "s01", {"twice.py": RIGHT.format("better")})
    changed = shell(*GRADE, "-j", jobs)
    assert len(re.findall("unchanged", changed.out)) == 11
    assert re.search(r"^s01 +twice +2 / 2 +graded$", changed.out, re.MULTILINE)
    assert rows(shell.folder)[:3] == [("s00", 1, 1), ("s01", 2, 2), ("s02", 1, 1)]


def test_force_grades_again(shell: Shell) -> None:
    shell(*GRADE)
    assert "unchanged" not in shell(*GRADE, "--force").out
    assert {row[1:] for row in rows(shell.folder)} == {(1, 1)}  # what says the same is not added twice


@pytest.mark.parametrize("file", ["assignment.yaml", "checks/hidden/test_hidden.py"])
def test_another_assignment_grades_again(shell: Shell, file: str) -> None:
    shell(*GRADE)
    path = shell.folder / "course" / "twice" / file
    path.write_text(path.read_text() + "# another\n")
    assert "unchanged" not in shell(*GRADE).out


def test_json_holds_the_reports_of_what_is_kept_too(shell: Shell) -> None:
    first, again = shell(*GRADE, "--json").reports, shell(*GRADE, "--json").reports
    assert first == again
    assert len(first) == 12


def test_what_was_stopped_goes_on(shell: Shell) -> None:
    for number in range(12):
        slow = f"import time\ndef twice(x):\n    time.sleep(0.3)\n    return 2 * x  # {number}\n"
        write(shell.folder / "inbox" / f"s{number:02}", {"twice.py": slow})
    running = shell.start(*GRADE, "-j", "1", "--json")
    assert running.stdout is not None
    lines = [running.stdout.readline() for _ in range(3)]
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    done = len(lines) + len(out.splitlines())
    assert running.returncode == 130
    assert err.decode() == f"stopped: {done} of 12 graded; the same command goes on from there\n"
    assert 3 <= done < 12
    assert len(rows(shell.folder)) == 12
    assert sum(grades for _, _, grades in rows(shell.folder)) == done

    rest = shell(*GRADE, "-j", "1")
    assert rest.code == 0
    assert len(re.findall("unchanged", rest.out)) == done
    assert {row[1:] for row in rows(shell.folder)} == {(1, 1)}
