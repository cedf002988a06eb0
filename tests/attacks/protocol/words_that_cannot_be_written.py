"""Answers with text of lone surrogates, NUL and control characters."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": "\ud800\0\x1b]0;pwned\x07", "tensors": []}),
    7: frame({"value": {"d": [["\ud800", {"l": ["\udfff"]}]]}, "tensors": []}),
    5: frame(
        {"error": {"type": "\ud800", "base": "\ud800", "message": "\ud800\0\x1b[2J", "frames": []}, "tensors": []}
    ),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
