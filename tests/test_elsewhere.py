"""Students on macOS and Windows: their own code runs, nobody else's does.

None of this runs on those systems: what they lack is taken away on this one, see ``tests.elsewhere``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent
from typing import IO, Any

import pytest
import torch

from grader.examiner.exceptions import WorkerLost
from grader.examiner.spawner import Spawner, read_ending
from grader.examiner.workers import MAX_OUTPUT_KEPT, Allowance, Ending, SandboxFailed, explain_ending
from grader.job import Job
from grader.pipes import ThreadReader
from grader.resources import find_data
from grader.results import Outcome
from tests.elsewhere import SYSTEMS, be
from tests.shell import Shell, write
from tests.workers import FILE, list_descendants, make_job, student

YAML = """\
format: 1
id: halve
title: Halve it
summary: S
limits: {seconds: 30, check_seconds: 5, memory_mb: 512}
questions:
  - id: halve
    kind: code
    points: 2
    file: halve.py
    prompt: Write it.
    starter: "def halve(values):\\n    raise NotImplementedError\\n"
  - id: why
    kind: choice
    points: 1
    prompt: Why?
    choices: [{text: So., correct: true}, {text: Because.}]
"""
CHECK = '''\
import pytest
import torch

from grader.examiner.expect import expect_close


@pytest.mark.points(1)
def test_{name}(submission):
    """Half of 2 is 1, {name}."""
    values = torch.tensor([2.0], requires_grad=True)
    half = submission.halve(values)
    expect_close(half, torch.tensor([1.0]), name="the half")
    half.sum().backward()
    expect_close(values.grad, torch.tensor([0.5]), name="the gradient")
'''
RIGHT = "def halve(values):\n    print('halving \u2192')\n    return values / 2\n"
OWN = "grader: development only: "


@pytest.fixture
def course(tmp_path: Path) -> Path:
    files = {"course.yaml": "title: C\nassignments: [halve]\n", "halve/assignment.yaml": YAML}
    files["halve/solutions/a.py"] = RIGHT
    files["halve/checks/public/test_public.py"] = CHECK.format(name="public")
    files["halve/checks/hidden/test_hidden.py"] = CHECK.format(name="hidden")
    return write(tmp_path / "course", files)


@pytest.fixture(params=sorted(SYSTEMS))
def shell(request: pytest.FixtureRequest, tmp_path: Path, course: Path) -> Shell:
    return Shell(tmp_path, course, extra=be(request.param, tmp_path / "system"))


@pytest.fixture
def windows(tmp_path: Path, course: Path) -> Shell:
    return Shell(tmp_path, course, extra=be("windows", tmp_path / "system"))


def work(shell: Shell, source: str) -> Path:
    marker = json.dumps({"format": 1, "assignment": "halve"})
    return write(shell.folder / "work", {"halve.py": source, "answers.yaml": "why: a\n", "grader.json": marker})


# Without running code


def test_fetch_quiz_list_and_status(windows: Shell) -> None:
    shell = windows
    assert "halve" in shell("list").out
    assert shell("fetch", "halve").code == 0
    assert shell("fetch", "halve").out.count("as it was") == 5
    (shell.folder / "halve" / "halve.py").write_text(RIGHT, encoding="utf-8")
    assert "What was there" in shell("fetch", "halve", "--force").out
    command = [sys.executable, "-m", "grader", "quiz", "halve"]
    typed = subprocess.run(
        command, input=b"a\n", cwd=shell.folder, env=shell.environment, capture_output=True, check=True
    )
    assert b"All are answered." in typed.stdout
    assert "why: a" in (shell.folder / "halve" / "answers.yaml").read_text()
    assert "nothing yet" in shell("status").out


def test_what_windows_tells_of_an_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGKILL")
    allowance = Allowance(cpu_seconds=1, memory_mb=1)
    for code, name in ((3, "SIGABRT"), (0xC0000005, "SIGSEGV"), (0xC0000409, "SIGABRT"), (0xC000001D, "SIGILL")):
        ending = read_ending(code, killed=False)
        assert ending.signal == getattr(signal, name)
        assert f"crashed ({name})" in explain_ending(ending, allowance).message
    for code in (0, 1, 0xC000013A):
        assert read_ending(code, killed=False) == Ending(False, None, code, cpu_seconds=0.0, peak_kb=0)
        assert "ended its own process" in explain_ending(read_ending(code, killed=False), allowance).message


def test_an_ending_elsewhere_is_a_signal_or_a_code() -> None:
    assert read_ending(-6, killed=False) == Ending(False, 6, None, cpu_seconds=0.0, peak_kb=0)
    assert read_ending(3, killed=False) == Ending(False, None, 3, cpu_seconds=0.0, peak_kb=0)
    assert read_ending(-9, killed=True).killed_by_us


ODD = """
    import os
    from pathlib import Path
    from contextlib import ExitStack
    from grader.errors import SubmissionError
    from grader.places import CAN_OPEN_FOLDERS, Folder, read_file

    assert not CAN_OPEN_FOLDERS
    real_open = os.open

    def tell(act):
        try:
            print(act())
        except SubmissionError as error:
            print(error.message)

    def swap(path, flags, mode=0o777, *, dir_fd=None):
        os.replace("other.py", "swapped.py")
        return real_open(path, flags)

    with ExitStack() as stack:
        folder = Folder.open("work", stack)
        print(sorted(folder.names), sorted(folder.folders), sorted(folder.links))
        tell(lambda: folder.read("a.py"))
        tell(lambda: folder.read("link.py"))
        tell(lambda: folder.read("inner"))
        tell(lambda: folder.read("a.py", cap=3))
        tell(lambda: folder.read("gone.py"))
        tell(lambda: folder.enter("inner", stack).read("b.py"))
        tell(lambda: Folder.open("away", stack))
        tell(lambda: read_file("/dev/zero", "zero", 10))
    os.open = swap
    tell(lambda: read_file("swapped.py", "swapped.py", 10))
