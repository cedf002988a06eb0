"""Answers with devices of other machines, with indices beyond any."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed", "failed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"v": "cuda:0"}, "tensors": []}),
    7: frame({"value": {"v": "privateuseone:127"}, "tensors": []}),
    5: frame({"value": {"v": "cuda:99999999999"}, "tensors": []}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
