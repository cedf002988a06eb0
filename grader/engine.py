"""Runs jobs on examiners, one after another or several at once: jobs go in, their events come out as they happen.

``Examiner`` is the other process, seen from here. Starting it returns at once, so that a caller can read its own files
while the examiner imports torch. ``Pool`` has several, each with a zygote of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self, TypeGuard

from grader.errors import FaultError
from grader.job import (
    Event,
    Fault,
    Finished,
    Job,
    Message,
    Survey,
    Verdict,
    event_from_json,
    job_to_json,
)
from grader.language import OWN_CATALOGS, _, later, speaking
from grader.pipes import read_from
from grader.platforms import keep_apart

START_SECONDS = 180.0  # both processes import torch, perhaps from a cold disk
SLACK_SECONDS = 60.0
MAX_LINE_BYTES = 64 << 20
# What the examiner and, of these, the sandbox may know of the user's environment.
ENVIRONMENT = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CACHE_HOME", "VIRTUAL_ENV", "PYTHONPATH",
    "PYTHONHOME", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "CUDA_HOME", "CUDA_VISIBLE_DEVICES",
    OWN_CATALOGS,
    # Of Windows, without some of which no socket opens and no folder for caches is found.
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "HOMEDRIVE", "HOMEPATH",
    "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "USERNAME", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
)  # fmt: skip
_ENDED = later("the process that runs checks ended")
_CONFUSED = later("the process that runs checks sent something that was not asked for")
WAITING_EVENTS = 100  # of a pool, before its examiners wait for whoever takes them


class Engine(Protocol):
    """Something that runs jobs. ``width`` says how many at once."""

    @property
    def width(self) -> int:
        """How many jobs run at once."""
        ...

    def run_all(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Event]]:
        """Run jobs; yield the number of a job with each of its events.

        A job's events come in their order and end with the last submission's ``Finished`` or with a ``Fault``; those of
        several jobs come mixed. Jobs are asked for when there is somebody to run them. After a fault the others go on.
        """
        ...


class Closing(ABC):
    """A context manager that closes itself at the end of the block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """End what was started."""


class Examiner(Closing):
    """The process that runs checks. Use it as a context manager; it ends with the block."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = _start_process()
        assert self._process.stdout is not None
        self._reader = read_from(self._process.stdout)
        self._buffer = b""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Has the process ended?"""
        return self._process.poll() is not None

    def close(self) -> None:
        """End the process, and with it every student's process."""
        self._process.kill()
        self._process.wait()
        self._reader.close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def restart(self) -> None:
        """Replace a process that failed."""
        self.close()
        self._start()

    def run(self, job: Job) -> Iterator[Event]:
        """Run a job and yield its events as they happen, up to the last submission's ``Finished`` or a ``Fault``.

        A fault ends the process, and so does whoever stops asking before; it starts anew with the next job.
        """
        if self.ended:
            self.restart()
        remaining = set(range(len(job.submissions)))
        silence = START_SECONDS
        try:
            self._send(job)
            while remaining:
                with speaking(job.language):  # a fault is told of work
                    message = self._read_event(job.seconds + job.check_seconds + silence)
                    event = message if _belongs(message, remaining) else Fault(_(_CONFUSED))
                if isinstance(event, Finished):
                    remaining.remove(event.submission)
                yield event
                if isinstance(event, Fault):
                    return
                silence = SLACK_SECONDS
        except (OSError, ValueError):  # it could not be sent: the process has ended, or its streams are closed
            with speaking(job.language):
                fault = Fault(_(_ENDED))
            yield fault
        finally:
            if remaining:
                self.close()

    @property
    def width(self) -> int:
        """An examiner runs one job at a time."""
        return 1

    def run_all(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Event]]:
        """Run jobs, one after another; see ``Engine``."""
        for number, job in enumerate(jobs):
            for event in self.run(job):
                yield number, event

    def survey(self, *, seed: int = 0, isolated: bool = True) -> Survey:
        """Return what this machine offers to keep students' code in, and what results of such jobs depend on.

        Raises:
            FaultError: the examiner does not work.
        """
        empty = Job("", (), {}, (), seconds=0, check_seconds=0, memory_mb=0, seed=seed, isolated=isolated)
        try:
            self._send(empty)
        except OSError:
            raise FaultError(_(_ENDED)) from None
        event = self._read_event(START_SECONDS)
        if isinstance(event, Survey):
            return event
        raise FaultError(event.message if isinstance(event, Fault) else _(_CONFUSED))

    def _send(self, job: Job) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job_to_json(job)).encode() + b"\n")
        self._process.stdin.flush()

    def _read_event(self, seconds: float) -> Message:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            data = self._reader.read(deadline)
            if data is None:
                return Fault(_("the process that runs checks said nothing for {seconds:.0f} s", seconds=seconds))
            if not data or len(self._buffer) > MAX_LINE_BYTES:
                return Fault(_(_ENDED))
            self._buffer += data
        line, _newline, self._buffer = self._buffer.partition(b"\n")
        try:
            return event_from_json(json.loads(line))
        except (KeyError, TypeError, ValueError, RecursionError):
            return Fault(_(_CONFUSED))


