"""Ends the process with exit code 0, as if all tests had passed."""

import os

QUICK = True
BITES = False
EXPECT = {"crashed"}
SAYS = "3 passed"


def scale(values, factor):
    print("3 passed in 0.01s", flush=True)
    os._exit(0)
