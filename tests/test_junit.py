"""What came of each check, as continuous integration reads it."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader.errors import InputError
from grader.report import JunitFile
from tests.shell import Shell, write
from tests.test_engine import FILES, HALF, RIGHT
from tests.test_recording import QUIZ

LOUD = "def twice(x):\n    raise ValueError('\\x1b[31m]]>&<\\x00\\ufffe')  # {}\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [twice, quiz]\n", "quiz/assignment.yaml": QUIZ})
    write(tmp_path / "course" / "twice", FILES)
    return Shell(tmp_path, tmp_path / "course")


def read(path: Path) -> dict[str, dict[str, str]]:
    """The kind of result of each case of each suite; its own counts must be right."""
    root = ElementTree.fromstring(path.read_text())
    found: dict[str, dict[str, str]] = {}
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in root:
        cases = {f"{case.get('classname')}.{case.get('name')}": [one.tag for one in case] for case in suite}
        kinds = [kind for inner in cases.values() for kind in inner]
        counts = {
            "tests": len(cases),
            "failures": kinds.count("failure"),
            "errors": kinds.count("error"),
            "skipped": kinds.count("skipped"),
        }
        for name, count in counts.items():
            assert suite.get(name) == str(count)
            totals[name] += count
        found[str(suite.get("name"))] = {name: inner[0] if inner else "" for name, inner in cases.items()}
    assert {name: root.get(name) for name in totals} == {name: str(count) for name, count in totals.items()}
    return found


def test_each_check_of_each_submission(shell: Shell) -> None:
    inbox = {
        "right/twice/twice.py": RIGHT.format(1),
        "half/twice/twice.py": HALF.format(1),
        "loud/twice/twice.py": LOUD,
        "blank/twice/twice.py": " ",
        "lost/twice/other.txt": "",
        "quiz/quiz/answers.yaml": "how: 7\n",
        "open/quiz/answers.yaml": "{}\n",
    }
    write(shell.folder / "inbox", inbox)
    assert shell("grade", "inbox", "--junitxml", "out/junit.xml").code == 2
    found = read(shell.folder / "out" / "junit.xml")
    one, two = "twice.twice.test_one", "twice.twice.test_two"
    assert found == {
        "right · twice": {one: "", two: ""},
        "half · twice": {one: "", two: "failure"},
        "loud · twice": {one: "failure", two: "failure"},
        "blank · twice": {one: "skipped", two: "skipped"},
        "lost · twice": {"twice.submission.taken": "failure"},
        "quiz · quiz": {"quiz.how.answer": "failure"},
        "open · quiz": {"quiz.how.answer": "skipped"},
    }
    assert [path.name for path in (shell.folder / "out").iterdir()] == ["junit.xml"]
    assert "␛[31m" in (shell.folder / "out" / "junit.xml").read_text()


def test_faults_of_ours_are_errors(shell: Shell) -> None:
    (shell.folder / "course/twice/checks/hidden/test_hidden.py").write_text("def test_one(submission)\n")
    write(shell.folder / "inbox", {"ada/twice.py": RIGHT.format(1)})
    assert shell("grade", "inbox", "--assignment", "twice", "--junitxml", "junit.xml").code == 3
    assert read(shell.folder / "junit.xml") == {"ada · twice": {"twice.submission.graded": "error"}}


def test_it_is_whole_after_ctrl_c(shell: Shell) -> None:
    slow = "import time\ndef twice(x):\n    time.sleep(0.5)\n    return 2 * x  # {}\n"
    write(shell.folder / "inbox", {f"s{number:02}/twice.py": slow.format(number) for number in range(12)})
    running = shell.start("grade", "inbox", "--assignment", "twice", "-j", "1", "--json", "--junitxml", "junit.xml")
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    done = re.match(r"stopped: (\d+) of 12", err.decode())
    assert done is not None
    assert len(read(shell.folder / "junit.xml")) == int(done[1]) >= 1


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})
    for path in (tmp_path / "file" / "junit.xml", tmp_path):
        with pytest.raises(InputError, match=r"cannot be written|is a folder"):
            JunitFile(path)
