"""The warm process: it imports torch once and forks a locked-down worker for each request.

It holds nothing secret, since every worker inherits its memory; student source reaches the worker over its own socket,
after the lock-down. It never runs student code, and stays at one thread, so that forking is safe.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import platform
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from grader.sandbox import identity, landlock, lockdown, seccomp, shadow, system
from grader.sandbox.worker import serve
from grader.wire import Channel

MAX_REQUEST_BYTES = 1 << 16
MAX_STRAY_ROUNDS = 100
FORKS_BETWEEN_JOINS = 200
LINES_OF_STATUS = ("Seccomp", "NoNewPrivs", "CapEff", "CapPrm", "Uid", "Gid")

Request = Mapping[str, Any]


class Zygote:
    """Answers requests on a control socket until it closes.

    ``allow`` adds to the paths that workers may read, in parts since a request is small; ``configure`` prepares the
    walls; ``fork`` carries two descriptors, the worker's end of its socket and the pipe for its output; ``inspect``
    tells what the kernel says of a worker; ``reap`` ends one and tells how it ended; ``discard`` ends one and is not
    answered.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._readable: list[str] = []
        self._ruleset: int | None = None
        self._isolated = True
        self._users: range | None = None
        self._users_problem: str | None = None
        self._forked = 0
        self._join_at = 0
        self._workers: set[int] = set()
        self._discarded: set[int] = set()

    def serve(self) -> None:
        """Answer requests until the examiner goes away, then end every worker by ending."""
        answers: dict[str, Callable[[Request, list[int]], dict[str, Any]]] = {
            "allow": self._allow,
            "configure": self._configure,
            "fork": self._fork,
            "inspect": self._inspect,
            "reap": self._reap,
        }
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._control, MAX_REQUEST_BYTES, 2)
            if not data:
                return
            request = json.loads(data)
            self._bury_discarded(os.WNOHANG)
            if request["op"] == "discard":
                self._discard(request["pid"])
                continue
            try:
                answer = answers[request["op"]](request, descriptors)
            except (OSError, RuntimeError, ImportError) as error:
                answer = {"fault": f"{type(error).__name__}: {error}"}
            self._control.send(json.dumps(answer).encode())

    def _allow(self, request: Request, _: list[int]) -> dict[str, Any]:
        self._readable += request["paths"]
        return {}

    def _configure(self, request: Request, _: list[int]) -> dict[str, Any]:
        """Warm up what the assignment needs, prepare the walls that all its workers get, and say which there are."""
        for name in request["warm"]:
            importlib.import_module(name)
        _fill_import_caches()
        self._isolated = bool(request["isolated"])
        if self._ruleset is not None:
            os.close(self._ruleset)
            self._ruleset = None
        abi = landlock.find_abi()
        if self._isolated and abi:
            self._ruleset = landlock.build_ruleset(landlock.Paths(tuple(self._readable), tuple(request["writable"])))
        self._readable = []
        if self._isolated and platform.machine() in seccomp.MACHINES:
            seccomp.build_filter(0, read_only=self._ruleset is None)  # workers find it built
        gc.collect()
        gc.freeze()  # without it, one collection in each worker copies the whole heap
        if self._forked >= self._join_at:  # again only when writing has split many of them, since joining copies them
            system.join_pages()
            self._join_at = self._forked + FORKS_BETWEEN_JOINS
        users = self._find_users()
        return {
            "landlock": abi,
            "seccomp": seccomp.is_supported(),
            "user": bool(users),
            "user_problem": self._users_problem,
        }

    def _find_users(self) -> range:
        """Return the users that workers may become; none where such a user could not read what a worker needs."""
        if self._users is None:
            self._users = identity.find_users()
            if os.geteuid() != 0:
                self._users_problem = "not started as root"
            elif not self._users:
                self._users_problem = "this container has too few user ids"
            else:
                needed = [str(module.__file__) for module in (os, torch, np, system)]
                self._users_problem = identity.try_user(self._users[0], needed)
            if self._users_problem is not None:
                self._users = range(0)
        return self._users

    def _fork(self, request: Request, descriptors: list[int]) -> dict[str, Any]:
        connection, output = descriptors
        if len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("the zygote has more than one thread")
        limits = lockdown.Limits(request["cpu_seconds"], request["memory_mb"])
        users = self._find_users()
        user = users[self._forked % len(users)] if users and self._isolated else None
        self._forked += 1
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_worker(connection, output, lockdown.Cell(limits, self._ruleset, user), parent)
        self._workers.add(pid)
        os.close(connection)
        os.close(output)
        return {"pid": pid, "user": user}

    def _become_worker(self, connection: int, output: int, cell: lockdown.Cell, parent: int) -> None:
        """Run the worker in this forked process; never returns."""
        code = 0
        try:
            os.setsid()
            system.die_with_parent()
            # An open file that all workers share has flags and a position, by which one could tell the next something.
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what is printed before a crash counts
            kept = lockdown.keep_descriptors([connection] if cell.ruleset is None else [connection, cell.ruleset])
            channel = Channel(socket.socket(fileno=kept[0]))
            system.hide_memory()
            if self._isolated:
                lockdown.close_in(replace(cell, ruleset=kept[1] if cell.ruleset is not None else None), parent)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            gc.enable()
            tempfile.tempdir = "/tmp"  # noqa: S108 - there is none to write to; looking for one would raise at import
            serve(channel)
        except BaseException:
            traceback.print_exc()  # to the worker's output, which the examiner reads
            code = 1
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _inspect(self, request: Request, _: list[int]) -> dict[str, Any]:
        """Tell what the kernel says of a worker, which the worker itself cannot change."""
        with open(f"/proc/{request['pid']}/status", encoding="ascii", errors="replace") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        return {"status": {name: fields.get(name) for name in LINES_OF_STATUS}}

    def _reap(self, request: Request, _: list[int]) -> dict[str, Any]:
        """End a worker, with whatever it started and left behind; only code that is not isolated can do that.

        Those that were discarded before have ended as well when the answer comes.
        """
        self._bury_discarded()
        answer = _end(request["pid"], request["grace_seconds"])
        self._workers.discard(request["pid"])
        for _round in range(MAX_STRAY_ROUNDS):
            strays = set(_children()) - self._workers
            if not strays:
                break
            for pid in strays:
                _end(pid, 0.0)
        return answer

    def _discard(self, pid: int) -> None:
        """End a worker without waiting for it: taking its memory down takes longer than all else here."""
        os.kill(pid, signal.SIGKILL)
        self._discarded.add(pid)

    def _bury_discarded(self, options: int = 0) -> None:
        """Wait for the discarded workers, or with ``WNOHANG`` only take note of those that have ended."""
        for pid in list(self._discarded):
            if os.waitpid(pid, options)[0]:
                self._discarded.discard(pid)
                self._workers.discard(pid)


