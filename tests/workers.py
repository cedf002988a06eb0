"""Real workers for tests: a zygote, and students' sources in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from grader.examiner import paths
from grader.examiner.proxy import SubmittedFile
from grader.examiner.student import Student
from grader.examiner.workers import Zygote
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
    zygote: Zygote, source: str, job: Job | None = None, extra: Mapping[str, bytes] | None = None
) -> Iterator[tuple[SubmittedFile, Student]]:
    """Load ``source`` in a worker; yields its module and the student behind it."""
    own = Student(zygote, job or make_job(), {FILE: dedent(source).encode(), **(extra or {})})
    try:
        own.start_check()
        yield own.load(FILE, seed=0), own
    finally:
        own.close()
