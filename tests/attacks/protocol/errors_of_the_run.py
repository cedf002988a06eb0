"""Answers with errors that claim to be pytest's, the grader's or the end of the program."""

import json
import os

from grader.wire import FRAME, MAGIC, Channel

QUICK = True
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


def error(base):
    return frame({"error": {"type": base, "base": base, "message": "pwned", "frames": []}, "tensors": []})


LIES = {2: error("Skipped"), 7: error("ExceptionGroup"), 5: error("KeyboardInterrupt")}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
