"""Has a backward pass that answers with NaN, which is near nothing and far from nothing."""

import torch

SAYS = "asked for"


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values):
        return values * float("nan")

    @staticmethod
    def backward(ctx, gradient):
        print("asked for")
        return gradient * float("nan")


def scale(values, factor):
    return Wrong.apply(values)