def _belongs(message: Message, remaining: Container[int]) -> TypeGuard[Event]:
    """Is a message about the job: an event of a submission that is not finished, or a fault?"""
    return isinstance(message, Fault) or (isinstance(message, Verdict | Finished) and message.submission in remaining)


_Events = queue.Queue[tuple[int, Event] | BaseException | None]
"""What the threads of a pool tell: events, what stopped one, and that one has ended."""


class Pool(Closing):
    """Several examiners that share the jobs. Use it as a context manager; they end with the block.

    The first starts at once, the others when there is a job for them.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._lock = threading.Lock()
        # An examiner ends with the thread that started it (see ``die_with_parent``), so one thread starts them all.
        self._starter = ThreadPoolExecutor(max_workers=1)
        self._examiners = [self._starter.submit(Examiner).result()]

    @property
    def width(self) -> int:
        """How many examiners there are at most."""
        return self._width

    @property
    def first(self) -> Examiner:
        """The examiner that runs what needs only one."""
        return self._examiners[0]

    def survey(self, *, seed: int = 0, isolated: bool = True) -> Survey:
        """Return what this machine offers; see ``Examiner``."""
        return self.first.survey(seed=seed, isolated=isolated)

    def close(self) -> None:
        """End all examiners, and with them every student's process."""
        self._stop()
        self._starter.shutdown()

    def _stop(self) -> None:
        with self._lock:
            for examiner in self._examiners:
                examiner.close()

    def run_all(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Event]]:
        """Run jobs on all examiners; see ``Engine``.

        Whoever stops asking before the end stops the examiners, too: they start anew with the next job.
        """
        source = _Source(jobs)
        events: _Events = queue.Queue(WAITING_EVENTS)
        threads = [
            threading.Thread(target=self._serve, args=(number, source, events), daemon=True)
            for number in range(self._width)
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        try:
            while running:
                found = events.get()
                if found is None:
                    running -= 1
                elif isinstance(found, BaseException):
                    raise found
                else:
                    yield found
        finally:
            source.stop()
            if running:  # a job that nobody waits for any more ends with its examiner
                self._stop()
            for thread in threads:
                _wait_for(thread, events)

    def _serve(self, number: int, source: _Source, events: _Events) -> None:
        """Run jobs on one examiner until there are no more."""
        try:
            while (taken := source.take()) is not None:
                job_number, job = taken
                for event in self._examiner(number).run(job):
                    events.put((job_number, event))
        except BaseException as error:  # it is raised where the events are taken
            events.put(error)
        finally:
            events.put(None)

    def _examiner(self, number: int) -> Examiner:
        with self._lock:
            while len(self._examiners) <= number:
                self._examiners.append(self._starter.submit(Examiner).result())
            examiner = self._examiners[number]
            if examiner.ended:
                self._starter.submit(examiner.restart).result()
            return examiner


def _wait_for(thread: threading.Thread, events: _Events) -> None:
    """Let a thread end, which may be waiting for room for its events."""
    while thread.is_alive():
        with contextlib.suppress(queue.Empty):
            events.get(timeout=0.05)
        thread.join(0)


class _Source:
    """Jobs that several threads take, one by one."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = enumerate(jobs)
        self._lock = threading.Lock()
        self.stopped = False

    def take(self) -> tuple[int, Job] | None:
        """Return the next job and its number, or None when there are no more."""
        with self._lock:
            return None if self.stopped else next(self._jobs, None)

    def stop(self) -> None:
        """Give out no more jobs."""
        self.stopped = True


def _start_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "grader.examiner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # What a check prints, or an error of the examiner's own, is for whoever writes checks.
        stderr=None if os.environ.get("GRADER_DEBUG") else subprocess.DEVNULL,
        bufsize=0,
        env=_clean_environment(),
        **keep_apart(),  # Ctrl-C is for whoever waits for the grades, who then ends this
    )


def _clean_environment() -> dict[str, str]:
    """Return the examiner's environment: how to find Python and its libraries, but none of the user's secrets."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return kept | {
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",  # the course's folder stays as it is
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
