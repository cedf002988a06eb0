"""Answers with bools that are neither true nor false, and a gradient where none can be."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["bool", [2], True, None]]}, b"\x02\xff"),
    7: frame({"value": {"t": 0}, "tensors": [["int64", [7], True, None]]}, bytes(56)),
    5: frame({"value": {"t": 0}, "graph": 0, "tensors": [["bool", [5], True, None]]}, b"\x02\x03\x80\xff\x01"),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
