"""Answers with headers that are a pickle, a list, and JSON with a mark in front."""

import json
import os
import pickle

from grader.wire import FRAME, MAGIC, Channel

EXPECT = {"crashed"}
SAYS = "sent"


def frame(header, payload=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload


LIES = {2: frame(pickle.dumps(os.listdir)), 7: frame([["tensors", []], ["value", True]]), 5: frame(b"\xef\xbb\xbf{}")}


def scale(values, factor):
    def send(channel, header, tensors=(), deadline=None):
        Channel.send = real
        os.write(3, LIES[len(values)])

    real, Channel.send = Channel.send, send
    print("sent", flush=True)
    return values
