"""Answers with lists that name one tensor, or one text of bytes, tens of thousands of times."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed", "failed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"l": [{"t": 0}] * 9000}, "tensors": [["float32", [2], True, None]]}, bytes(8)),
    7: frame({"value": {"l": [{"b": 0}] * 9000}, "tensors": [["uint8", [50_000], False, None]]}, bytes(50_000)),
    5: frame({"value": {"l": [{"a": 0}] * 9000}, "tensors": [["uint8", [50_000], False, None]]}, bytes(50_000)),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
