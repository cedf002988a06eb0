"""What an attacker may be taken to know, and how an attack tells what came of it. Submitted beside every attack."""

import contextlib
import ctypes
import json
import os
import platform

from grader.wire import FRAME, MAGIC, Channel

HIDDEN = "@HIDDEN@"
SOLUTION = "@SOLUTION@"
MISTAKE = "@MISTAKE@"
GRADEBOOK = "@GRADEBOOK@"
NEIGHBOUR = "@NEIGHBOUR@"  # another student's submission, as the gradebook keeps it
COURSE = "@COURSE@"
EXAMINER = int("@EXAMINER@")  # its process id
SECRET = r"@PREFIX@-[0-9a-f]{32}"  # what every planted word matches


def breach(what):
    """Say that the attack got through."""
    print(f"BREACH {what}", flush=True)


@contextlib.contextmanager
def attempt(what="nothing stopped it"):
    """Try something that must not work: what it raises is what stopped it; a block that ends is a breach."""
    try:
        yield
    except BaseException as error:
        print(f"HELD {type(error).__name__}", flush=True)
    else:
        breach(what)


def call(number, *arguments):
    """Make a system call by its number on x86-64; elsewhere it is taken to be refused."""
    if platform.machine() != "x86_64":
        raise OSError("skipped")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *arguments))) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def frame(header, payload=b""):
    """Return a message as it crosses the socket, of a header that may be anything."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


def answer(data):
    """Let ``data`` be the worker's next answer, whatever it would be itself."""

    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, data)

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
