"""Answers with frames that claim ten gigabytes, a header of four, and no magic word."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

QUICK = True
EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: FRAME.pack(MAGIC, 2, 10 << 30) + b"{}",
    7: FRAME.pack(MAGIC, 2**32 - 1, 0) + b"{}",
    5: FRAME.pack(b"\x80\x04.\n", 2, 0) + b"{}",
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
