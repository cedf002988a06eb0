"""The warm process: it imports torch once and forks a locked-down worker for each request.

It holds nothing secret, since every worker inherits its memory; student source reaches the worker over its own socket,
after the lock-down. It never runs student code, and stays at one thread, so that forking is safe.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from grader.sandbox import landlock, lockdown, system
from grader.sandbox.worker import serve
from grader.wire import Channel

MAX_REQUEST_BYTES = 1 << 16

Request = Mapping[str, Any]


class Zygote:
    """Answers ``configure``, ``fork`` and ``reap`` requests on a control socket until it closes.

    A ``fork`` request carries two descriptors: the worker's end of its socket, and the pipe for its output.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._ruleset: int | None = None
        self._isolated = True

    def serve(self) -> None:
        """Answer requests until the examiner goes away, then end every worker by ending."""
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._control, MAX_REQUEST_BYTES, 2)
            if not data:
                return
            request = json.loads(data)
            try:
                answer = self._answer(request, descriptors)
            except (OSError, RuntimeError, ImportError) as error:
                answer = {"fault": f"{type(error).__name__}: {error}"}
            self._control.send(json.dumps(answer).encode())

    def _answer(self, request: Request, descriptors: list[int]) -> dict[str, Any]:
        if request["op"] == "configure":
            return self._configure(request)
        if request["op"] == "fork":
            return self._fork(request, descriptors)
        return _reap(request["pid"], request["grace_seconds"])

    def _configure(self, request: Request) -> dict[str, Any]:
        """Warm up what the assignment needs, and prepare the ruleset that all its workers get."""
        for name in request["warm"]:
            importlib.import_module(name)
        _fill_import_caches()
        self._isolated = bool(request["isolated"])
        if self._ruleset is not None:
            os.close(self._ruleset)
            self._ruleset = None
        if self._isolated:
            missing = lockdown.find_missing_layers()
            if missing:
                return {"missing": missing}
            paths = landlock.Paths(tuple(request["readable"]), tuple(request["writable"]))
            self._ruleset = landlock.build_ruleset(paths)
        gc.collect()
        gc.freeze()  # without it, one collection in each worker copies the whole heap
        return {"missing": []}

    def _fork(self, request: Request, descriptors: list[int]) -> dict[str, Any]:
        connection, output = descriptors
        if len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("the zygote has more than one thread")
        limits = lockdown.Limits(request["cpu_seconds"], request["memory_mb"])
        pid = os.fork()
        if pid == 0:
            self._become_worker(connection, output, limits)
        os.close(connection)
        os.close(output)
        return {"pid": pid}

    def _become_worker(self, connection: int, output: int, limits: lockdown.Limits) -> None:
        """Run the worker in this forked process; never returns."""
        code = 0
        try:
            os.setsid()
            system.die_with_parent()
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what is printed before a crash counts
            wanted = [connection] if self._ruleset is None else [connection, self._ruleset]
            kept = lockdown.keep_descriptors(wanted)
            channel = Channel(socket.socket(fileno=kept[0]))
            system.hide_memory()
            if self._isolated:
                lockdown.limit_resources(limits, lockdown.measure_address_space())
                lockdown.restrict_system(kept[1])
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


def _reap(pid: int, grace_seconds: float) -> dict[str, Any]:
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


def main() -> None:
    """Serve the control socket whose descriptor is the only argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    system.hide_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the examiner's to handle
    torch.set_num_threads(1)
    gc.disable()
    np.random.seed(0)  # numpy imports its generators on first use
    # The first operation reads /proc/cpuinfo, which a worker cannot.
    torch.nn.functional.cross_entropy(torch.randn(8, 3), torch.arange(8) % 3)
    Zygote(control).serve()
