"""Writes answers to requests that have not come yet while it is imported, so that all answers are late."""

import json
import os

from grader.wire import FRAME, MAGIC

SAYS = "answered"
MODULE = {"o": 0, "n": "scale", "k": "file"}

for value in (MODULE, None, {"o": 1, "n": "scale", "k": "function"}, {"f": "inf"}, True, True, True):
    head = json.dumps({"value": value, "snapshots": [], "tensors": []}).encode()
    os.write(3, FRAME.pack(MAGIC, len(head), 0) + head)
print("answered", flush=True)


def scale(values, factor):
    return values
