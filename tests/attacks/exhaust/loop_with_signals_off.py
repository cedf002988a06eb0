"""Loops without end and catches every signal that could stop it."""

import signal

EXPECT = {"timed_out"}
SAYS = "looping"
SECONDS = 15

for number in range(1, 65):
    try:
        signal.signal(number, lambda *_: None)
    except (OSError, ValueError):
        pass


def scale(values, factor):
    print("looping", flush=True)
    while True:
        pass
