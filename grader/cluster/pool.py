"""A Ray cluster, seen from whoever has jobs for it."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from grader.cluster.parcel import Parcel, check_paths, pack_folder
from grader.engine import START_SECONDS, Closing
from grader.errors import FaultError, InputError
from grader.job import Event, Fault, Job, Message, Survey, event_from_json, job_to_json

SILENCE_SECONDS = 90.0  # the driver tells something every second, but Ray may hold it up for a minute
CLOSE_SECONDS = 20.0
SHORT_FOLDER = "/tmp"  # noqa: S108 - Ray's sockets are made there, whose names may not be long
# What Ray is asked to do wherever it runs, and for a cluster of its own on this machine.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # of all its settings the one that keeps it off the network
_CONFUSED = "a machine of the cluster sent something that was not asked for"
OWN_HINT = "GRADER_DEBUG=1 shows what Ray says; --engine local needs no Ray"
CONNECT_HINT = (
    "run grader on a machine of the cluster, where `ray status` answers; where the cluster wants a token, "
    "RAY_AUTH_MODE=token and the token must be set here too"
)


class RayPool(Closing):
    """The examiners of a Ray cluster. Use it as a context manager; they end with the block.

    Without an ``address`` a cluster of its own is started on this machine, that nobody else can use, and ends with the
    block. With one (``auto``, or ``HOST:PORT``) this machine must be part of that cluster. ``each`` is the most
    examiners on one machine, where nothing is said one for each core; ``gpu_share`` is what part of a GPU each one
    takes; ``patience_seconds`` how long to wait for the first one.

    Raises:
        InputError: Ray is not installed, or an option is not possible.
    """

    def __init__(
        self,
        each: int | None = None,
        *,
        address: str | None = None,
        gpu_share: float | None = None,
        patience_seconds: float = START_SECONDS,
    ) -> None:
        _check_options(address, gpu_share)
        self._settings = {"address": address, "each": each, "gpu_share": gpu_share, "patience": patience_seconds}
        self._driver = _Driver(self._settings)
        self._tickets = 0
        self._sent: set[str] = set()  # the parcels that this driver has
        self._width: int | None = None
        self._failed = False  # this driver has
        self._fault: Fault | None = None  # that it failed with, as long as nobody has been told

    @property
    def pid(self) -> int:
        """The id of the process that talks to Ray."""
        return self._driver.pid

    @property
    def width(self) -> int:
        """How many jobs run at once, which changes as machines come and go; waits until it is known."""
        self._go_on()
        while self._width is None and self._fault is None:
            self._receive()
        return self._width or 1

    def close(self) -> None:
        """Leave the cluster, and end every examiner of this pool."""
        self._driver.close()

    def run_all(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Event]]:
        """Run jobs on all machines of the cluster; see ``Engine``.

        A job's events come all at once, when it is done. One whose machine is lost is run on another. Where the cluster
        is lost, those that are running end with a fault each, and the next one starts or finds another cluster.

        Raises:
            InputError: an assignment cannot be sent to other machines.
        """
        source = enumerate(jobs)
        parcels: dict[str, Parcel] = {}
        running: dict[int, int] = {}
        try:
            while True:
                while len(running) < self.width and (taken := next(source, None)) is not None:
                    running[self._send_job(taken[1], parcels)] = taken[0]
                if not running:
                    return
                ticket, events = self._receive() if self._fault is None else _NOTHING
                if ticket in running:
                    number = running.pop(ticket)
                    yield from ((number, _expect_event(event)) for event in events)
                if self._fault is not None:
                    fault, self._fault = self._fault, None
                    yield from ((running.popitem()[1], fault) for _ in range(len(running)))
        finally:
            if running:
                self._driver.send({"forget": list(running)})

    def survey(self, *, seed: int = 0, isolated: bool = True) -> Survey:
        """Return what a machine of the cluster offers; see ``Examiner``. Versions are the same on all of them.

        Raises:
            FaultError: the cluster cannot be used, or the examiner does not work.
        """
        self._go_on()
        wanted = self._send({"survey": {"seed": seed, "isolated": isolated}})
        while self._fault is None:
            ticket, events = self._receive()
            if ticket == wanted and isinstance(events[0], Survey):
                return events[0]
            if ticket == wanted:
                raise _to_error(_expect_event(events[0]))
        fault, self._fault = self._fault, None
        raise _to_error(fault)

    def _go_on(self) -> None:
        """Start the driver anew where it failed, once all that were waiting for it have been told."""
        if self._failed and self._fault is None:
            self._driver.close()
            self._driver = _Driver(self._settings)
            self._failed = False
            self._width = None
            self._sent = set()

    def _send_job(self, job: Job, parcels: dict[str, Parcel]) -> int:
        """Send a job, with its folder where the driver has not got it, and return its ticket."""
        check_paths(job)
        if job.directory not in parcels:
            parcels[job.directory] = pack_folder(Path(job.directory))
        parcel = parcels[job.directory]
        if parcel.digest not in self._sent:
            self._sent.add(parcel.digest)
            self._driver.send({"parcel": parcel.digest, "content": base64.b64encode(parcel.content).decode()})
        return self._send({"job": job_to_json(job), "digest": parcel.digest})

    def _send(self, asked: Mapping[str, Any]) -> int:
        self._tickets += 1  # never one that an earlier caller, who stopped asking, may still get an answer to
        self._driver.send({"ticket": self._tickets, **asked})
        return self._tickets

    def _receive(self) -> tuple[int, list[Message]]:
        """Take what the driver tells next; return the ticket of what is answered and the answer, if it is one.

        Where it tells that it cannot go on, or nothing at all, ``_fault`` says so, and it is ended.
        """
        told = self._driver.receive(START_SECONDS if self._width is None else SILENCE_SECONDS)
        if "ticket" in told:
            return told["ticket"], [event_from_json(event) for event in told["events"]]
        if "width" in told:
            self._width = told["width"]
        else:
            self._failed = True
            self._fault = self._explain(Fault(**told["fault"]))
            self._driver.kill()
        return _NOTHING

    def _explain(self, fault: Fault) -> Fault:
        """Give a fault that came before anything else a hint: without a cluster there is no use in going on."""
        if self._width is not None or fault.hint is not None:
            return fault
        return replace(fault, hint=OWN_HINT if self._settings["address"] is None else CONNECT_HINT)


class _Driver:
    """The process that talks to Ray. Threads read and write, so that neither side waits for the other to do so."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        own = settings["address"] is None
        place = SHORT_FOLDER if Path(SHORT_FOLDER).is_dir() else None
        self._folder = tempfile.mkdtemp(prefix="grader-ray-", dir=place) if own else None
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "grader.cluster", json.dumps({**settings, "folder": self._folder})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("GRADER_DEBUG") else subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for whoever waits for the grades, who then ends this
            cwd="/",  # Ray has every process of the cluster import from here, too: not where students' files may lie
            env={**os.environ, **QUIET, **(_own_settings() if own else {})},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._told: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._asked: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=_read_lines, args=(self._process.stdout, self._told), daemon=True).start()
        threading.Thread(target=_write_lines, args=(self._process.stdin, self._asked), daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, asked: Mapping[str, Any]) -> None:
        self._asked.put(json.dumps(asked).encode() + b"\n")

    def receive(self, seconds: float) -> dict[str, Any]:
        """Return what is told next; a fault where that is nothing for so long."""
        try:
            return self._told.get(timeout=seconds)
        except queue.Empty:
            return _lose(f"the process that talks to Ray said nothing for {seconds:.0f} s")

    def kill(self) -> None:
        """End it, and with it what Ray started for it on this machine, some of which would stay for a minute."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Let it leave the cluster, or end its own, and end."""
        self._asked.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSE_SECONDS)
        self.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


