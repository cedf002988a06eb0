"""Workers where no warm process can fork them (macOS, Windows): each is a program that is started for it.

There is no isolation and there are no limits but those of time and of what is printed: it is for a student's own code.
A worker is started ahead of its use, so that the import of torch is waited for as little as can be.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import IO, Any

from grader.examiner.walls import Walls
from grader.examiner.workers import (
    MAX_OUTPUT,
    ZYGOTE_SECONDS,
    Allowance,
    Ending,
    SandboxFailed,
    WorkerProcess,
    Workers,
    fix_environment,
    flooded,
)
from grader.platforms import keep_apart

HERE = "127.0.0.1"
TOKEN_BYTES = 32
TOKEN_SECONDS = 5.0  # whoever connects has to say at once that it is the worker
LOOK_SECONDS = 0.2  # between two looks whether a worker that is waited for has ended
OUTPUT_SECONDS = 1.0  # for what a worker printed before it ended
WHY = "not on this system"
# Windows has no signals that end a process, but codes: that of abort(), and those of exceptions that nobody handled.
CODES = {
    3: "SIGABRT", 0xC0000409: "SIGABRT", 0xC0000005: "SIGSEGV", 0xC00000FD: "SIGSEGV", 0xC000001D: "SIGILL",
    0xC000008E: "SIGFPE", 0xC0000094: "SIGFPE",
}  # fmt: skip


class Spawner(Workers):
    """Starts workers as programs, the next one always ahead."""

    def __init__(self) -> None:
        self._warm: tuple[str, ...] = ()
        self._spare: _Program | None = _Program(self._warm)
        self._running: dict[int, _Program] = {}

    def configure(
        self, *, warm: Sequence[str], readable: Sequence[str], writable: Sequence[str], isolated: bool
    ) -> Walls:
        """Prepare for an assignment. There are no walls; those that were asked for are missed by who looks at them."""
        self._warm = tuple(warm)
        if self._spare is not None:
            self._spare.tell({"warm": warm})
        return Walls(0, seccomp=False, user=False, mounts=None, user_problem=WHY, bubblewrap_problem=WHY)

    def fork(self, allowance: Allowance, *, isolated: bool) -> WorkerProcess:
        """Return the worker that was started ahead, and start the next."""
        if isolated:
            raise SandboxFailed("this system cannot isolate students' code")
        program, self._spare = self._spare, None
        if program is not None and program.ended:
            program.end()
            program = None
        program = program or _Program(self._warm)
        try:
            connection = program.meet()
        except SandboxFailed:
            program.end()
            raise
        self._running[program.pid] = program
        self.fork_ahead(allowance, isolated=isolated)
        return SpawnedWorker(self, program, connection)

    def fork_ahead(self, allowance: Allowance, *, isolated: bool) -> None:
        """Have a worker started, if there is none ahead; all are alike."""
        if self._spare is None:
            self._spare = _Program(self._warm)

    def discard(self, pid: int) -> None:
        """End a worker of which nothing more is wanted."""
        self.reap(pid)

    def reap(self, pid: int, grace_seconds: float = 0.0) -> Ending:
        """End a worker and say how it ended."""
        return self._running.pop(pid).end(grace_seconds)

    def inspect(self, pid: int) -> dict[str, str | None]:
        """Return what the kernel says of a worker's walls: nothing."""
        return {}

    def close(self) -> None:
        """End all workers."""
        programs = [*self._running.values(), *([] if self._spare is None else [self._spare])]
        self._running, self._spare = {}, None
        for program in programs:
            program.end()


class SpawnedWorker(WorkerProcess):
    """A worker that was started as a program. A thread drains its output."""

    def __init__(self, spawner: Spawner, program: _Program, connection: socket.socket) -> None:
        super().__init__(spawner, program.pid, isolated=False)
        self._output = program.output
        from grader.examiner.channel import SpawnedChannel  # it imports torch, and the first one is started before that

        self.channel = SpawnedChannel(connection, self)

    def drain(self) -> None:
        """Take what the thread read."""
        self._keep(self._output.take())
        if self.printed_bytes > MAX_OUTPUT:
            raise flooded()

    def _close_output(self) -> None:
        """The thread closes what it reads from."""


