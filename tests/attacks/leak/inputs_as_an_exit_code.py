"""Ends its process with an exit code, or by a signal, that says what a hidden check passed."""

import os
import signal

EXPECT = {"crashed"}
SAYS = "7 values taken"


def scale(values, factor):
    print(f"{len(values)} values taken", flush=True)
    if len(values) == 7:
        os._exit(77)
    os.kill(os.getpid(), signal.SIGRTMIN + (7 if len(values) == 5 else 8))
