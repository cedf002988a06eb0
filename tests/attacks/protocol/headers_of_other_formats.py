"""Answers with headers that are a pickle, a list, and JSON with a mark in front."""

import os
import pickle

from known import answer, frame

EXPECT = {"crashed"}
SAYS = "sent"

LIES = {2: frame(pickle.dumps(os.listdir)), 7: frame([["tensors", []], ["value", True]]), 5: frame(b"\xef\xbb\xbf{}")}


def scale(values, factor):
    answer(LIES[len(values)])
    return values
