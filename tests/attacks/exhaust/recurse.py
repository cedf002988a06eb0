"""Calls itself until Python's stack, and then the processor's, ends."""

import sys

EXPECT = {"failed", "crashed", "timed_out"}
SAYS = "recursing"


def deeper(depth):
    return deeper(depth + 1)


def scale(values, factor):
    print("recursing", flush=True)
    if values.requires_grad:
        sys.setrecursionlimit(10**9)
    return deeper(0)