"""


def test_folders_are_read_by_paths_where_none_can_be_held_open(tmp_path: Path) -> None:
    files = {"work/a.py": "a = 1\n", "work/inner/b.py": "b\n", "other.py": "o\n", "swapped.py": "s\n"}
    write(tmp_path, files)
    (tmp_path / "work/link.py").symlink_to(tmp_path / "other.py")
    (tmp_path / "away").symlink_to(tmp_path / "work")
    environment = {**os.environ, **be("windows", tmp_path / "system")}
    done = subprocess.run(
        [sys.executable, "-c", dedent(ODD)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "['a.py', 'link.py'] ['inner'] ['link.py']",
        "b'a = 1\\n'",
        "link.py is a symbolic link",
        "inner is a folder, not a file",
        "a.py is too large: 6 bytes, and at most 3 are taken",
        "gone.py cannot be read: no such file or directory",
        "b'b\\n'",
        "away is a symbolic link",
        "zero is a device, not a file",
        "swapped.py was replaced while it was read",
    ]


WRITER = "import sys, time\nfor part in (b'one', b'two'):\n    sys.stdout.buffer.write(part)\n    sys.stdout.flush()\n"


def test_a_thread_reads_where_nothing_waits_for_pipes() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"{WRITER}    sys.stdin.readline()\n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        reader = ThreadReader(process.stdout)
        assert reader.read(time.monotonic() + 60) == b"one"
        assert reader.read(time.monotonic()) is None
        process.stdin.write(b"\n\n")
        process.stdin.flush()
        assert reader.read(time.monotonic() + 60) == b"two"
        assert reader.read(time.monotonic() + 60) == b""
        assert reader.read(time.monotonic() + 60) == b""  # what has ended stays so


def test_a_reader_that_is_closed_waits_for_nobody() -> None:
    flood = "import sys\nwhile True:\n    sys.stdout.write('x' * 65536)\n"
    with subprocess.Popen([sys.executable, "-c", flood], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        reader = ThreadReader(process.stdout)
        while not reader._reads.full():
            time.sleep(0.01)
        reader.close()
        process.kill()
        reader._thread.join(60)
        assert not reader._thread.is_alive()


# Workers that are started as programs


ALLOWANCE = Allowance(cpu_seconds=1, memory_mb=1)


@pytest.fixture(scope="module")
def spawner() -> Iterator[Spawner]:
    spawner = Spawner()
    walls = spawner.configure(warm=[], readable=[], writable=[], isolated=False)
    assert walls.tier == "D"
    fault = walls.find_fault([])
    assert fault is not None
    assert "cannot isolate" in fault.message
    yield spawner
    spawner.close()


def own(**limits: float) -> Job:
    return replace(make_job(**limits), isolated=False)  # type: ignore[arg-type]


def test_others_code_gets_no_worker(spawner: Spawner) -> None:
    with pytest.raises(SandboxFailed, match="cannot isolate"):
        spawner.fork(ALLOWANCE, isolated=True)


def test_only_who_was_told_the_token_is_let_in(spawner: Spawner) -> None:
    """A stranger that connects first, and says what it likes, is sent away; the worker comes after it."""
    strangers: list[socket.socket] = []
    program = spawner._spare
    assert program is not None
    tell = program.tell

    def tell_strangers_first(line: dict[str, Any]) -> None:
        for said in (b"x" * 32, b"", b"short"):
            strangers.append(socket.create_connection(("127.0.0.1", line["port"])))
            strangers[-1].sendall(said)
            strangers[-1].shutdown(socket.SHUT_WR)
        tell(line)

    program.tell = tell_strangers_first  # type: ignore[method-assign]
    try:
        with student(spawner, RIGHT, own()) as (module, one):
            assert module.halve(torch.tensor(4.0)) == 2
            assert len(strangers) == 3
            for stranger in strangers:
                assert stranger.recv(1) == b""
        assert one.output == "halving \u2192\n"
    finally:
        for stranger in strangers:
            stranger.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        ("import os; os.abort()", Outcome.CRASHED, "SIGABRT"),
        ("import os; os._exit(0)", Outcome.CRASHED, "ended its own process"),
        ("import os; os.closerange(3, 100)\nwhile True: pass", Outcome.CRASHED, "closed its connection"),
        ("while True: pass", Outcome.TIMED_OUT, "did not finish within 2 s"),
        ("while True: print('x' * 1000)", Outcome.CRASHED, "printed more than 1 MB"),
        ("print('x' * 2_000_000)", Outcome.CRASHED, "printed more than 1 MB"),
    ],
)
def test_ways_to_go_away(spawner: Spawner, body: str, outcome: Outcome, words: str) -> None:
    source = "def run():\n" + indent(body, "    ")
    with student(spawner, source, own(check_seconds=2)) as (module, _), pytest.raises(WorkerLost) as caught:
        module.run()
    assert caught.value.outcome is outcome
    assert words in caught.value.message


@pytest.mark.slow
def test_what_is_printed_and_started_ends_with_the_worker(spawner: Spawner) -> None:
    source = """
        import subprocess, sys

        def shout():
            print("x" * 200_000)
            return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]).pid
    """
    with student(spawner, source, own()) as (module, one):
        pid = module.shout()
        assert Path(f"/proc/{pid}").exists()
    assert len(one.output) == MAX_OUTPUT_KEPT
    wait_for(lambda: not is_alive(pid))


@pytest.mark.slow
def test_a_lost_worker_is_replaced_by_the_one_ahead(spawner: Spawner) -> None:
    with student(spawner, "import os\ndef leave(): os._exit(0)\ndef stay(): return 1", own()) as (module, one):
        ahead = spawner._spare
        assert ahead is not None
        with pytest.raises(WorkerLost):
            module.leave()
        one.stop_check()
        one.start_check()
        assert one.load(FILE, seed=0).stay() == 1
        assert list(spawner._running) == [ahead.pid]


@pytest.mark.slow
def test_a_spare_that_ended_meanwhile_is_not_waited_for(spawner: Spawner) -> None:
    assert spawner._spare is not None
    os.kill(spawner._spare.pid, signal.SIGKILL)
    wait_for(lambda: spawner._spare is not None and spawner._spare.ended)
    with student(spawner, RIGHT, own()) as (module, _):
        assert module.halve(torch.tensor(4.0)) == 2


@pytest.mark.slow
def test_a_worker_that_does_not_start_says_why() -> None:
    spawner = Spawner()
    try:
        spawner.configure(warm=["no_such_module"], readable=[], writable=[], isolated=False)
        with pytest.raises(SandboxFailed, match="no_such_module"):
            spawner.fork(ALLOWANCE, isolated=False)
    finally:
        spawner.close()


KILLED = """
    import os, pathlib, signal, sys, threading, time
    from dataclasses import replace
    from grader.examiner.spawner import Spawner
    from tests.workers import list_descendants, make_job, student

    spinning = pathlib.Path(sys.argv[1])
    source = f"def spin():\\n    open({str(spinning)!r}, 'w')\\n    while True: pass"
    spawner = Spawner()
    with student(spawner, source, replace(make_job(check_seconds=30), isolated=False)) as (module, _):
        threading.Thread(target=module.spin, daemon=True).start()
        while not spinning.exists():
            time.sleep(0.01)
        print(*list_descendants(os.getpid()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_no_worker_outlives_an_examiner_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", dedent(KILLED), str(tmp_path / "spinning")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    workers = [int(word) for word in done.stdout.split()]
    assert len(workers) == 2  # one that spins, and one ahead
    wait_for(lambda: not any(map(is_alive, workers)))


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# Commands that run code


def test_ones_own_code_is_checked(windows: Shell) -> None:
    lacking = "import os\nassert not hasattr(os, 'getuid'), 'this is not as on Windows'\n"
    answer = windows("check", work(windows, lacking + RIGHT), "--json")
    assert answer.code == 0, answer
    assert [check["outcome"] for check in answer.json["questions"][0]["checks"]] == ["passed"]
    assert answer.json["environment"]["isolation"] == "none"
    assert answer.err.startswith(OWN)
    assert len(answer.err.splitlines()) == 1


@pytest.mark.slow
def test_check_submit_show_and_status(shell: Shell) -> None:
    folder = work(shell, RIGHT.replace("/ 2", "/ 3"))
    answer = shell("check", folder)
    assert answer.code == 1
    assert "FAIL" in answer.out
    assert "ran without isolation" in answer.out
    work(shell, RIGHT)
    answer = shell("submit", folder, "--json")
    assert answer.code == 0, answer
    assert (answer.json["score"], answer.json["environment"]["isolation"]) == (3.0, "none")
    assert OWN in answer.err
    assert "Receipt:" in answer.err
    assert "halving \u2192" in shell("show", "--instructor").out
    assert "3 / 3" in shell("status").out
    assert shell("show", "--html", "report.html").code == 0
    assert "ran without isolation" in (shell.folder / "report.html").read_text(encoding="utf-8")
    # Somebody who asks for it is told as loudly as anywhere.
    assert "WITHOUT ISOLATION" in shell("check", folder, "--no-isolation").err


@pytest.mark.slow
def test_others_code_is_refused(shell: Shell) -> None:
    write(shell.folder / "inbox", {"bob/halve.py": RIGHT, "bob/answers.yaml": "why: a\n"})
    for command in (("grade", "inbox", "--assignment", "halve"), ("verify", "halve")):
        answer = shell(*command)
        assert answer.code == 3, answer
        assert "cannot isolate students' code" in answer.err
        assert "--no-isolation" in answer.err
    assert "ran" not in shell("status", "--student", "bob").out
    answer = shell("doctor")
    assert answer.code == 3
    assert "tier D" in answer.out
    assert "development only" in answer.out


@pytest.mark.slow
def test_a_figure_is_looked_at(shell: Shell) -> None:
    pytest.importorskip("matplotlib")
    shipped = Shell(shell.folder, extra=shell.extra)
    assert shipped("fetch", "outlier-comparison").code == 0
    solution = sorted((find_data("assignments") / "outlier-comparison" / "solutions").glob("*.py"))[0]
    shutil.copy(solution, shell.folder / "outlier-comparison" / "outlier_comparison.py")
    answer = shipped("check", "outlier-comparison", "--json")
    assert answer.code == 0, answer
    assert any(check["figure"] for question in answer.json["questions"] for check in question["checks"])


@pytest.mark.slow
def test_a_cell_of_a_notebook_checks_it(shell: Shell) -> None:
    assert shell("fetch", "halve", "--notebook").code == 0
    path = next((shell.folder / "halve").glob("*.ipynb"))
    script = f"from grader.notebook import check\nprint(check({str(path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=shell.folder, env=shell.environment, capture_output=True, check=True
    )
    said = done.stdout.decode("utf-8", "replace")
    assert "0 of 1 public checks passed" in said
    assert OWN in said


@pytest.mark.slow
def test_a_save_is_checked_by_the_worker_that_waits(shell: Shell) -> None:
    folder = work(shell, RIGHT.replace("/ 2", "/ 3"))
    process = shell.start("check", folder, "--watch")
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        read_until(process.stdout, b"Waiting for a save")
        work(shell, RIGHT)
        assert b"Public checks passed: 1 of 1" in read_until(process.stdout, b"Waiting for a save")
        started = list_descendants(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert len(started) == 2  # the examiner, and the worker ahead
    wait_for(lambda: not any(map(is_alive, started)))


def read_until(stream: IO[bytes], words: bytes) -> bytes:
    said = b""
    while words not in said:
        line = stream.readline()
        assert line, said
        said += line
    return said