class _Program:
    """A process that imports torch, and then waits to be told where to connect to."""

    def __init__(self, warm: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "grader.sandbox.spawned"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                env=_make_environment(),
                cwd=os.path.abspath(os.sep),
                **keep_apart(),
            )
        except OSError as error:
            raise SandboxFailed(f"a student's process cannot be started: {error}") from None
        assert self._process.stdout is not None
        self.output = _Output(self._process.stdout, self._process)
        if warm:
            self.tell({"warm": list(warm)})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def tell(self, line: dict[str, Any]) -> None:
        """Send it a line. Whether it has ended is seen when it is waited for."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(line).encode() + b"\n")

    def meet(self) -> socket.socket:
        """Let it connect, and return the connection. Nobody else is let in: only the process itself was told the token.

        Raises:
            SandboxFailed: it did not come.
        """
        token = secrets.token_bytes(TOKEN_BYTES)
        deadline = time.monotonic() + ZYGOTE_SECONDS
        with socket.create_server((HERE, 0)) as listener:
            self.tell({"port": listener.getsockname()[1], "token": token.hex()})
            while True:
                connection = self._accept(listener, deadline)
                if _knows(connection, token):
                    break
                connection.close()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small messages wait for each other
        return connection

    def _accept(self, listener: socket.socket, deadline: float) -> socket.socket:
        listener.settimeout(LOOK_SECONDS)
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                return listener.accept()[0]
            if self.ended:
                self.output.join(OUTPUT_SECONDS)
                words = self.output.take().decode("utf-8", "replace").strip()[-1000:]
                raise SandboxFailed(f"a student's process did not start: {words or 'it said nothing'}")
        raise SandboxFailed(f"a student's process did not start within {ZYGOTE_SECONDS:.0f} s")

    def end(self, grace_seconds: float = 0.0) -> Ending:
        """End it, with what it started where the system has groups of processes; say how it ended."""
        killed = False
        try:
            self._process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            killed = True
            self._process.kill()
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        self.output.join(OUTPUT_SECONDS)
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        return read_ending(code, killed=killed)


class _Output(threading.Thread):
    """Reads what a process prints as it comes, so that a print never blocks. One that prints too much is ended."""

    def __init__(self, stream: IO[bytes], process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._process = process
        self._lock = threading.Lock()
        self._read = bytearray()
        self.start()

    def run(self) -> None:
        left = MAX_OUTPUT
        with self._stream:
            while left >= 0 and (data := self._stream.read(1 << 16)):
                left -= len(data)
                with self._lock:
                    self._read += data
            if left < 0:
                self._process.kill()

    def take(self) -> bytes:
        """Return what was read and not taken yet."""
        with self._lock:
            data, self._read = bytes(self._read), bytearray()
        return data


def read_ending(code: int, *, killed: bool) -> Ending:
    """Return how a process ended, by what the system tells of it: a signal, as a negative number, or an exit code."""
    number = -code if code < 0 else None
    if number is None and not hasattr(signal, "SIGKILL"):
        number = getattr(signal, CODES.get(code, ""), None)
    return Ending(killed, number, None if number is not None else code, cpu_seconds=0.0, peak_kb=0)


def _knows(connection: socket.socket, token: bytes) -> bool:
    """Does whoever connected send the token first?"""
    deadline = time.monotonic() + TOKEN_SECONDS
    sent = b""
    with contextlib.suppress(OSError):
        while len(sent) < len(token) and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            data = connection.recv(len(token) - len(sent))
            if not data:
                break
            sent += data
    return hmac.compare_digest(sent, token)


def _make_environment() -> dict[str, str]:
    """Return a worker's environment: the examiner's own, which holds nothing that it may not know."""
    own = {"PYTHONUTF8": "1", "TORCHINDUCTOR_CACHE_DIR": tempfile.gettempdir()}
    return {**os.environ, **fix_environment(), **own}
