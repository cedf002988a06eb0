"""Prints one endless line of escape sequences to both of its outputs."""

import os

EXPECT = {"crashed"}
SAYS = "[31m"


def scale(values, factor):
    while True:
        os.write(1, b"\x1b[31m" * 10_000)
        os.write(2, b"\x1b]0;pwned\x07" * 10_000)
