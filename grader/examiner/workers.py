"""Workers, the processes of students' code: what the examiner may do with them, and how the zygote forks them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.examiner import bubblewrap
from grader.examiner.exceptions import WorkerLost
from grader.examiner.walls import Walls
from grader.language import _
from grader.results import Outcome

if TYPE_CHECKING:
    from grader.wire import Channel

MAX_OUTPUT_KEPT = 64 << 10
MAX_OUTPUT = 1 << 20
MAX_ANSWER_BYTES = 1 << 16
MAX_PATHS_BYTES = 32 << 10  # of paths in one request, which may have 64 kB
ZYGOTE_SECONDS = 120.0  # importing torch from a cold disk can take a minute
GREET_SECONDS = 30.0
CLOSE_SECONDS = 2.0


# Not every system has every signal; none has the number 0.
_CRASH_NAMES = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
CRASHES = tuple(getattr(signal, name) for name in _CRASH_NAMES if hasattr(signal, name))
SIGXCPU, SIGKILL = getattr(signal, "SIGXCPU", 0), getattr(signal, "SIGKILL", 0)
NO_CAPABILITIES = "0" * 16


class SandboxFailed(Exception):
    """The warm process, or a worker, did not start, or the former died: a fault of ours."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one worker may use: CPU seconds, and megabytes on top of what torch itself takes."""

    cpu_seconds: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a worker ended, as the system tells it; what that does not tell is 0 or None."""

    killed_by_us: bool
    signal: int | None
    code: int | None
    cpu_seconds: float
    peak_kb: int


class Workers(ABC):
    """What starts workers and ends them."""

    @abstractmethod
    def configure(
        self, *, warm: Sequence[str], readable: Sequence[str], writable: Sequence[str], isolated: bool
    ) -> Walls:
        """Prepare for an assignment; returns the walls that this machine offers.

        Raises:
            SandboxFailed: nothing can be started here.
        """

    @abstractmethod
    def fork(self, allowance: Allowance, *, isolated: bool) -> WorkerProcess:
        """Start a worker, or return the one that was started ahead.

        Raises:
            SandboxFailed: it did not start as it should.
        """

    @abstractmethod
    def fork_ahead(self, allowance: Allowance, *, isolated: bool) -> None:
        """Have the worker started that the next ``fork`` with the same arguments returns; does not wait for it.

        Raises:
            SandboxFailed: it cannot be started.
        """

    @abstractmethod
    def discard(self, pid: int) -> None:
        """End a worker of which nothing more is wanted, and do not wait until it has ended."""

    @abstractmethod
    def reap(self, pid: int, grace_seconds: float = 0.0) -> Ending:
        """End a worker and say how it ended; one that is ending already gets ``grace_seconds`` to do so."""

    @abstractmethod
    def inspect(self, pid: int) -> dict[str, str | None]:
        """Return lines of the kernel's status of a worker, by their names."""

    @abstractmethod
    def close(self) -> None:
        """End all workers, and whatever starts them."""


@dataclass(slots=True)
class _Fork:
    """A worker that was asked for: our ends of its socket and its output, and the answer once it was received."""

    allowance: Allowance
    isolated: bool
    connection: socket.socket
    output: int
    answer: dict[str, Any] | None = None

    def close(self) -> None:
        self.connection.close()
        os.close(self.output)


