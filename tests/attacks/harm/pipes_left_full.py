"""Leaves its output full, its socket full, and neither read, when its time is over."""

import fcntl
import os
import threading

EXPECT = {"crashed", "timed_out"}
SAYS = "x"
SECONDS = 20


def fill(number):
    fcntl.fcntl(number, fcntl.F_SETFL, os.O_NONBLOCK)
    while True:
        try:
            os.write(number, b"x" * 4096)
        except BlockingIOError:
            continue
        except OSError:
            return


def scale(values, factor):
    print("x" * 60_000, flush=True)
    threading.Thread(target=fill, args=(3,), daemon=True).start()
    fill(2)
