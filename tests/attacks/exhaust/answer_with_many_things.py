"""Answers with thousands of tensors, deep nesting and huge texts."""

import torch

SAYS = "many"

deep = 1
for _ in range(500):
    deep = [deep]
answers = iter(([torch.ones(1) for _ in range(5000)], deep, "x" * 10_000_000))


def scale(values, factor):
    print("many", flush=True)
    return next(answers)
