"""Waits for a lock that nobody gives back."""

import threading

EXPECT = {"timed_out"}
SAYS = "waiting"
SECONDS = 15

lock = threading.Lock()
lock.acquire()


def scale(values, factor):
    print("waiting", flush=True)
    lock.acquire()
