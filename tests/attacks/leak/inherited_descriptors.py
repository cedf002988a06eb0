"""Looks for descriptors that were left open: of files, sockets and rulesets of the grader."""

import os
import select

from known import breach

SAYS = "4 open"

found = 0
for number in range(1 << 16):
    try:
        os.fstat(number)
    except OSError:
        continue
    found += 1
    if number > 3:
        breach(f"descriptor {number} is open")
if select.select([3], [], [], 0)[0] or os.read(0, 1):
    breach("something waits to be read")
print(f"{found} open", flush=True)


def scale(values, factor):
    return values
