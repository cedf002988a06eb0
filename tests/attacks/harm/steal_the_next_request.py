"""Keeps a thread that reads from the socket in the worker's place."""

import os
import threading

SAYS = "reading"
EXPECT = {"timed_out", "crashed", "failed"}  # it does not win every race
SECONDS = 15


def steal():
    while True:
        os.read(3, 65536)


threading.Thread(target=steal, daemon=True).start()
print("reading", flush=True)


def scale(values, factor):
    return values
