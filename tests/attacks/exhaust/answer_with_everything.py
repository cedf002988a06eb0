"""Answers each check with the largest tensor that may cross."""

import torch

SAYS = "large"
SECONDS = 20
EXPECT = {"failed", "timed_out", "crashed"}


def scale(values, factor):
    print("large", flush=True)
    return torch.zeros(200 << 20, dtype=torch.uint8)
