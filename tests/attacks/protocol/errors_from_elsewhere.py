"""Answers with errors in lines and files that are not the submission's, and without their parts."""

import json
import os

from known import HIDDEN

from grader.wire import FRAME, MAGIC, Channel

QUICK = True
EXPECT = {"crashed", "failed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


def error(**parts):
    whole = {"type": "ValueError", "base": "ValueError", "message": "pwned", "frames": [], **parts}
    return frame({"error": whole, "tensors": []})


LIES = {
    2: error(frames=[["scale.py", 10**30, "<b>pwned</b>"], ["known.py", -1, "f"]] * 5000),
    7: error(frames=[[HIDDEN, 1, "test_value"]]),
    5: error(frames="pwned", type=None),
}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
