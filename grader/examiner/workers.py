"""Starts the zygote, has it fork workers, and watches over what they do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.examiner.exceptions import WorkerLost
from grader.results import Outcome

if TYPE_CHECKING:
    from grader.examiner.channel import WatchedChannel

MAX_OUTPUT_KEPT = 64 << 10
MAX_OUTPUT = 1 << 20
ZYGOTE_SECONDS = 120.0  # importing torch from a cold disk can take a minute
REAP_SECONDS = 10.0


class ZygoteFailed(Exception):
    """The warm process did not start, or died: a fault of ours."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one worker may use: CPU seconds, and megabytes on top of what torch itself takes."""

    cpu_seconds: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a worker ended, as the kernel tells it."""

    killed_by_us: bool
    signal: int | None
    code: int | None
    cpu_seconds: float
    peak_kb: int


class Zygote:
    """The warm process, seen from the examiner. Starting returns at once; ``configure`` waits until it is ready."""

    def __init__(self) -> None:
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own.settimeout(ZYGOTE_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "grader.sandbox", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_clean_environment(),
                cwd="/",
            )
        self._control = own

    def configure(
        self, *, warm: Sequence[str], readable: Sequence[str], writable: Sequence[str], isolated: bool
    ) -> list[str]:
        """Prepare for an assignment; returns the layers of isolation that this machine lacks.

        Raises:
            ZygoteFailed: it did not start.
        """
        request = {"warm": list(warm), "readable": list(readable), "writable": list(writable), "isolated": isolated}
        answer = self._ask({"op": "configure", **request})
        return [str(layer) for layer in answer["missing"]]

    def fork(self, allowance: Allowance, *, isolated: bool) -> WorkerProcess:
        """Fork a locked-down worker.

        Raises:
            ZygoteFailed: the zygote could not, or the worker is not locked down.
        """
        own, theirs = socket.socketpair()
        output, output_end = os.pipe2(os.O_CLOEXEC)
        try:
            request = {"op": "fork", "cpu_seconds": allowance.cpu_seconds, "memory_mb": allowance.memory_mb}
            answer = self._ask(request, [theirs.fileno(), output_end])
        except ZygoteFailed:
            own.close()
            os.close(output)
            raise
        finally:
            theirs.close()
            os.close(output_end)
        return WorkerProcess(self, int(answer["pid"]), own, output, isolated=isolated)

    def reap(self, pid: int, grace_seconds: float = 0.0) -> Ending:
        """End a worker and say how it ended; one that is ending already gets ``grace_seconds`` to do so."""
        return Ending(**self._ask({"op": "reap", "pid": pid, "grace_seconds": grace_seconds}))

    def close(self) -> None:
        """End the zygote; the kernel ends its workers with it."""
        self._control.close()
        self._process.kill()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process.wait()

    def _ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], list(descriptors))
            data = self._control.recv(1 << 16)
            if not data:
                raise ZygoteFailed(f"the process that runs submissions ended: {self._last_words()}")
            answer: dict[str, Any] = json.loads(data)
        except OSError as error:
            raise ZygoteFailed(f"the process that runs submissions does not answer: {error}") from None
        if "fault" in answer:
            raise ZygoteFailed(str(answer["fault"]))
        return answer

    def _last_words(self) -> str:
        self._process.kill()
        assert self._process.stderr is not None
        return self._process.stderr.read().decode(errors="replace")[-2000:].strip() or "it said nothing"


class WorkerProcess:
    """One worker: its channel, and its output, drained while we wait so that a print never blocks."""

    def __init__(self, zygote: Zygote, pid: int, connection: socket.socket, output: int, *, isolated: bool) -> None:
        self.pid = pid
        self._zygote = zygote
        self._output = output
        self._ending: Ending | None = None
        self.printed = bytearray()
        self.printed_bytes = 0
        os.set_blocking(output, False)
        from grader.examiner.channel import WatchedChannel  # it imports torch, and the zygote is started before that

        self.channel: WatchedChannel = WatchedChannel(connection, self, output)
        self._isolated = isolated

    @property
    def alive(self) -> bool:
        """Has it not been ended yet?"""
        return self._ending is None

    def verify_lockdown(self) -> None:
        """Look from outside whether the worker is locked down. Call after its first answer.

        Raises:
            ZygoteFailed: it is not; nothing of a student may run in it.
        """
        if not self._isolated:
            return
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
                text = status.read()
        except OSError as error:
            raise ZygoteFailed(f"cannot tell whether the worker is locked down: {error}") from None
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        if fields.get("Seccomp") != "2" or fields.get("NoNewPrivs") != "1":
            raise ZygoteFailed("the worker is not locked down")

    def drain(self) -> None:
        """Read what it printed so far; keeps the first 64 kB.

        Raises:
            WorkerLost: it printed more than 1 MB.
        """
        while self.printed_bytes <= MAX_OUTPUT:
            try:
                data = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                return
            self.printed += data[: MAX_OUTPUT_KEPT - len(self.printed)]
            self.printed_bytes += len(data)
        raise WorkerLost(Outcome.CRASHED, "The code printed more than 1 MB and was stopped.")

    def end(self, grace_seconds: float = 0.0) -> Ending:
        """End the process, keep what it printed, and say how it ended."""
        if self._ending is None:
            self._ending = self._zygote.reap(self.pid, grace_seconds)
            with contextlib.suppress(WorkerLost):
                self.drain()
            self.channel.close()
            os.close(self._output)
        return self._ending


def explain_ending(ending: Ending, allowance: Allowance) -> WorkerLost:
    """Say in the student's words why a worker went away without an answer."""
    if ending.signal == signal.SIGXCPU or (
        ending.signal == signal.SIGKILL and ending.cpu_seconds >= allowance.cpu_seconds
    ):
        return WorkerLost(Outcome.TIMED_OUT, f"The code used more than {allowance.cpu_seconds} s of processor time.")
    if ending.killed_by_us:
        return WorkerLost(Outcome.CRASHED, "The code closed its connection to the grader.")
    if ending.signal is not None:
        name = signal.Signals(ending.signal).name
        return WorkerLost(Outcome.CRASHED, f"The code's process crashed ({name}) before it returned a result.")
    return WorkerLost(
        Outcome.CRASHED,
        f"The code ended its own process (exit code {ending.code}) before it returned a result.",
    )


def _cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "grader"


def _clean_environment() -> dict[str, str]:
    """Return the zygote's environment: nothing of the user's, one thread, fixed hashing."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # each thread's arena would reserve up to 128 MB of the worker's address space
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": str(_cache_directory() / "matplotlib"),
    }
    for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment
