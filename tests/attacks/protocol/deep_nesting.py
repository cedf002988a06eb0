"""Answers with JSON and with values that are nested deeper than any stack."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

QUICK = True
EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame(b'{"tensors":[],"value":' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
    7: frame(b'{"tensors":[],"value":' + b'{"l":[' * 400 + b"]}" * 400 + b"}"),
    5: frame(b'{"tensors":[],"value":' + b'{"d":[[' * 40 + b"1" + b",1]]}" * 40 + b"}"),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
