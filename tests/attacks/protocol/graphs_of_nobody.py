"""Answers with graphs and snapshots that are huge, negative, lists, or of no tensor."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


def claim(count, graph, snapshots):
    head = {"value": {"t": 0}, "graph": graph, "snapshots": snapshots}
    return frame({**head, "tensors": [["float32", [count], True, None]]}, bytes(4 * count))


LIES = {2: claim(2, [1], [2**70]), 7: claim(7, {"t": 0}, {"0": 0}), 5: claim(5, -(10**4000), [True, -1, "0", None])}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
