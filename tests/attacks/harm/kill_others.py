"""Sends signals to the examiner, its parent, its group and everybody."""

import os
import signal

QUICK = True

from known import EXAMINER, attempt

for pid in (EXAMINER, os.getppid(), 1, 2, 3, -1, -EXAMINER):
    for number in (signal.SIGKILL, signal.SIGSTOP, 0):
        with attempt(f"signal {number} to {pid}"):
            os.kill(pid, number)
with attempt("a group"):
    os.killpg(EXAMINER, signal.SIGTERM)
with attempt("a descriptor of a process"):
    os.pidfd_open(os.getppid())


def scale(values, factor):
    return values
