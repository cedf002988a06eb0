"""Sends frames of its own from a thread, into the middle of the worker's answers."""

import json
import os
import threading

from grader.wire import FRAME, MAGIC

EXPECT = {"crashed", "failed"}
SAYS = "sent"


def speak():
    head = json.dumps({"value": True, "tensors": []}).encode()
    for number in range(1, 500):
        os.write(3, (FRAME.pack(MAGIC, len(head), 0) + head)[: number % 70])


def scale(values, factor):
    print("sent", flush=True)
    threading.Thread(target=speak, daemon=True).start()
    return values
