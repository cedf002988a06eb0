"""Reads from a process with a deadline: by waiting for its pipe, or with a thread where nothing waits for pipes."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
import time
from typing import IO, Protocol

from grader.platforms import CAN_WAIT_FOR_PIPES

READ_BYTES = 1 << 16
WAITING_READS = 16  # before the thread waits for whoever takes them


class Reader(Protocol):
    """Reads what a process writes."""

    def read(self, deadline: float) -> bytes | None:
        """Return what came, nothing at its end; None where none came before ``deadline`` (``time.monotonic()``)."""

    def close(self) -> None:
        """Read no more."""


class _WaitingReader:
    def __init__(self, stream: IO[bytes]) -> None:
        self._descriptor = stream.fileno()

    def read(self, deadline: float) -> bytes | None:
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
        return os.read(self._descriptor, READ_BYTES) if ready else None

    def close(self) -> None:
        pass


class ThreadReader:
    """Has a thread read, which ends with the stream. It has a descriptor of its own, so that each closes theirs."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._reads: queue.Queue[bytes] = queue.Queue(WAITING_READS)
        self._ended = False
        self._closed = False
        self._thread = threading.Thread(target=self._serve, args=(os.dup(stream.fileno()),), daemon=True)
        self._thread.start()

    def _serve(self, descriptor: int) -> None:
        with open(descriptor, "rb", buffering=0) as stream, contextlib.suppress(OSError):
            while not self._closed and (data := stream.read(READ_BYTES)):
                self._reads.put(data)
        self._reads.put(b"")

    def read(self, deadline: float) -> bytes | None:
        """Return what came, nothing at its end; None where none came in time."""
        try:
            data = b"" if self._ended else self._reads.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        self._ended = not data
        return data

    def close(self) -> None:
        """Let the thread end, which may be waiting for room."""
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._reads.get_nowait()


def read_from(stream: IO[bytes]) -> Reader:
    """Return what reads from a process, by the way that there is on this system."""
    return _WaitingReader(stream) if CAN_WAIT_FOR_PIPES else ThreadReader(stream)
