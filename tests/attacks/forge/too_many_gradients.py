"""Answers the request for one gradient with four, for the check's own tensors perhaps."""

import torch

from grader.sandbox.worker import Worker

EXPECT = {"failed", "crashed"}
SAYS = "asked for"


def answer(worker, request):
    print("asked for")
    return {"value": {"l": [{"t": 0}, {"t": 0}, None, {"a": 0}]}}, [torch.ones(5)]


Worker._backward = answer


def scale(values, factor):
    return values
