"""Fills the socket to the examiner with rubbish and reads nothing."""

import os

EXPECT = {"crashed"}
SAYS = "filling"


def scale(values, factor):
    print("filling", flush=True)
    os.set_blocking(3, False)
    try:
        while True:
            os.write(3, b"x" * 65536)
    except BlockingIOError:
        return values
