"""Real workers for tests: a zygote, and students' sources in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from grader.examiner import paths
from grader.examiner.proxy import SubmittedFile
from grader.examiner.student import Student
from grader.examiner.workers import Workers, Zygote
from grader.job import Job

FILE = "student.py"


def start_zygote(secrets: tuple[Path, ...] = (), *, isolated: bool = True) -> Zygote:
    """Return a zygote that is ready to fork workers which cannot read ``secrets``."""
    zygote = Zygote()
    walls = zygote.configure(warm=[], readable=paths.list_readable(secrets), writable=paths.DEVICES, isolated=isolated)
    assert walls.find_fault(secrets) is None
    return zygote


def make_job(seconds: float = 30, check_seconds: float = 5, memory_mb: int = 1024) -> Job:
    """Return a job without checks: tests call the student's code themselves."""
    return Job("", (), {}, (), seconds=seconds, check_seconds=check_seconds, memory_mb=memory_mb)


@contextmanager
def student(
    workers: Workers, source: str, job: Job | None = None, extra: Mapping[str, bytes] | None = None
) -> Iterator[tuple[SubmittedFile, Student]]:
    """Load ``source`` in a worker; yields its module and the student behind it."""
    own = Student(workers, job or make_job(), {FILE: dedent(source).encode(), **(extra or {})})
    try:
        own.start_check()
        yield own.load(FILE, seed=0), own
    finally:
        own.close()


def find_worker(zygote: Zygote) -> int:
    """Return the process id of the zygote's only worker, as it is seen from here: inside bubblewrap it has another."""
    descendants = list_descendants(zygote.pid)
    (worker,) = [pid for pid in descendants if "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()]
    return worker


def list_descendants(pid: int) -> list[int]:
    """Return the process ids of a process's children, their children and so on."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
