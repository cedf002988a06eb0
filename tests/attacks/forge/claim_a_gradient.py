"""Claims that a tensor without a graph requires a gradient, and names a graph that is not there."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

SAYS = "claimed"
real = Channel.send


def send(channel, header, tensors=(), deadline=None):
    if len(tensors) != 1:
        return real(channel, header, tensors)
    print("claimed")
    head = {"value": {"t": 0}, "graph": 999, "snapshots": [], "tensors": [["float32", [5], True, None]]}
    head = json.dumps(head).encode()
    os.write(3, FRAME.pack(MAGIC, len(head), 20) + head + bytes(20))


Channel.send = send


def scale(values, factor):
    return values.detach()
