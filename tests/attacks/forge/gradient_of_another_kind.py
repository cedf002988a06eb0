"""Answers the request for a gradient with complex numbers of the right shape."""

import torch

from grader.sandbox.worker import Worker

EXPECT = {"failed", "crashed"}
SAYS = "asked for"


def answer(worker, request):
    print("asked for")
    return {"value": {"l": [{"t": 0}]}}, [torch.full((5,), 1j)]


Worker._backward = answer


def scale(values, factor):
    return values
