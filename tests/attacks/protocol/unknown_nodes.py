"""Answers with values of unknown kinds, of two kinds, of no kind."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"passed": True}, "tensors": []}),
    7: frame({"value": {}, "tensors": []}),
    5: frame({"value": {"l": {"t": 0}, "t": 0}, "tensors": [["float32", [5], False, None]]}, bytes(20)),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
