"""Machines of a Ray cluster, all on this one, as ``ray start`` makes them; and how to end them without a word."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

STARTED = "Ray runtime started."
# Ray's own minute and more is for networks; here whatever does not answer is gone.
HASTY = {
    "RAY_gcs_rpc_server_reconnect_timeout_s": "5",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_initial_delay_ms": "1000",
}


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def find_examiners(pid: int) -> list[int]:
    """Return the processes of Ray's, below ``pid``, that have an examiner each."""
    return [one for one in descendants(pid) if read_command(one).startswith("ray::NodeExaminer")]


def read_command(pid: int) -> str:
    """Return a process's command line, or nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


class Machine:
    """One ``ray start``, with all that it starts."""

    def __init__(self, environment: Mapping[str, str], *arguments: str) -> None:
        command = [str(Path(sys.executable).with_name("ray")), "start", "--block", *arguments]
        self._process = subprocess.Popen(
            [*command, "--object-store-memory=100000000", "--disable-usage-stats"],
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line
            if STARTED in line:
                return
        raise RuntimeError(self.said)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would: everything at once, and nothing is told to anybody."""
        doomed = [self.pid, *descendants(self.pid)]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in doomed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Machines:
    """A cluster: a head, and as many more machines as are added. Use it as a context manager."""

    def __init__(self, cores: int = 1, *arguments: str, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        self.environment = {**HASTY, **token, **environment}
        with socket.create_server(("", 0)) as free:
            port = free.getsockname()[1]
        head = ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={self.folder}/r"]
        self.head = Machine(self.environment, *head, f"--num-cpus={cores}", *arguments)
        (host,) = re.findall(r"Local node IP: (\S+)", self.head.said)
        self.address = f"{host}:{port}"
        self.others: list[Machine] = []

    def add(self, cores: int, *arguments: str, **environment: str) -> Machine:
        changed = {**self.environment, **environment}
        machine = Machine(changed, f"--address={self.address}", f"--num-cpus={cores}", *arguments)
        self.others.append(machine)
        return machine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for machine in (*self.others, self.head):
            machine.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def using(environment: Mapping[str, str]) -> Iterator[None]:
    """Have variables in this process's environment in a block."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