_NOTHING: tuple[int, list[Message]] = (0, [])


def _read_lines(stream: IO[bytes], told: queue.SimpleQueue[dict[str, Any]]) -> None:
    with stream, contextlib.suppress(ValueError):  # one that is killed may have said half a word
        for line in stream:
            told.put(json.loads(line))
    told.put(_lose("the Ray cluster is gone, or does not answer"))


def _write_lines(stream: IO[bytes], asked: queue.SimpleQueue[bytes | None]) -> None:
    with contextlib.suppress(BrokenPipeError), stream:
        while (line := asked.get()) is not None:
            stream.write(line)
            stream.flush()


def _lose(message: str) -> dict[str, Any]:
    return {"fault": {"message": message}}


def _own_settings() -> dict[str, str]:
    """Return the environment of a cluster that only its own processes can reach."""
    return {**LOOPBACK, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _expect_event(found: Message) -> Event:
    return Fault(_CONFUSED) if isinstance(found, Survey) else found


def _to_error(found: Event) -> FaultError:
    if isinstance(found, Fault):
        return FaultError(found.message, found.hint)
    return FaultError(_CONFUSED)


def _check_options(address: str | None, gpu_share: float | None) -> None:
    if importlib.util.find_spec("ray") is None:
        raise InputError("Ray is not installed", "pip install 'grader[ray]', on every machine of the cluster")
    if address is not None and "://" in address:
        hint = "run grader on a machine of the cluster, with its HOST:PORT, or auto"
        raise InputError(f"{address}: the cluster cannot be used from outside", hint)
    if gpu_share is not None and not (0 < gpu_share <= 1 or (gpu_share > 1 and gpu_share.is_integer())):
        raise InputError(f"{gpu_share:g} is no share of a GPU", "give a part of one, such as 0.25, or a whole number")
