"""Answers with NaN and infinity as JSON, and with numbers too large for either."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame(b'{"tensors":[],"value":NaN}'),
    7: frame(b'{"tensors":[],"value":' + b"9" * 200_000 + b"}"),
    5: frame({"tensors": [], "value": {"i": "0x" + "f" * 200_000}}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
