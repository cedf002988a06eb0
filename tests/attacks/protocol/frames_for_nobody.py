"""Sends frames that nobody asked for, before the first request and after each answer."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed", "failed"}
SAYS = "sent"
head = json.dumps({"value": True, "tensors": []}).encode()
real = Channel.send


def send(channel, header, tensors=(), deadline=None):
    real(channel, header, tensors)
    print("sent", flush=True)
    os.write(3, FRAME.pack(MAGIC, len(head), 0) + head)


Channel.send = send


def scale(values, factor):
    return values
