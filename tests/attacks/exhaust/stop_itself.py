"""Stops its own process, which then answers nothing."""

import os
import signal

EXPECT = {"timed_out"}
SAYS = ""
SECONDS = 15


def scale(values, factor):
    os.kill(os.getpid(), signal.SIGSTOP)
