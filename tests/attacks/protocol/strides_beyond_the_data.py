"""Answers with strides that overlap, reach far beyond the data, or run backwards."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed", "failed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"t": 0}, "tensors": [["float32", [2], False, [2**31 - 1]]]}, bytes(8)),
    7: frame({"value": {"t": 0}, "tensors": [["float32", [7], True, [0]]]}, bytes(28)),
    5: frame({"value": {"t": 0}, "tensors": [["float32", [5], True, [-1]]]}, bytes(20)),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
