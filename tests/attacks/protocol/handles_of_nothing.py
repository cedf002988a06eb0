"""Answers with objects whose numbers are huge, negative or text, and whose names are markup."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {
    2: frame({"value": {"o": 2**70, "n": "<script>pwned</script>", "k": "<b>pwned"}, "tensors": []}),
    7: frame({"value": {"o": "-7_0", "n": ["pwned"] * 99, "k": "file"}, "tensors": []}),
    5: frame({"value": {"l": [{"o": 1.5, "n": "a\0b\ud800.\u202epwned", "k": {}}]}, "tensors": []}),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
