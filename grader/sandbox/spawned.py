"""``python -m grader.sandbox.spawned``: a worker that is a program, for where none can be forked.

Standard input brings lines of JSON: ``warm`` names modules to import, ``port`` and ``token`` say where to connect to
and what to say there. When it ends, the examiner has, and so does this, whatever a student's code is doing.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import socket
import sys
import threading
from queue import SimpleQueue
from typing import IO, Any

CONNECT_SECONDS = 30.0


def _listen(commands: IO[bytes], lines: SimpleQueue[dict[str, Any]]) -> None:
    """Pass on each line that comes, and end the process with the last."""
    for line in commands:
        lines.put(json.loads(line))
    os._exit(1)


def _take_input() -> IO[bytes]:
    """Return standard input, and put nothing in its place.

    On Windows, whoever asks what a pipe is waits for whoever reads from it, and libraries ask it of standard input.
    """
    commands = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return commands


def _hide_dialogs() -> None:
    """Let no window ask what to do about a crash, on systems that do so."""
    with contextlib.suppress(ImportError, AttributeError):
        import msvcrt

        quiet = msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX  # type: ignore[attr-defined, unused-ignore]
        msvcrt.SetErrorMode(quiet)  # type: ignore[attr-defined, unused-ignore]


def _connect(port: int, token: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), CONNECT_SECONDS)
    connection.sendall(bytes.fromhex(token))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small messages wait for each other
    connection.settimeout(None)
    return connection


def main() -> None:
    """Import what takes long, wait to be told where the examiner is, and serve it."""
    lines: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=(_take_input(), lines), daemon=True).start()
    _hide_dialogs()
    for stream in (sys.stdout, sys.stderr):
        # What is printed before a crash counts, and lines end alike on every system.
        stream.reconfigure(line_buffering=True, newline="\n")  # type: ignore[union-attr]
    import torch

    from grader.sandbox.worker import serve
    from grader.wire import SocketChannel

    torch.set_num_threads(1)
    while "port" not in (line := lines.get()):
        for name in line["warm"]:
            importlib.import_module(name)
    serve(SocketChannel(_connect(line["port"], line["token"])))
    sys.stdout.flush()
    os._exit(0)  # taking torch apart would only take time


if __name__ == "__main__":  # a process that a student's code starts may import this file, too
    main()
