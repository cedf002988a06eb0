"""Sends its answer a byte at a time, stops in the middle of a header, and in the middle of a tensor."""

import os
import time

from grader.wire import FRAME, MAGIC

EXPECT = {"timed_out"}
SAYS = "sent"
HEAD = b'{"value":{"t":0},"tensors":[["float32",[5],false,null]]}'


def scale(values, factor):
    data = FRAME.pack(MAGIC, len(HEAD), 20) + HEAD + bytes(20)
    print("sent", flush=True)
    if len(values) == 2:
        for byte in data[:-1]:
            os.write(3, bytes([byte]))
            time.sleep(0.05)
    os.write(3, data[: 30 if len(values) == 7 else -1])
    time.sleep(60)
