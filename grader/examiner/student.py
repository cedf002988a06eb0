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
from grader.examiner.workers import Allowance, SandboxFailed, WorkerProcess, Workers
from grader.job import Job
from grader.language import _
from grader.results import Outcome

MAX_OUTPUT_KEPT = 64 << 10
START_SECONDS = 30.0  # a forked worker takes some hundredths, on a machine that is busy more


class Student:
    """Serves the checks of one submission, with a fresh worker whenever the last one was lost.

    A file that does not load is not tried again: the same verdict holds for all its checks. Unless it is the ``last``
    submission, the next one's worker is forked while this one is examined.
    """

    def __init__(self, workers: Workers, job: Job, files: Mapping[str, bytes], *, last: bool = True) -> None:
        self._workers = workers
        self._job = job
        self._files = dict(files)
        self._last = last
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
    def picture(self) -> bytes | None:
        """The figure that was looked at last in this check, as PNG."""
        return self._connection.picture if self._connection is not None else None

    @property
    def passed_sizes(self) -> frozenset[int]:
        """The sizes of the tensors that this check passed, and the products of two of them."""
        return self._connection.passed_sizes if self._connection is not None else frozenset()

    @property
    def output(self) -> str:
        """What the submission printed so far, at most 64 kB, undecodable bytes replaced."""
        return self._printed.decode("utf-8", "replace")

    def start_check(self) -> None:
        """Begin the time of one check."""
        self._started = time.monotonic()
        if self._connection is not None:
            self._connection.picture = None

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

    def load(self, file: str, seed: int, device: str = "cpu") -> SubmittedFile:
        """Return the module of a submitted file, in a worker whose generators are seeded and that uses ``device``.

        Raises:
            LoadError, WorkerLost: importing the file failed, now or before.
            WorkerLost: the submission has used up its time.
        """
        if file in self._failures:
            raise self._failures[file]
        self._connect()  # a worker in place of one that was lost has imported nothing
        if file not in self._modules:
            self._modules[file] = self._import(file, seed)
        self._connect().begin_check(seed, device)
        return self._modules[file]

    def fetch(self, dotted: str) -> Any:
        """Return a handle to something of torch in the student's process, such as ``torch.nn.MSELoss``."""
        if not dotted.startswith("torch."):
            raise ValueError(f"remote({dotted!r}): only names of torch can be asked for")
        return self._connect().request({"op": "import", "name": dotted})

    def close(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            # After the last one nothing is left behind; before, nobody waits while a worker's memory is taken down.
            self._worker.end() if self._last else self._worker.discard()
            self._printed += self._worker.printed[: MAX_OUTPUT_KEPT - len(self._printed)]
        self._worker = None
        self._connection = None
        self._modules = {}

    def _import(self, file: str, seed: int) -> SubmittedFile:
        """Import a file; the check that comes first gets its own time afterwards.

        What an import raises is shown to students, text and all. A worker that has seen inputs of checks could put them
        there, so that what fails in such a one is tried again in a fresh one.

        Raises:
            LoadError, WorkerLost: it failed where nothing was known of any check.
        """
        connection = self._connect()
        try:
            module = self._ask_for(connection, file, seed)
        except (StudentError, WorkerLost) as error:
            if connection.used:
                self.close()
                return self._import(file, seed)
            self._failures[file] = failure = _explain_failure(file, error)
            raise failure from None
        if self._started is not None:
            self.stop_check()
            self.start_check()
        return module

    def _ask_for(self, connection: Connection, file: str, seed: int) -> SubmittedFile:
        connection.begin_check(seed)
        module = connection.request({"op": "import", "name": file.removesuffix(".py")})
        if not isinstance(module, SubmittedFile):
            raise WorkerLost(Outcome.CRASHED, _("It put something else in its own place."))
        return module

    def _connect(self) -> Connection:
        """Return the connection to a live worker, with this check's deadline set."""
        left = self._job.seconds - self._spent
        if left <= 0:
            seconds = f"{self._job.seconds:g}"
            message = _("The submission had used up its {seconds} s for all checks.", seconds=seconds)
            raise WorkerLost(Outcome.TIMED_OUT, message)
        if self._connection is None or not self._connection.alive:
            self.close()
            self._connection = self._start_worker()
        self._set_deadline(self._connection, left)
        return self._connection

    def _start_worker(self) -> Connection:
        """Fork a worker and hand it the submitted files. The time that this takes is ours, not the submission's."""
        started = time.monotonic()
        self._worker = self._workers.fork(self._allowance, isolated=self._job.isolated)
        connection = Connection(self._worker, self._allowance, self._sources, self._make_handle)
        set_time(connection, START_SECONDS, f"{START_SECONDS:g} s")
        self._hand_over(self._worker, connection)
        if not self._last:
            self._workers.fork_ahead(self._allowance, isolated=self._job.isolated)
        if self._started is not None:
            self._started += time.monotonic() - started
        return connection

    def _hand_over(self, worker: WorkerProcess, connection: Connection) -> None:
        """Send the submitted files to a worker that is locked down; none of them has run yet.

        Raises:
            SandboxFailed: the worker did not start as it should, which is never the submission's fault.
        """
        try:
            connection.request({"op": "load", "forbid": self._list_forbidden()}, self._files, "files")
        except (WorkerLost, StudentError) as error:
            worker.end()
            words = worker.printed.decode("utf-8", "replace").strip()[-1000:]
            raise SandboxFailed(f"a student's process did not start: {error} {words}") from None
        worker.verify_lockdown()

    def _list_forbidden(self) -> list[str]:
        """Return what all questions forbid: the files share a process, and one may use what another may not."""
        each = [set(question.forbid) for question in self._job.questions.values()]
        return sorted(set.intersection(*each)) if each else []

    def _set_deadline(self, connection: Connection, left: float) -> None:
        used = time.monotonic() - self._started if self._started is not None else 0.0
        seconds = min(self._job.check_seconds, left) - used
        limit = self._job.check_seconds if self._job.check_seconds <= left else self._job.seconds
        set_time(connection, max(0.0, seconds), f"{limit:g} s")

    def _make_handle(self, connection: Connection, number: int, name: str, kind: str) -> Handle:
        is_file = kind == "file" and f"{name}.py" in self._files
        return (SubmittedFile if is_file else Handle)(connection, number, name, kind)


def _explain_failure(file: str, error: StudentError | WorkerLost) -> LoadError | WorkerLost:
    if isinstance(error, StudentError):
        return load_error(error)
    words = f"{error.message[:1].lower()}{error.message[1:]}"
    return WorkerLost(error.outcome, _("While {file} was being imported: {what}", file=file, what=words), error.frames)


def seed_generators(seed: int) -> torch.Generator:
    """Seed every global generator of this process, and return a fresh one for the check.

    What an earlier check switched, and did not get to switch back when a submission failed it, is as in the beginning.
    """
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed records a stack trace for CUDA, every time
    return torch.Generator().manual_seed(seed)
