"""Ends its process with a signal that has no name, or one that says that its time is up."""

import os
import signal

EXPECT = {"crashed", "timed_out"}
SAYS = "ending"


def scale(values, factor):
    print("ending", flush=True)
    os.kill(os.getpid(), signal.SIGXCPU if len(values) == 2 else 40)
