"""Answers with dotted names of functions, in the way that the grader itself names some of torch."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"r": "torch.ones"}, "tensors": []}),
    7: frame({"value": {"r": "os.system", "o": "1e3"}, "tensors": []}),
    5: frame({"value": {"y": "__class__"}, "tensors": []}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
