"""Patches what the channel reads and writes with: json, struct, os and the memory behind tensors."""

import json
import os

EXPECT = {"failed", "crashed"}
SAYS = "patched"
dumps, writev = json.dumps, os.writev


def scale(values, factor):
    print("patched", flush=True)
    if len(values) == 2:
        json.dumps = lambda header, **more: dumps({"value": True, "passed": True, "tensors": []}, **more)
    elif len(values) == 7:
        os.writev = lambda descriptor, parts: writev(descriptor, [bytes(len(part)) for part in parts])
    else:
        os.readv = lambda descriptor, parts: os.write(3, b"GRD1") and 0
    return values
