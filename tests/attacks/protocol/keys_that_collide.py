"""Answers with dictionaries whose keys were chosen to have one hash, or cannot be keys."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed", "failed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"d": [[{"f": repr(float(n * (2**61 - 1)))}, 0] for n in range(2500)]}, "tensors": []}),
    7: frame({"value": {"d": [[{"u": [n * (2**61 - 1)]}, 0] for n in range(2500)]}, "tensors": []}),
    5: frame({"value": {"d": [[{"d": []}, 1]]}, "tensors": []}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
