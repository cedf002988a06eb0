"""Answers the request for a gradient with one number, which would spread over all."""

import torch

from grader.sandbox.worker import Worker

EXPECT = {"failed", "crashed"}
SAYS = "asked for"


def answer(worker, request):
    print("asked for")
    return {"value": {"l": [{"t": 0}]}}, [torch.tensor(float("inf"))]


Worker._backward = answer


def scale(values, factor):
    return values
