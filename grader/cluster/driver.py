"""The process that talks to Ray: requests come in as JSON lines, what became of them goes out as JSON lines.

It is a process of its own since Ray ends whoever uses it when the cluster's head is gone.

Each place (a core of a machine, or a share of its GPU) has an actor with an examiner. A request goes to the place that
is free first; when its actor is lost half-way it goes to another, and nothing is told of it before it is whole, so that
each is answered once. Ray itself repeats nothing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from grader import __version__
from grader.cluster.node import NodeExaminer
from grader.engine import SLACK_SECONDS, START_SECONDS
from grader.errors import FaultError
from grader.job import Fault, event_to_json

WATCH_SECONDS = 1.0
LOOK_SECONDS = 30.0  # for an examiner that has nothing to do to say that it is there
OBJECT_STORE_BYTES = 200 << 20  # for a cluster of its own; Ray's choice would be a third of the machine's memory
LOSSES = 3  # after which a request is taken for the reason
START_FAILURES = 3
AGAIN = "the same command goes on from there"


@dataclass(frozen=True, slots=True)
class Options:
    """Which cluster, and what to take of it.

    Without an ``address`` one is started with its files in ``folder``. ``each`` is the most examiners on one machine;
    ``gpu_share`` what part of a GPU each one takes; ``patience`` the seconds to wait for the first one.
    """

    address: str | None = None
    folder: str | None = None
    each: int | None = None
    gpu_share: float | None = None
    patience: float = START_SECONDS


@dataclass(frozen=True, slots=True)
class Place:
    """Where one examiner is: the id and the name of a machine, and a number."""

    node: str
    name: str
    number: int


@dataclass(order=True, slots=True)
class Request:
    """A job, or a survey. Those that come first go first, those that were lost too."""

    ticket: int
    asked: Mapping[str, Any] = field(compare=False)
    losses: int = field(default=0, compare=False)

    @property
    def seconds(self) -> float:
        """When it is certain that no answer comes; the examiner itself is never silent for so long."""
        job = self.asked.get("job")
        if job is None:
            return 2 * START_SECONDS
        each: float = job["seconds"] + job["check_seconds"] + SLACK_SECONDS
        return START_SECONDS + SLACK_SECONDS + each * len(job["submissions"])


Tell = Callable[[dict[str, Any]], None]


class Driver:
    """Takes requests and hands them to the examiners of a cluster."""

    def __init__(self, options: Options, tell: Tell) -> None:
        self._options = options
        self._tell = tell
        self._actors = ray.remote(NodeExaminer)
        self._own_node = ray.get_runtime_context().get_node_id()
        self._requests: asyncio.PriorityQueue[Request] = asyncio.PriorityQueue()
        self._open: set[int] = set()
        self._parcels: dict[str, Any] = {}
        self._servers: dict[Place, asyncio.Task[None]] = {}
        self._failures: dict[Place, int] = {}
        self._versions: tuple[str, dict[str, str]] | None = None
        self._ready = 0
        self._idle_since = time.monotonic()

    def take(self, asked: Mapping[str, Any]) -> None:
        """Take what the pool asks."""
        if "parcel" in asked:
            self._parcels[asked["parcel"]] = ray.put(base64.b64decode(asked["content"]))
        elif "forget" in asked:
            self._open -= set(asked["forget"])
        else:
            self._open.add(asked["ticket"])
            self._requests.put_nowait(Request(asked["ticket"], asked))

    async def watch(self) -> None:
        """Keep an examiner at every place as machines come and go.

        Raises:
            FaultError: this cluster cannot be used any more.
        """
        while True:
            nodes = await asyncio.to_thread(ray.nodes)
            alive = {node["NodeID"]: node for node in nodes if node["Alive"]}
            if self._own_node not in alive:
                raise FaultError("this machine is no longer part of the cluster")
            places = [place for node in alive.values() for place in find_places(node, self._options)]
            for place in places:
                self._keep(place)
            self._tell({"width": len(places)})
            self._check_patience()
            await asyncio.sleep(WATCH_SECONDS)

    async def stop(self) -> None:
        """End all examiners."""
        for server in self._servers.values():
            server.cancel()
        await asyncio.gather(*self._servers.values(), return_exceptions=True)

    def _keep(self, place: Place) -> None:
        server = self._servers.get(place)
        if server is not None and server.done():
            server.result()
        if server is None or server.done():
            self._servers[place] = asyncio.create_task(self._serve(place))

    def _check_patience(self) -> None:
        """Raises FaultError when requests have waited for too long while there is no examiner at all."""
        if self._ready or not self._open:
            self._idle_since = time.monotonic()
        elif time.monotonic() - self._idle_since > self._options.patience:
            message = f"no examiner started on the cluster for {self._options.patience:.0f} s"
            raise FaultError(message, f"`ray status` says which machines there are and what takes their cores; {AGAIN}")

    async def _serve(self, place: Place) -> None:
        """Have an examiner at a place, until it is lost."""
        actor = self._actors.options(
            num_cpus=1,
            num_gpus=self._options.gpu_share or 0,
            max_restarts=0,  # a new one takes its place
            scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False),
        ).remote()
        try:
            try:
                self._compare(place, await actor.describe.remote())
            except RayError as error:
                self._note_failure(place, error)
                return
            self._failures[place] = 0
            self._ready += 1
            try:
                await self._work(place, actor)
            finally:
                self._ready -= 1
        finally:
            with contextlib.suppress(RayError):
                ray.kill(actor)

    async def _work(self, place: Place, actor: Any) -> None:
        """Hand requests to an actor until it is lost."""
        while True:
            request = await self._requests.get()
            if request.ticket not in self._open:
                continue
            try:
                await asyncio.wait_for(_wait(actor.describe.remote()), LOOK_SECONDS)
            except (RayError, TimeoutError):  # it died while it had nothing to do, which is not the request's doing
                self._requests.put_nowait(request)
                return
            try:
                answer = await asyncio.wait_for(_wait(self._ask(actor, request)), request.seconds)
            except (RayError, TimeoutError) as error:
                self._lose(place, request, error)
                return
            self._answer(request, _name_place(json.loads(answer), place))

    def _ask(self, actor: Any, request: Request) -> Any:
        asked = request.asked
        if "survey" in asked:
            return actor.survey.remote(**asked["survey"])
        return actor.run.remote(json.dumps(asked["job"]), asked["digest"], self._parcels[asked["digest"]])

    def _lose(self, place: Place, request: Request, error: BaseException) -> None:
        """Give a request to the next who is free, or say that it cannot be done."""
        print(f"lost at {place.name}: {error}", file=sys.stderr)
        request.losses += 1
        if request.losses < LOSSES:
            self._requests.put_nowait(request)
        else:
            fault = Fault(f"its examiner was lost {request.losses} times, last on {place.name}")
            self._answer(request, [event_to_json(fault)])

    def _answer(self, request: Request, events: list[dict[str, Any]]) -> None:
        if request.ticket in self._open:
            self._open.remove(request.ticket)
            self._tell({"ticket": request.ticket, "events": events})

    def _note_failure(self, place: Place, error: RayError) -> None:
        """Raises FaultError when it is not the first time that no examiner starts at a place."""
        print(f"no start at {place.name}: {error}", file=sys.stderr)
        self._failures[place] = failures = self._failures.get(place, 0) + 1
        if failures >= START_FAILURES and isinstance(error, ActorDiedError | RayTaskError):
            last = str(error).strip().rpartition("\n")[2]
            hint = "install grader, with the same versions of all packages, on every machine"
            raise FaultError(f"no examiner starts on {place.name}: {last}", hint)

    def _compare(self, place: Place, versions: dict[str, str]) -> None:
        """See that a grade does not depend on the machine that it is made on.

        Raises:
            FaultError: it would.
        """
        first, wanted = self._versions or ("this machine", {"grader": __version__})
        for name, version in wanted.items():
            if versions[name] != version:
                message = f"{place.name} has {name} {versions[name]}, and {first} has {version}"
                raise FaultError(message, "install the same versions on every machine: a grade must not depend on it")
        self._versions = self._versions or (place.name, versions)


def find_places(node: Mapping[str, Any], options: Options) -> list[Place]:
    """Return the places on a machine, as Ray describes it: one for each core, or for each share of a GPU."""
    resources = node["Resources"]
    count = int(resources.get("CPU", 0))
    if options.gpu_share:
        count = min(count, int(resources.get("GPU", 0) / options.gpu_share + 1e-9))
    if options.each is not None:
        count = min(count, options.each)
    name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
    return [Place(node["NodeID"], name, number) for number in range(count)]


def _name_place(events: list[dict[str, Any]], place: Place) -> list[dict[str, Any]]:
    """Say which machine it is that cannot grade."""
    for event in events:
        if event["event"] == "fault" and event["hint"] is not None:
            event["message"] = f"{place.name}: {event['message']}"
    return events


async def _wait(answer: Any) -> Any:
    return await answer


def connect(options: Options) -> None:
    """Connect to a cluster, or start one.

    Raises:
        FaultError: there is none that can be used.
    """
    try:
        if options.address is not None:
            ray.init(address=options.address, log_to_driver=False, logging_level="ERROR")
        else:
            ray.init(
                address="local",  # whatever Ray remembers of other clusters on this machine
                num_cpus=options.each,
                object_store_memory=OBJECT_STORE_BYTES,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                _temp_dir=f"{options.folder}/r",  # which Ray opens to everybody
            )
    except Exception as error:  # Ray raises many kinds here, and its own are not all RayErrors
        where = options.address or "on this machine"
        reason = str(error).strip().partition("\n")[0]
        raise FaultError(f"Ray ({where}) cannot be used: {reason}") from None


async def _serve(options: Options, tell: Tell) -> None:
    """Answer requests until standard input ends."""
    loop = asyncio.get_running_loop()
    driver = Driver(options, tell)
    ended = asyncio.Event()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(driver.take, json.loads(line))
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, daemon=True).start()
    watching, ending = asyncio.create_task(driver.watch()), asyncio.create_task(ended.wait())
    done, _ = await asyncio.wait([watching, ending], return_when=asyncio.FIRST_COMPLETED)
    for task in (watching, ending):
        task.cancel()
    await driver.stop()
    if watching in done:
        watching.result()


def _open_output() -> Tell:
    """Take standard output for what is told; whatever Ray prints goes to standard error."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # then standard input ends, too
            output.write(json.dumps(message) + "\n")
            output.flush()

    return tell


def main() -> None:
    """Serve a pool; the only argument is its options as JSON."""
    tell = _open_output()
    options = Options(**json.loads(sys.argv[1]))
    try:
        connect(options)
        asyncio.run(_serve(options, tell))
    except FaultError as error:
        tell({"fault": asdict(Fault(error.message, error.hint))})
    ray.shutdown()
    if options.folder is not None:
        shutil.rmtree(options.folder, ignore_errors=True)
