"""Answers with tensors whose sizes are negative, overflow when multiplied, or hide behind a zero."""

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
    2: frame({"value": {"t": 0}, "tensors": [["float32", [-2], False, None]]}, bytes(8)),
    7: frame({"value": {"t": 0}, "tensors": [["float32", [2**31 - 1] * 4 + [4], False, None]]}),
    5: frame({"value": {"t": 0}, "tensors": [["float32", [0, 2**31 - 1, 2**31 - 1], False, None]]}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
