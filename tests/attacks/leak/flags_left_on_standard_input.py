"""Sets flags on the descriptors that it starts with, and looks for them in the process that comes after it."""

import fcntl
import os

from known import breach

EXPECT = {"crashed"}
SAYS = "flags set"

for number in range(4):
    if fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_APPEND | os.O_NONBLOCK | os.O_NOATIME):
        breach(f"descriptor {number} has a flag that an earlier process has set")


def scale(values, factor):
    for number in range(4):
        fcntl.fcntl(number, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)
    print("flags set", flush=True)
    os._exit(1)
