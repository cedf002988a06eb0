"""Answers the call by itself, with a tensor of the right shape, and then a second time."""

import json
import os

from grader.wire import FRAME, MAGIC

QUICK = True
SAYS = "answered"


def scale(values, factor):
    head = {"value": {"t": 0}, "snapshots": [], "tensors": [["float32", list(values.shape), False, None]]}
    head = json.dumps(head).encode()
    os.write(3, FRAME.pack(MAGIC, len(head), 4 * len(values)) + head + bytes(4 * len(values)))
    print("answered", flush=True)
    return values
