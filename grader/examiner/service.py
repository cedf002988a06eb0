"""Answers jobs: configures the sandbox, runs pytest, and streams what it finds."""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from grader import __version__
from grader.examiner import paths
from grader.examiner.plugin import Emit, ExaminerPlugin
from grader.examiner.walls import Walls
from grader.examiner.walls import describe as describe_walls
from grader.examiner.workers import SandboxFailed, Workers
from grader.job import Fault, Job, Message, event_to_json, job_from_json
from grader.language import speaking
from grader.results import SHADOW

# What pytest brings that checks do not need; each costs time in every session, or reads the heap at its end.
UNUSED_PLUGINS = (
    "cacheprovider", "junitxml", "pastebin", "faulthandler", "doctest", "setuponly", "setupplan", "stepwise",
    "debugging", "unittest", "logging", "warnings", "recwarn", "tmpdir", "monkeypatch", "subtests", "terminal",
    "unraisableexception", "threadexception", "legacypath",
)  # fmt: skip
MARKERS = (
    "points(value, bonus=False, hint=None): what a check is worth",
    "question(id): the code question that a check belongs to",
    "device(name): the device that a check needs",
)
# Importing these lazily costs a forked worker up to a second each time; the warm process does it once.
WARM_FOR = {"optim": ("torch._dynamo",), "matplotlib": ("matplotlib.pyplot", "matplotlib.backends.backend_agg")}


def serve(jobs: IO[str], events: IO[str], workers: Workers) -> None:
    """Answer one job per line until there are no more."""
    gc.freeze()  # torch and its like stay as long as this process: collections need not look at them

    def emit(event: Message) -> None:
        events.write(json.dumps(event_to_json(event)) + "\n")
        events.flush()

    for line in jobs:
        job = job_from_json(json.loads(line))
        try:
            with speaking(job.language):
                fault = run_job(job, workers, emit)
        except SandboxFailed as error:
            fault = Fault(str(error))
        except Exception as error:  # whatever else breaks here is a fault of ours too, and the next job may go well
            fault = Fault(f"{type(error).__name__}: {error}")
            traceback.print_exc()
        if fault is not None:
            emit(fault)


def run_job(job: Job, workers: Workers, emit: Emit) -> Fault | None:
    """Run a job's checks; events go to ``emit``. Returns what failed on our side, if anything.

    Raises:
        SandboxFailed: the sandbox does not work.
    """
    secrets = [Path(secret) for secret in job.secrets]
    try:
        readable = paths.list_readable(secrets) if job.isolated else []
    except ValueError as error:
        return Fault(
            str(error), "keep the course's assignments and the gradebook in folders without a Python environment"
        )
    walls = workers.configure(
        warm=_find_warm_modules(job), readable=readable, writable=paths.DEVICES, isolated=job.isolated
    )
    if not job.submissions:
        environment = describe_environment(job, walls)
        emit(replace(walls.survey(), devices=find_devices(), environment=environment))
        return None
    if job.isolated and (fault := walls.find_fault(secrets)) is not None:
        return fault
    plugin = ExaminerPlugin(job, workers, find_devices(), describe_environment(job, walls), emit)
    with _forgotten_modules(Path(job.directory)):
        code = pytest.main(_pytest_arguments(job), plugins=[plugin])
    if plugin.broken is not None:
        return Fault(plugin.broken)
    if plugin.uncollected is not None:
        return Fault(plugin.uncollected, lasting=True)
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        return Fault(f"pytest ended with {code!r}", lasting=True)
    if code is pytest.ExitCode.NO_TESTS_COLLECTED:
        if any(check.needs_device in (None, *find_devices()) for check in job.checks):
            return Fault("pytest found none of the checks", lasting=True)
        plugin.defer_all()
    return None


@contextmanager
def _forgotten_modules(directory: Path) -> Iterator[None]:
    """Forget what is imported from ``directory`` in a block: the next job's files may have the same names."""
    before = set(sys.modules)
    try:
        yield
    finally:
        new = [name for name in sys.modules if name not in before]
        for name in [name for name in new if _is_of(name, directory.resolve())]:
            del sys.modules[name]


def _is_of(name: str, directory: Path) -> bool:
    """Was a module imported from ``directory``? pytest makes empty ones for the folders of check files."""
    module = sys.modules[name]
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
    found = [Path(place).resolve() for place in places if place is not None]
    return any(place.is_relative_to(directory) for place in found) or (not found and name.startswith("checks"))


def find_devices() -> tuple[str, ...]:
    """Return the devices that students' code can use here. The lock-down has no profile for GPUs yet."""
    return ("cpu", SHADOW)


def describe_environment(job: Job, walls: Walls) -> dict[str, str]:
    """Return what a result depends on besides the submission and the assignment."""
    return {
        "grader": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "pytest": metadata.version("pytest"),
        "devices": ", ".join(find_devices()),
        "isolation": walls.tier if job.isolated else "none",
        "walls": describe_walls(walls.survey()) if job.isolated else "none",
        "seed": str(job.seed),
    }


def _pytest_arguments(job: Job) -> list[str]:
    files = list(dict.fromkeys(check.path for check in job.checks))
    switches = ["--noconftest", "--import-mode=importlib", "--capture=no"]
    unused = [f"-pno:{name}" for name in UNUSED_PLUGINS]
    markers = ["-o", "markers=" + "\n".join(MARKERS)]
    return ["--rootdir", job.directory, "-c", os.devnull, *switches, *unused, *markers, *files]


def _find_warm_modules(job: Job) -> list[str]:
    """Return what to import before forking, by the words in the reference solutions and the submissions."""
    sources = [Path(q.reference).read_bytes() for q in job.questions.values() if q.reference is not None]
    sources += [content for files in job.submissions for content in files.values()]
    warm: list[str] = []
    for word, modules in WARM_FOR.items():
        if any(re.search(rb"\b" + word.encode() + rb"\b", source) for source in sources):
            warm += [name for name in modules if _is_installed(name)]
    return warm


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name.partition(".")[0])
    except metadata.PackageNotFoundError:
        return False
    return True


def split_streams() -> tuple[IO[str], IO[Any]]:
    """Take standard input and output for the protocol; whatever else is printed goes to standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    jobs = os.fdopen(os.dup(0), "r", encoding="utf-8")
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - lives as long as the process
    return jobs, events
