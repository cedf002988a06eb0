"""Crashes in every check, after an import that takes most of its time."""

import ctypes
import time

EXPECT = {"crashed"}
SAYS = "crashing"
SECONDS = 15

time.sleep(0.5)


def scale(values, factor):
    print("crashing", flush=True)
    ctypes.string_at(0)