class Zygote(Workers):
    """The warm process, seen from the examiner. ``configure`` waits until it is ready.

    Where bubblewrap is installed it is started inside; where it does not start there, it is started without.
    """

    def __init__(self) -> None:
        program = bubblewrap.find()
        self._mounts: tuple[str, ...] | None = None
        self._wall_problem: str | None = "not installed"
        if program is not None and sys.platform == "linux":
            self._mounts = tuple(bubblewrap.list_mounts())
            self._wall_problem = None
        self._process, self._control = _start_zygote(program, self._mounts)
        self._greeted = False
        self._spare: _Fork | None = None
        if self._mounts is not None:
            try:
                self._control.settimeout(GREET_SECONDS)
                self._greet()
                self._control.settimeout(ZYGOTE_SECONDS)
            except (SandboxFailed, TimeoutError) as error:
                self._take_down_wall(f"does not start here: {error}")

    @property
    def pid(self) -> int:
        """The process that was started: bubblewrap's where that is used."""
        return self._process.pid

    def configure(
        self, *, warm: Sequence[str], readable: Sequence[str], writable: Sequence[str], isolated: bool
    ) -> Walls:
        """Prepare for an assignment; returns the walls that this machine offers."""
        if not isolated and self._mounts is not None:
            self._take_down_wall("no isolation was asked for")
        try:
            return self._configure(warm, readable, writable, isolated)
        except SandboxFailed as error:
            if self._mounts is None:
                raise
            self._take_down_wall(f"does not start here: {error}")
            return self._configure(warm, readable, writable, isolated)

    def _configure(
        self, warm: Sequence[str], readable: Sequence[str], writable: Sequence[str], isolated: bool
    ) -> Walls:
        self._discard_spare()  # its walls are those of the job before
        for part in _split_paths(readable):
            self._ask({"op": "allow", "paths": part})
        answer = self._ask({"op": "configure", "warm": list(warm), "writable": list(writable), "isolated": isolated})
        return Walls(
            landlock=int(answer["landlock"]),
            seccomp=bool(answer["seccomp"]),
            user=bool(answer["user"]),
            mounts=self._mounts,
            user_problem=answer["user_problem"],
            bubblewrap_problem=self._wall_problem,
        )

    def _take_down_wall(self, problem: str) -> None:
        self.close()
        self._mounts = None
        self._wall_problem = problem
        self._process, self._control = _start_zygote(None, None)
        self._greeted = False

    def _greet(self) -> None:
        """Wait for the hello that says that the process runs.

        Raises:
            SandboxFailed: it ended instead.
        """
        if not self._greeted:
            self._receive()
            self._greeted = True

    def fork(self, allowance: Allowance, *, isolated: bool) -> WorkerProcess:
        """Fork a locked-down worker, or return the one that was forked ahead."""
        fork, self._spare = self._spare, None
        if fork is not None and (fork.allowance, fork.isolated) != (allowance, isolated):
            self._settle(fork)
            self._drop(fork)
            fork = None
        fork = fork or self._ask_for_fork(allowance, isolated)
        try:
            self._settle(fork)
        except SandboxFailed:
            fork.close()
            raise
        assert fork.answer is not None
        pid, user = int(fork.answer["pid"]), fork.answer["user"]
        return ForkedWorker(self, pid, user, fork.connection, fork.output, isolated=isolated)

    def fork_ahead(self, allowance: Allowance, *, isolated: bool) -> None:
        """Have the worker forked that the next ``fork`` with the same arguments returns; does not wait for it."""
        if self._spare is None:
            self._spare = self._ask_for_fork(allowance, isolated)

    def _ask_for_fork(self, allowance: Allowance, isolated: bool) -> _Fork:
        own, theirs = socket.socketpair()
        output, output_end = os.pipe2(os.O_CLOEXEC)
        fork = _Fork(allowance, isolated, own, output)
        try:
            request = {"op": "fork", "cpu_seconds": allowance.cpu_seconds, "memory_mb": allowance.memory_mb}
            self._tell(request, [theirs.fileno(), output_end])
        except SandboxFailed:
            fork.close()
            raise
        finally:
            theirs.close()
            os.close(output_end)
        return fork

    def _settle(self, fork: _Fork) -> None:
        """Receive the answer to a fork, which comes before that to any later request."""
        if fork.answer is None:
            fork.answer = self._hear()

    def _discard_spare(self) -> None:
        if (fork := self._spare) is not None:
            self._spare = None
            with contextlib.suppress(SandboxFailed):
                self._settle(fork)
            self._drop(fork)

    def _drop(self, fork: _Fork) -> None:
        fork.close()
        if fork.answer is not None:
            self.discard(fork.answer["pid"])

    def discard(self, pid: int) -> None:
        """End a worker of which nothing more is wanted, and do not wait until it has ended."""
        self._tell({"op": "discard", "pid": pid})

    def reap(self, pid: int, grace_seconds: float = 0.0) -> Ending:
        """End a worker and say how it ended; one that is ending already gets ``grace_seconds`` to do so."""
        return Ending(**self._ask({"op": "reap", "pid": pid, "grace_seconds": grace_seconds}))

    def inspect(self, pid: int) -> dict[str, str | None]:
        """Return lines of the kernel's status of a worker, by their names."""
        status: dict[str, str | None] = self._ask({"op": "inspect", "pid": pid})["status"]
        return status

    def close(self) -> None:
        """End the zygote; the kernel ends its workers with it."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None
        self._control.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process.wait()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._tell(request)
        return self._hear()

    def _tell(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a request; whoever asked for a fork before hears of it first."""
        if self._spare is not None:
            self._settle(self._spare)
        try:
            self._greet()
            socket.send_fds(self._control, [json.dumps(request).encode()], list(descriptors))
        except OSError as error:
            raise _silent(error) from None

    def _hear(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(self._receive())
        except OSError as error:
            raise _silent(error) from None
        if "fault" in answer:
            raise SandboxFailed(str(answer["fault"]))
        return answer

    def _receive(self) -> bytes:
        data = self._control.recv(MAX_ANSWER_BYTES)
        if not data:
            raise SandboxFailed(f"the process that runs submissions ended: {self._last_words()}")
        return data

    def _last_words(self) -> str:
        self._process.kill()
        assert self._process.stderr is not None
        return self._process.stderr.read().decode(errors="replace")[-2000:].strip() or "it said nothing"


def _silent(error: OSError) -> SandboxFailed:
    return SandboxFailed(f"the process that runs submissions does not answer: {error}")


def _start_zygote(wall: str | None, mounts: Sequence[str] | None) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the warm process, inside bubblewrap where it is given what to mount; returns our end of its socket."""
    own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own.settimeout(ZYGOTE_SECONDS)
    command = [sys.executable, "-P", "-m", "grader.sandbox", str(theirs.fileno())]
    passed = [theirs.fileno()]
    if wall is not None and mounts is not None:
        cache = _cache_directory()
        with contextlib.suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True)
        passed.append(bubblewrap.pack_arguments(bubblewrap.build_arguments(mounts, cache)))
        command = [wall, "--args", str(passed[1]), *command]
    try:
        process = subprocess.Popen(
            command,
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_clean_environment(),
            cwd="/",
        )
    finally:
        theirs.close()
        for descriptor in passed[1:]:
            os.close(descriptor)
    return process, own


def _split_paths(readable: Sequence[str]) -> Iterator[list[str]]:
    """Yield the paths in parts that fit into one request each."""
    part: list[str] = []
    size = 0
    for path in readable:
        length = len(json.dumps(path)) + 2
        if part and size + length > MAX_PATHS_BYTES:
            yield part
            part, size = [], 0
        part.append(path)
        size += length
    if part:
        yield part


class WorkerProcess(ABC):
    """One worker: its channel, and what it printed."""

    channel: Channel

    def __init__(self, workers: Workers, pid: int, *, isolated: bool) -> None:
        self.pid = pid
        self._workers = workers
        self._isolated = isolated
        self._ending: Ending | None = None
        self._discarded = False
        self.printed = bytearray()
        self.printed_bytes = 0

    @property
    def alive(self) -> bool:
        """Has it not been ended yet?"""
        return self._ending is None and not self._discarded

    def verify_lockdown(self) -> None:
        """Look from outside whether the worker is locked down. Call after its first answer.

        Raises:
            SandboxFailed: it is not; nothing of a student may run in it.
        """
        if self._isolated:
            raise SandboxFailed("the worker is not locked down")

    @abstractmethod
    def drain(self) -> None:
        """Take what it printed so far; keeps the first 64 kB.

        Raises:
            WorkerLost: it printed more than 1 MB.
        """

    @abstractmethod
    def _close_output(self) -> None: ...

    def end(self, grace_seconds: float = 0.0) -> Ending:
        """End the process, keep what it printed, and say how it ended."""
        if self._ending is None:
            self._ending = self._workers.reap(self.pid, grace_seconds)
            self._close()
        return self._ending

    def discard(self) -> None:
        """End the process and keep what it printed; how it ends matters to nobody any more."""
        if not self._isolated:  # it may have left others behind, which are ended with it
            self.end()
        if not self.alive:
            return
        self._discarded = True
        self._workers.discard(self.pid)
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(WorkerLost):
            self.drain()
        self.channel.close()
        self._close_output()

    def _keep(self, data: bytes) -> None:
        """Take what was printed, of which not more is kept than may be."""
        self.printed += data[: MAX_OUTPUT_KEPT - len(self.printed)]
        self.printed_bytes += len(data)


def flooded() -> WorkerLost:
    """Return what to raise of a worker that printed too much."""
    return WorkerLost(Outcome.CRASHED, _("The code printed more than 1 MB and was stopped."))


class ForkedWorker(WorkerProcess):
    """A worker of the zygote's. Its output is drained while we wait, so that a print never blocks."""

    def __init__(
        self, zygote: Zygote, pid: int, user: int | None, connection: socket.socket, output: int, *, isolated: bool
    ) -> None:
        super().__init__(zygote, pid, isolated=isolated)
        self._user = user
        self._output = output
        os.set_blocking(output, False)
        from grader.examiner.channel import WatchedChannel  # it imports torch, and the zygote is started before that

        self.channel = WatchedChannel(connection, self, output)

    def verify_lockdown(self) -> None:
        """Look from outside whether the worker is locked down; the kernel says so of it."""
        if not self._isolated:
            return
        status = self._workers.inspect(self.pid)
        wanted = {"Seccomp": "2", "NoNewPrivs": "1", "CapEff": NO_CAPABILITIES, "CapPrm": NO_CAPABILITIES}
        if self._user is not None:
            wanted |= dict.fromkeys(("Uid", "Gid"), "\t".join([str(self._user)] * 4))
        for name, value in wanted.items():
            if status.get(name) != value:
                raise SandboxFailed(f"the worker is not locked down: {name} is {status.get(name)}, not {value}")

    def drain(self) -> None:
        """Read what it printed so far."""
        while self.printed_bytes <= MAX_OUTPUT:
            try:
                data = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                return
            self._keep(data)
        raise flooded()

    def _close_output(self) -> None:
        os.close(self._output)


def explain_ending(ending: Ending, allowance: Allowance) -> WorkerLost:
    """Say in the student's words why a worker went away without an answer."""
    if ending.signal == SIGXCPU or (ending.signal == SIGKILL and ending.cpu_seconds >= allowance.cpu_seconds):
        seconds = allowance.cpu_seconds
        message = _("The code used more than {seconds} s of processor time.", seconds=seconds)
        return WorkerLost(Outcome.TIMED_OUT, message)
    if ending.killed_by_us:
        return WorkerLost(Outcome.CRASHED, _("The code closed its connection to the grader."))
    # Code can end itself in hundreds of ways, and say by which one what a hidden check passed: few are told apart.
    if ending.signal is not None and ending.signal in CRASHES:
        name = signal.Signals(ending.signal).name
        message = _("The code's process crashed ({signal}) before it returned a result.", signal=name)
        return WorkerLost(Outcome.CRASHED, message)
    return WorkerLost(Outcome.CRASHED, _("The code ended its own process before it returned a result."))


def _cache_directory() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "grader"


def fix_environment() -> dict[str, str]:
    """Return what is the same for every worker, whoever starts it: one thread, fixed hashing, places for caches."""
    return {
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": str(_cache_directory() / "matplotlib"),
    }


def _clean_environment() -> dict[str, str]:
    """Return the zygote's environment: nothing of the user's."""
    environment = fix_environment() | {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "2",  # each thread's arena would reserve up to 128 MB of the worker's address space
        "TORCHINDUCTOR_CACHE_DIR": "/tmp",  # noqa: S108 - torch makes it, so it must be there; nobody writes to it
    }
    for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment
