"""Answers with errors that are null, a list, a number."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"error": None, "value": True, "tensors": []}),
    7: frame({"error": [], "value": True, "tensors": []}),
    5: frame({"error": 0, "value": True, "tensors": []}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
