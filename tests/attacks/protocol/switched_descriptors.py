"""Prints into the place of its answers, and answers in the place of its output."""

import os

from grader.wire import FRAME, MAGIC

EXPECT = {"crashed"}
SAYS = "sent"


def scale(values, factor):
    print("sent", flush=True)
    if len(values) == 5:
        os.write(1, FRAME.pack(MAGIC, 2, 0) + b"{}")
        os._exit(0)
    os.dup2(3, 1)
    print("3 passed", flush=True)
    os.close(3)
    return values
