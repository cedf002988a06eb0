"""Closes its end, puts its output in that place, and closes all descriptors, and stays."""

import os
import time

EXPECT = {"crashed"}
SAYS = "sent"


def scale(values, factor):
    print("sent", flush=True)
    if len(values) == 2:
        os.close(3)
    elif len(values) == 7:
        os.dup2(1, 3)
    else:
        os.closerange(0, 64)
    time.sleep(60)
