"""One submission under examination: its workers, its time, and the files that they load."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from grader.examiner.bridge import Connection, load_error, set_time
from grader.examiner.exceptions import LoadError, StudentError, WorkerLost
from grader.examiner.proxy import Handle, SubmittedFile
from grader.examiner.workers import Allowance, WorkerProcess, Zygote, ZygoteFailed
from grader.job import Job
from grader.results import Outcome

MAX_OUTPUT_KEPT = 64 << 10


class Student:
    """Serves the checks of one submission, with a fresh worker whenever the last one was lost.

    A file that does not load is not tried again: the same verdict holds for all its checks.
    """

    def __init__(self, zygote: Zygote, job: Job, files: Mapping[str, bytes]) -> None:
        self._zygote = zygote
        self._job = job
        self._files = dict(files)
        self._allowance = Allowance(cpu_seconds=int(job.seconds) + 1, memory_mb=job.memory_mb)
        self._sources = {name: content.decode("utf-8", "replace").splitlines() for name, content in files.items()}
        self._worker: WorkerProcess | None = None
        self._connection: Connection | None = None
        self._modules: dict[str, SubmittedFile] = {}
        self._failures: dict[str, LoadError | WorkerLost] = {}
        self._printed = bytearray()
        self._spent = 0.0
        self._started: float | None = None

    @property
    def last_call(self) -> tuple[str, Any] | None:
        """The name of the object called last in this check, and what came back."""
        return self._connection.last_call if self._connection is not None else None

    @property
    def output(self) -> str:
        """What the submission printed so far, at most 64 kB, undecodable bytes replaced."""
        return self._printed.decode("utf-8", "replace")

    def start_check(self) -> None:
        """Begin the time of one check."""
        self._started = time.monotonic()

    def stop_check(self) -> float:
        """End the time of one check, and return its seconds."""
        if self._started is None:
            return 0.0
        seconds = time.monotonic() - self._started
        self._spent += seconds
        self._started = None
        if self._connection is not None and not self._connection.alive:
            self.close()
        return seconds

    def load(self, file: str, seed: int) -> SubmittedFile:
        """Return the module of a submitted file, in a worker whose generators are seeded.

        Raises:
            LoadError, WorkerLost: importing the file failed, now or before.
            WorkerLost: the submission has used up its time.
        """
        if file in self._failures:
            raise self._failures[file]
        connection = self._connect()
        try:
            if file not in self._modules:
                self._modules[file] = self._import(connection, file, seed)
            connection.request({"op": "begin", "seed": seed})
        except StudentError as error:
            self._failures[file] = load_error(error)
            raise self._failures[file] from None
        except WorkerLost as lost:
            message = f"While {file} was being imported: {lost.message[:1].lower()}{lost.message[1:]}"
            self._failures[file] = WorkerLost(lost.outcome, message)
            raise self._failures[file] from None
        connection.last_call = None
        return self._modules[file]

    def fetch(self, dotted: str) -> Any:
        """Return a handle to something of torch in the student's process, such as ``torch.nn.MSELoss``."""
        if not dotted.startswith("torch."):
            raise ValueError(f"remote({dotted!r}): only names of torch can be asked for")
        return self._connect().request({"op": "import", "name": dotted})

    def close(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.end()
            self._printed += self._worker.printed[: MAX_OUTPUT_KEPT - len(self._printed)]
        self._worker = None
        self._connection = None
        self._modules = {}

    def _import(self, connection: Connection, file: str, seed: int) -> SubmittedFile:
        """Import a file in the worker; the check that comes first gets its own time afterwards."""
        connection.request({"op": "begin", "seed": seed})
        module = connection.request({"op": "import", "name": file.removesuffix(".py")})
        if not isinstance(module, SubmittedFile):
            raise WorkerLost(Outcome.CRASHED, "It put something else in its own place.")
        if self._started is not None:
            self.stop_check()
            self.start_check()
            self._connect()
        return module

    def _connect(self) -> Connection:
        """Return the connection to a live worker, with this check's deadline set."""
        left = self._job.seconds - self._spent
        if left <= 0:
            message = f"The submission had used up its {self._job.seconds:g} s for all checks."
            raise WorkerLost(Outcome.TIMED_OUT, message)
        if self._connection is None or not self._connection.alive:
            self.close()
            self._worker = self._zygote.fork(self._allowance, isolated=self._job.isolated)
            self._connection = Connection(self._worker, self._allowance, self._sources, self._make_handle)
            self._set_deadline(left)
            self._hand_over(self._worker, self._connection)
        else:
            self._set_deadline(left)
        return self._connection

    def _hand_over(self, worker: WorkerProcess, connection: Connection) -> None:
        """Send the submitted files to a worker that is locked down; none of them has run yet.

        Raises:
            ZygoteFailed: the worker did not start as it should, which is never the submission's fault.
        """
        try:
            connection.request({"op": "load"}, self._files, "files")
        except (WorkerLost, StudentError) as error:
            worker.end()
            words = worker.printed.decode("utf-8", "replace").strip()[-1000:]
            raise ZygoteFailed(f"a student's process did not start: {error} {words}") from None
        worker.verify_lockdown()

    def _set_deadline(self, left: float) -> None:
        assert self._connection is not None
        used = time.monotonic() - self._started if self._started is not None else 0.0
        seconds = min(self._job.check_seconds, left) - used
        limit = self._job.check_seconds if self._job.check_seconds <= left else self._job.seconds
        set_time(self._connection, max(0.0, seconds), f"{limit:g} s")

    def _make_handle(self, connection: Connection, number: int, name: str, kind: str) -> Handle:
        is_file = kind == "file" and f"{name}.py" in self._files
        return (SubmittedFile if is_file else Handle)(connection, number, name, kind)


def seed_generators(seed: int) -> torch.Generator:
    """Seed every global generator of this process, and return a fresh one for the check."""
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed records a stack trace for CUDA, every time
    return torch.Generator().manual_seed(seed)
