"""Answers with numbers that become infinite, minus zero or not a number when they are read."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame(b'{"tensors":[],"value":1e999}'),
    7: frame({"tensors": [], "value": {"f": "-nan"}}),
    5: frame({"tensors": [], "value": {"c": ["1e999", "nan"]}}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
