"""Sends a tensor of 200 MB a few bytes at a time without a pause, so that there always is more to read."""

import os

from grader.wire import FRAME, MAGIC

EXPECT = {"timed_out"}
SAYS = "sent"
SECONDS = 5
HEAD = b'{"value":{"t":0},"tensors":[["uint8",[200000000],false,null]]}'


def scale(values, factor):
    print("sent", flush=True)
    os.write(3, FRAME.pack(MAGIC, len(HEAD), 200_000_000) + HEAD)
    while True:
        os.write(3, bytes(30))
