"""Answers the request for a gradient with whole numbers, which no gradient can be."""

import torch

from grader.sandbox.worker import Worker

EXPECT = {"failed", "crashed"}
SAYS = "asked for"


def answer(worker, request):
    print("asked for")
    return {"value": {"l": [{"t": 0}]}}, [torch.full((5,), 7)]


Worker._backward = answer


def scale(values, factor):
    return values
