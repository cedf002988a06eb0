"""Starts threads until the system refuses."""

import threading
import time

EXPECT = {"failed", "crashed"}

from known import attempt

with attempt():
    for _ in range(5000):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def scale(values, factor):
    return values
