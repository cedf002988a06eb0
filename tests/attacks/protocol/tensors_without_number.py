"""Answers with more tensors, more dimensions and more bytes than a message may have."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["bool", [0], False, None]] * 5000}),
    7: frame({"value": {"t": 0}, "tensors": [["float32", [1] * 64, False, None]]}, bytes(4)),
    5: frame({"value": {"t": 0}, "tensors": [["float32", [5], True, None]]}, bytes(24)),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
