"""Stays alive after its connection closes: signals off, threads and exit handlers that never end."""

import atexit
import signal
import threading
import time

SAYS = "staying"
QUICK = True


def forever():
    while True:
        time.sleep(0.01)


for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
atexit.register(forever)
for _ in range(4):
    threading.Thread(target=forever).start()
print("staying", flush=True)


def scale(values, factor):
    return values
