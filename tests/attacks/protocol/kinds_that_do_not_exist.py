"""Answers with tensors of kinds that name other things in torch, or objects."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["Tensor", [2], False, None]]}, bytes(8)),
    7: frame({"value": {"t": 0}, "tensors": [["qint8", [7], False, None]]}, bytes(7)),
    5: frame({"value": {"a": 0}, "tensors": [["bfloat16", [5], False, None]]}, bytes(10)),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
