"""The examiner's end of the connection to a worker."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.wire import Channel, ConnectionClosed, SocketChannel

if TYPE_CHECKING:
    from grader.examiner.workers import ForkedWorker, WorkerProcess


class WatchedChannel(Channel):
    """A channel that drains the worker's output while it waits."""

    def __init__(self, connection: socket.socket, worker: ForkedWorker, output: int) -> None:
        super().__init__(connection)
        self._worker = worker
        self._output = output
        self._polls = {event: self._watch(event) for event in (select.POLLIN, select.POLLOUT)}

    def _watch(self, event: int) -> select.poll:
        poll = select.poll()
        poll.register(self.fd, event)
        poll.register(self._output, select.POLLIN)
        return poll

    def _wait(self, event: int, deadline: float) -> None:
        poll = self._polls[event]
        while True:
            ready = dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
            if not ready:
                raise TimeoutError("no answer in time")
            output_events = ready.get(self._output, 0)
            if output_events & select.POLLIN:
                self._worker.drain()
            elif output_events:  # the worker closed its output
                poll.unregister(self._output)
            if self.fd in ready:
                return
            if time.monotonic() >= deadline:
                raise TimeoutError("no answer in time")


class SpawnedChannel(SocketChannel):
    """A channel to a worker whose output is drained by a thread, which ends a worker that prints too much."""

    def __init__(self, connection: socket.socket, worker: WorkerProcess) -> None:
        super().__init__(connection)
        self._worker = worker

    def _write(self, parts: Sequence[memoryview], deadline: float | None) -> int:
        try:
            return super()._write(parts, deadline)
        except ConnectionClosed:
            self._worker.drain()  # says so where it was that
            raise

    def _read_into(self, view: memoryview) -> int:
        try:
            return super()._read_into(view)
        except ConnectionClosed:
            self._worker.drain()
            raise
