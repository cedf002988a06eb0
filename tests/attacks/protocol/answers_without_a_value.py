"""Answers with messages that have no value, a value beside an error, two values."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"tensors": []}),
    7: frame(b'{"tensors":[],"value":{"q":1},"value":true}'),
    5: frame({"passed": True, "outcome": "passed", "deferred": True, "skip": "no device", "tensors": []}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
