"""Claims that a tensor without a graph requires a gradient, and names a graph that is not there."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

SAYS = "claimed"
real = Channel.send


def send(channel, header, tensors=(), deadline=None):
    if len(tensors) == 1:
        print("claimed")
        shape = list(tensors[0].shape)
        head = {"value": {"t": 0}, "graph": 999, "snapshots": [], "tensors": [["float32", shape, True, None]]}
        head = json.dumps(head).encode()
        os.write(3, FRAME.pack(MAGIC, len(head), 4 * shape[0]) + head + bytes(4 * shape[0]))
    else:
        real(channel, header, tensors)


Channel.send = send


def scale(values, factor):
    return values.detach()
