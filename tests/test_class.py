"""``grader grade`` on a class: what has not changed keeps its grade, and what was stopped goes on."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.gradebook import Gradebook
from grader.roster import read_roster
from tests.shell import Shell, write
from tests.test_engine import FILES, HALF, RIGHT
from tests.test_recording import QUIZ

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize(
    ("file", "more", "again"),
    [
        ("assignment.yaml", "topics: [numbers]\n", True),
        ("checks/hidden/test_hidden.py", "# another\n", True),
        ("assignment.yaml", "due: 2026-11-30T18:00+01:00\n", False),  # no check's outcome depends on it
    ],
)
def test_another_assignment_grades_again(shell: Shell, file: str, more: str, again: bool) -> None:
    shell(*GRADE)
    path = shell.folder / "course" / "twice" / file
    path.write_text(path.read_text() + more)
    assert ("unchanged" not in shell(*GRADE).out) is again


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


# Who is who


def test_a_download_and_a_roster(shell: Shell) -> None:
    """Who is in the roster is graded under the roster's id; others are listed. The gradebook's roster counts, too."""
    write(shell.folder / "course", {"course.yaml": "title: C\nassignments: [quiz]\n", "quiz/assignment.yaml": QUIZ})
    with zipfile.ZipFile(shell.folder / "canvas.zip", "w") as archive:
        for name, text in {"lovelaceada_11_901_answers.yaml": "how: 6", "xben_12_902_answers-1.yaml": "how: 5"}.items():
            archive.writestr(name, text)
    write(
        shell.folder,
        {"more/ada@x.org/answers.yaml": "how: 7\n", "roster.csv": "ID;canvas_id;e-mail\n007;11;ada@x.org\n"},
    )
    command = ("grade", "canvas.zip", "--assignment", "quiz")
    first = shell(*command, "--roster", "roster.csv")
    assert first.code == 2
    assert re.search(r"^007 +quiz +1 / 1 +graded$", first.out, re.MULTILINE)
    assert re.search(r"^12 +quiz +not graded$", first.out, re.MULTILINE)
    assert first.err.startswith("canvas.zip: a download from Canvas\n")
    assert "xben_12_902_answers-1.yaml: 12 is not in the roster" in first.err
    plain = shell(*command)
    assert plain.code == 1
    assert re.search(r"^12 +quiz +0 / 1 +graded$", plain.out, re.MULTILINE)

    with Gradebook.open(shell.folder / "state") as gradebook:
        gradebook.set_roster(read_roster(shell.folder / "roster.csv"), "me", datetime.now(UTC))
    both = shell(*command, "more")
    assert both.code == 2
    assert "007 has another one here" in both.err
    assert shell("grade", "more", "--assignment", "quiz").out.splitlines()[1].startswith("007 ")


# Disks that are full


@pytest.fixture
def quizzes(tmp_path: Path) -> Shell:
    """A class of thirty, each with an answer of forty kilobytes."""
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [quiz]\n", "quiz/assignment.yaml": QUIZ})
    for number in range(30):
        answers = f"how: 6\n# {number:40000}\n"
        write(tmp_path / "inbox" / f"s{number:02}", {"answers.yaml": answers})
    return Shell(tmp_path, tmp_path / "course")


def test_a_disk_that_fills_up_while_work_is_stored(quizzes: Shell) -> None:
    """Whoever is not stored is named, the others are; once there is room the same command makes up for it."""
    disk = quizzes.folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1100k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        full = replace(quizzes, home=disk / "state")
        first = full("grade", "inbox", "--assignment", "quiz")
        assert first.code == 3
        assert "the disk is full" in first.err
        lines = first.out.splitlines()[1:]
        assert len(lines) == 30
        lost = [line for line in lines if re.search(r" (not stored|pending)$", line)]
        assert lost
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        again = full("grade", "inbox", "--assignment", "quiz")
        assert again.code == 0
        assert len(re.findall(r"^s\d\d +quiz +1 / 1 +graded", again.out, re.MULTILINE)) == 30
        with sqlite3.connect(disk / "state" / "gradebook.sqlite3") as connection:
            assert connection.execute("SELECT count(*) FROM submissions").fetchone() == (30,)
        connection.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_while_grades_are_added(quizzes: Shell) -> None:
    """No file may grow past what the gradebook has when all is stored: what was graded then is said to be pending."""
    stored = quizzes("grade", "inbox", "--assignment", "quiz")
    assert stored.code == 0
    other = replace(quizzes, home=quizzes.folder / "other")
    assert other("status").code == 0
    limit = ["prlimit", f"--fsize={260_000}"]
    first = other("grade", "inbox", "--assignment", "quiz", prefix=limit)
    assert first.code == 3
    assert "full" in first.err
    assert re.search(r"(pending|not stored)$", first.out, re.MULTILINE)
    again = other("grade", "inbox", "--assignment", "quiz")
    assert (again.code, len(re.findall(r"1 / 1 +graded", again.out))) == (0, 30)


def test_an_assignment_that_is_broken_stops_no_other(shell: Shell) -> None:
    """One with checks that are no Python, one whose YAML is wrong, and one that is sound."""
    course = shell.folder / "course"
    (course / "course.yaml").write_text("title: C\nassignments: [twice, bent, broken]\n")
    write(course / "bent", FILES | {"assignment.yaml": YAML.replace("id: twice\ntitle", "id: bent\ntitle")})
    (course / "bent" / "checks/hidden/test_hidden.py").write_text("def test_one(submission)\n")
    write(course / "broken", {"assignment.yaml": "format: 1\nid: broken\n"})
    for name in ("twice", "bent", "broken"):
        write(shell.folder / "several", {f"ada/{name}/twice.py": RIGHT.format(1)})
    answer = shell("grade", "several")
    assert answer.code == 3
    assert re.search(r"^ada +twice +2 / 2 +graded$", answer.out, re.MULTILINE)
    assert re.search(r"^ada +bent +0 / 2 +pending$", answer.out, re.MULTILINE)
    assert re.search(r"^ada +broken +not stored$", answer.out, re.MULTILINE)
    assert "pending: " in answer.err
    assert "bent/checks/hidden/test_hidden.py:1" in answer.err
    assert "broken/assignment.yaml:" in answer.err
    assert shell("report", "--course", "course").code == 2  # as before: it says what is wrong with the course
    (course / "course.yaml").write_text("title: C\nassignments: [twice, bent]\n")
    (course / "bent" / "checks/hidden/test_hidden.py").write_text(FILES["checks/hidden/test_hidden.py"])
    assert shell("report").code == 0  # with a grade that has no questions
    assert shell("show", "bent", "--student", "ada").code == 0