def _children() -> list[int]:
    """Return this process's children, its adopted ones too; none where the kernel does not tell."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
            return [int(pid) for pid in children.read().split()]
    except OSError:
        return []


def _end(pid: int, grace_seconds: float) -> dict[str, Any]:
    """Kill a worker that has not ended by itself after ``grace_seconds``.

    Says how it ended, what CPU seconds it used and its peak memory in kilobytes.
    """
    ended, status, usage = os.wait4(pid, os.WNOHANG)
    deadline = time.monotonic() + grace_seconds
    while not ended and time.monotonic() < deadline:
        time.sleep(0.002)
        ended, status, usage = os.wait4(pid, os.WNOHANG)
    if not ended:
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
    signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    return {
        "killed_by_us": not ended,
        "signal": signalled,
        "code": code,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_kb": usage.ru_maxrss,
    }


def _fill_import_caches() -> None:
    """Read the folders that modules are imported from.

    Where a course lies inside one of them, workers may read what is beside it but not list the folder itself; they
    can import from it all the same, since the import system remembers the listing.
    """
    importlib.invalidate_caches()
    for folder in sys.path:
        finder = sys.path_importer_cache.get(folder)
        if finder is not None and hasattr(finder, "find_spec"):
            finder.find_spec("no_such_module_anywhere")


def _resolve_operations() -> None:
    """Let torch make its Python objects of all operations, which a dispatch mode would have each worker make anew."""
    for name in torch._C._dispatch_get_all_op_names():
        namespace, _, operation = name.partition("::")
        packet, _, overload = operation.partition(".")
        if namespace == "aten" and not overload.endswith("out"):
            with contextlib.suppress(AttributeError):  # some have no place in Python
                getattr(getattr(torch.ops.aten, packet), overload or "default")


def _rehearse() -> None:
    """Compute on the shadow device as losses do: what torch finds out of an operation at its first use, it remembers.

    The operations that share memory with what they are passed matter most, since torch parses their descriptions. No
    backward: it could start threads.
    """
    targets = torch.tensor([0, 1])
    with shadow.shadow_device():
        x, y = shadow.put_on_device(torch.ones(2, 2)), shadow.put_on_device(targets)
        torch.nn.functional.cross_entropy(x, y)
        torch.nn.functional.mse_loss(x, x.new_zeros(2, 2))
        torch.nn.functional.linear(x, x, x[0])
        log_p = x.log_softmax(dim=1).gather(1, y.unsqueeze(1)).squeeze(1)
        log_p = log_p + x[torch.arange(2, device=x.device), y] - (x - x.logsumexp(dim=1, keepdim=True))[:, 0]
        x.clone().detach().add_(1).sub_(1).mul_(2).div_(2).clamp_(min=0).pow_(2)
        one_hot = torch.zeros_like(x).scatter_(1, y.view(-1, 1), 1.0).scatter_add_(1, y.reshape(2, 1), x)
        torch.where(x.abs() > 0, x.exp().expand(1, 2, 2).permute(0, 2, 1)[0].t(), one_hot.transpose(0, 1)).flatten()
        (-((1 - log_p.exp()) ** 2.0) * log_p).mean().to(torch.float64).item()


def main() -> None:
    """Serve the control socket whose descriptor is the only argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    system.hide_memory()
    system.adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the examiner's to handle
    torch.set_num_threads(1)
    gc.disable()
    np.random.seed(0)  # numpy imports its generators on first use
    # The first operation reads /proc/cpuinfo, which a worker cannot.
    torch.nn.functional.cross_entropy(torch.randn(8, 3), torch.arange(8) % 3)
    _resolve_operations()
    _rehearse()
    Zygote(control).serve()
    os._exit(0)  # taking torch apart would only take time
