"""Words planted in hidden checks, solutions, mistakes and the gradebook are nowhere where a student could find them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.checks import read_checks
from grader.cli.fetching import make_stub
from grader.doctor import Target, stage_target
from grader.engine import Examiner
from grader.examiner import bubblewrap
from grader.grading import Setup, grade_submissions, make_job
from grader.report import Reader, SubmissionInfo, build_report, to_html, to_json, to_text
from grader.submission import Submission
from tests.workers import list_descendants

WAITING = b"import time\nprint('ready', flush=True)\ntime.sleep(90)\ndef scale(values, factor): return values\n"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with stage_target() as staged:
        yield staged


@pytest.fixture(scope="module")
def sandbox(target: Target) -> Iterator[list[int]]:
    """The sandbox's processes while a worker runs, after others were graded: the worker last, then who started it."""
    job = make_job(target.assignment, target.checks, [{"scale.py": WAITING}], Setup(secrets=(target.state,)))
    job = replace(job, seconds=120, check_seconds=100)
    with Examiner() as examiner:
        # The whole course was read, and its solution was run, before this worker is forked.
        broken = Submission({"scale.py": b"def scale(values, factor): return [object()]"})
        setup = Setup(secrets=(target.state,))
        work = [*target.neighbours(), broken]
        list(grade_submissions(examiner, target.assignment, target.checks, work, setup))
        examiner._send(job)
        before = set(list_descendants(examiner.pid))
        workers: set[int] = set()
        while not workers or not search_memory(min(workers), [b"time.sleep(90)"]):
            workers = {
                pid for pid in set(list_descendants(examiner.pid)) - before if b"Seccomp:\t2" in read(pid, "status")
            }
        yield [*before, *workers]


def read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def search_memory(pid: int, words: list[bytes]) -> list[bytes]:
    """Return which words are anywhere in a process's memory."""
    found = set()
    ranges = [line.split()[:2] for line in read(pid, "maps").decode().splitlines()]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for addresses, rights in ranges:
            if not rights.startswith("r"):
                continue
            start, end = (int(word, 16) for word in addresses.split("-"))
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue  # the kernel's own pages
            found |= {word for word in words if word in data}
    return sorted(found)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can look into the sandbox's processes")


@needs_root
def test_no_planted_word_is_in_the_sandboxs_memory(sandbox: list[int], target: Target) -> None:
    """Searched from outside, by root, which nothing inside can hinder."""
    worker = sandbox[-1]
    assert search_memory(worker, [b"time.sleep(90)"]), "the search finds what is there: the student's own source"
    planted = [target.secret.encode(), target.secret.encode("utf-16-le"), target.secret.encode("utf-32-le")]
    # Paths of what is hidden do not have to be known either.
    planted += [b"test_hidden", b"checks/hidden", str(target.directory).encode()]
    for pid in sandbox:
        if pid == worker or b"grader.sandbox" in read(pid, "cmdline"):
            assert search_memory(pid, planted) == [], read(pid, "cmdline")


@needs_root
def test_the_search_would_find_it_in_the_examiner(target: Target) -> None:
    with Examiner() as examiner:
        work = target.neighbours()
        list(grade_submissions(examiner, target.assignment, target.checks, work, Setup(secrets=(target.state,))))
        assert search_memory(examiner.pid, [target.secret.encode()])


@needs_root
def test_no_planted_word_is_in_an_environment_or_a_command_line(sandbox: list[int], target: Target) -> None:
    for pid in sandbox:
        for name in ("environ", "cmdline"):
            text = read(pid, name)
            assert target.secret.encode() not in text
            assert str(target.directory).encode() not in text


@needs_root
def test_the_worker_holds_no_descriptor_that_leads_anywhere(sandbox: list[int]) -> None:
    folder = Path(f"/proc/{sandbox[-1]}/fd")
    leads = {int(entry.name): str(entry.readlink()) for entry in folder.iterdir()}
    assert set(leads) == {0, 1, 2, 3}
    assert leads[0] == "/dev/null"
    assert leads[1] == leads[2]
    assert leads[1].startswith("pipe:")
    assert leads[3].startswith("socket:")


@needs_root
def test_the_worker_sees_no_file_that_holds_a_planted_word(sandbox: list[int], target: Target) -> None:
    """Inside bubblewrap the course is not there at all."""
    if bubblewrap.find() is None or not (Path(f"/proc/{sandbox[-1]}/root") / "usr").exists():
        pytest.skip("bubblewrap is not used here")
    root = Path(f"/proc/{sandbox[-1]}/root")
    if root.samefile("/"):
        pytest.skip("bubblewrap does not start here")
    assert not (root / str(target.directory).lstrip("/")).exists()
    assert not (root / "etc" / "passwd").exists()


def test_nothing_that_a_student_is_sent_holds_a_planted_word(target: Target, tmp_path: Path) -> None:
    """The stub, and the reports of right, wrong, broken and hostile work."""
    make_stub(target.assignment, tmp_path / "stub")
    sent = {str(path): path.read_bytes() for path in (tmp_path / "stub").rglob("*") if path.is_file()}
    assert len(sent) >= 3
    hostile = [
        b"def scale(values, factor): raise ValueError(values, factor)",
        b"def scale(values, factor): return 'x' * 10_000",
        b"def scale(values, factor): return object()",
        b"import os\nos._exit(0)",
        b"def scale(values, factor):\n    while True: pass",
        b"def scalee(values, factor): return values",
        b"def scale(",
    ]
    work = [*target.neighbours(), *(Submission({"scale.py": source}) for source in hostile)]
    setup = Setup(secrets=(target.state,))
    with Examiner() as examiner:
        checks = read_checks(target.assignment)
        graded = list(grade_submissions(examiner, target.assignment, checks, work, setup))
    assert len(graded) == len(work)
    for number, grade in graded:
        report = build_report(grade, SubmissionInfo(student="ada"), Reader.STUDENT)
        sent[f"text {number}"] = to_text(report).encode()
        sent[f"page {number}"] = to_html(report).encode()
        sent[f"JSON {number}"] = str(to_json(report)).encode()
    for name, text in sent.items():
        assert target.secret.encode() not in text, name
        assert not re.search(rb"test_hidden\.py|checks/hidden|solutions/|mistakes/", text), name


def test_no_traceback_of_a_fault_names_what_is_hidden(target: Target) -> None:
    """Not even an examiner that is killed says more than that it ended."""
    script = f"""
import os, signal
from pathlib import Path
from grader.checks import read_checks
from grader.engine import Examiner
from grader.grading import Setup, grade_submissions
from grader.report import Reader, SubmissionInfo, build_report, to_text
from grader.spec import load_assignment
from grader.submission import Submission
assignment = load_assignment(Path({str(target.assignment.directory)!r}))
with Examiner() as examiner:
    os.kill(examiner.pid, signal.SIGKILL)
    examiner._process.wait()
    examiner.restart = lambda: None
    work = [Submission({{"scale.py": b"def scale(values, factor): return values"}})]
    ((_, grade),) = grade_submissions(examiner, assignment, read_checks(assignment), work, Setup())
    print(grade.status, to_text(build_report(grade, SubmissionInfo(student="ada"), Reader.STUDENT)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("pending"), done.stderr
    assert target.secret not in done.stdout
    assert "hidden/" not in done.stdout
