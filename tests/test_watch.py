"""Watching: a save is checked at once by the examiner that is up already, on one screen with four keys."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.cli.watch import look
from grader.gradebook import Gradebook
from tests.shell import GRADER, Shell, write

YAML = """\
format: 1
id: halve
title: Halve it
summary: S
limits: {seconds: 30, check_seconds: 8, memory_mb: 512}
questions:
  - id: halve
    kind: code
    points: 2
    file: halve.py
    prompt: Write it.
    starter: "def halve(values):\n    raise NotImplementedError\n"
    hints: [Divide.]
"""
CHECK = (
    "import pytest\n"
    "import torch\n"
    "\n"
    "from grader.examiner.expect import expect_close\n"
    "\n"
    "\n"
    '@pytest.mark.points({points}, hint="What is half of 2?")\n'
    "def test_{name}(submission):\n"
    '    """Half of 2 is 1, {name}."""\n'
    '    expect_close(submission.halve(torch.tensor([2.0])), torch.tensor([1.0]), name="the half")\n'
)
WRONG, RIGHT = "def halve(values):\n    return values\n", "def halve(values):\n    return values / 2\n"
QUIZ = "format: 1\nid: quiz\ntitle: Q\nsummary: S\nquestions:\n  - {id: a, kind: text, points: 1, prompt: Why?}\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    course = {
        "course.yaml": "title: C\nassignments: [halve, quiz]\n",
        "halve/assignment.yaml": YAML,
        "quiz/assignment.yaml": QUIZ,
    }
    course["halve/checks/public/test_public.py"] = CHECK.format(points=1, name="public")
    course["halve/checks/hidden/test_hidden.py"] = CHECK.format(points=1, name="hidden")
    write(tmp_path / "work", {"halve.py": WRONG, "grader.json": json.dumps({"format": 1, "assignment": "halve"})})
    return Shell(tmp_path, write(tmp_path / "course", course))


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, shell: Shell, *arguments: str) -> None:
        self.pid, self._stream = pty.fork()
        if self.pid == 0:
            os.chdir(shell.folder)
            environment = {**shell.environment, "TERM": "xterm", "BROWSER": "true", "NO_COLOR": "1"}
            os.execve(GRADER[0], [*GRADER, *arguments], environment)

    def wait_for(self, words: str) -> str:
        """Return what was printed up to these words."""
        said = b""
        while words.encode() not in said:
            assert select.select([self._stream], [], [], 60)[0], said.decode()
            said += os.read(self._stream, 4096)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())

    def press(self, key: str) -> None:
        os.write(self._stream, key.encode())

    def end(self) -> int:
        """Return the exit code; what is printed meanwhile is read, so that nothing waits for it."""
        while select.select([self._stream], [], [], 60)[0]:
            try:
                if not os.read(self._stream, 4096):
                    break
            except OSError:
                break
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._stream)
        return code


READY = "q: quit"


def test_a_save_is_checked_and_four_keys_do_the_rest(shell: Shell) -> None:
    terminal = Terminal(shell, "check", "work", "--watch")
    first = terminal.wait_for(READY)
    assert "Half of 2 is 1, public" in first
    assert "0 of 1 point" in first
    draft = write(shell.folder, {"draft": RIGHT}) / "draft"
    draft.replace(shell.folder / "work" / "halve.py")  # as many editors save
    assert "Public checks passed: 1 of 1" in terminal.wait_for(READY)
    terminal.press("h")
    assert "Hint 1 of 1 for halve:" in terminal.wait_for(READY)
    terminal.press("x")  # no key of ours: nothing happens
    terminal.press("s")
    terminal.wait_for("any other key goes back")
    terminal.press("n")
    assert "Nothing was handed in." in terminal.wait_for(READY)
    terminal.press("s")
    terminal.wait_for("any other key goes back")
    terminal.press("s")
    assert "2 of 2 points" in terminal.wait_for(READY)
    terminal.press("s")
    assert "this is what was handed in as attempt 1" in terminal.wait_for("any other key goes back")
    terminal.press("n")
    terminal.wait_for(READY)
    terminal.press("o")
    page = Path(re.search(r"(/\S+/report\.html)", terminal.wait_for(READY))[1])  # type: ignore[index]
    assert "Half of 2 is 1, hidden" in page.read_text()
    terminal.press("q")
    assert terminal.end() == 0
    assert not page.parent.exists()
    with Gradebook.open(shell.folder / "state") as gradebook:
        assert [entry.number for entry in gradebook.entries()] == [1]
    assert (shell.folder / "work" / "receipts" / "halve-1.json").exists()


@pytest.mark.slow
def test_what_is_half_written_is_told_and_watched_on(shell: Shell) -> None:
    terminal = Terminal(shell, "check", "work", "--watch")
    terminal.wait_for(READY)
    (shell.folder / "work" / "halve.py").write_bytes(b"def halve(values:\n")
    assert "SyntaxError" in terminal.wait_for(READY)
    (shell.folder / "work" / "halve.py").unlink()
    terminal.wait_for(READY)
    (shell.folder / "work" / "halve.py").write_bytes(b"\xff\xfe\x00")
    terminal.wait_for(READY)
    (shell.folder / "work" / "halve.py").write_text(RIGHT)
    assert "Public checks passed: 1 of 1" in terminal.wait_for(READY)
    terminal.press("q")
    assert terminal.end() == 0


@contextmanager
def piped(shell: Shell, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = shell.start(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_without_a_terminal_it_prints_one_report_after_the_other(shell: Shell) -> None:
    with piped(shell, "check", "work", "--watch") as process:
        assert process.stdout is not None
        said = read_until(process.stdout.fileno(), b"Ctrl-C ends it.")
        assert b"\x1b" not in said
        (shell.folder / "work" / "halve.py").write_text(RIGHT)
        assert b"Public checks passed: 1 of 1" in read_until(process.stdout.fileno(), b"Ctrl-C ends it.")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def read_until(stream: int, words: bytes) -> bytes:
    said = b""
    while words not in said:
        assert select.select([stream], [], [], 60)[0], said
        piece = os.read(stream, 4096)
        assert piece, said
        said += piece
    return said


def test_what_can_never_be_watched_is_told_at_once(shell: Shell) -> None:
    shell("check", "nowhere", "--watch").fails(2, "there is no such file or folder")
    shell("check", "work", "--watch", "--json").fails(2, "exclude each other")


def test_a_change_is_seen_whatever_kind_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "1", "sub/b.py": "2", ".git/x": "1", "receipts/r.json": "1", "__pycache__/c.pyc": "1"})
    seen = look(tmp_path)
    assert {Path(name).name for name, *_ in seen} == {"a.py", "b.py"}
    for change in ("a.py", "sub/b.py", "new.py"):
        before = look(tmp_path)
        (tmp_path / change).write_text("longer")
        assert look(tmp_path) != before
    before = look(tmp_path)
    (tmp_path / "receipts" / "another.json").write_text("x")
    assert look(tmp_path) == before
    (tmp_path / "a.py").unlink()
    assert look(tmp_path) != before
    assert look(tmp_path / "gone") == frozenset()
    assert len(look(tmp_path / "sub" / "b.py")) == 1


def test_where_several_are_fetched_it_says_what_is_left(shell: Shell) -> None:
    assert shell("fetch", "quiz").code == 0
    assert shell("submit", "quiz").code in (0, 1)
    (shell.folder / "quiz" / "answers.yaml").write_text("a: because\n")
    told = shell("check")
    assert told.code == 0
    lines = [line.split(maxsplit=3) for line in told.out.splitlines()[:3]]
    assert lines[0] == ["FOLDER", "DUE", "BEST", "STATE"]
    assert "quiz" in told.out
    assert re.search(r"^quiz +- +\S+ of 1 +changed since attempt 1$", told.out, re.MULTILINE)
    assert re.search(r"^work +- +- of 2 +not handed in$", told.out, re.MULTILINE)
    rows = {row["path"]: row["state"] for row in shell("check", "--json").json}
    assert rows == {"quiz": "changed since attempt 1", "work": "not handed in"}
    (shell.folder / "work" / "grader.json").write_text("{")
    assert "work" in shell("check").out
