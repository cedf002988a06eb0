"""Takes gigabytes as bytes, text, tensors and arrays."""


QUICK = True

import numpy as np
import torch

from known import attempt

GIGABYTE = 1 << 30

with attempt("bytes"):
    bytearray(4 * GIGABYTE)
with attempt("a tensor"):
    torch.ones(GIGABYTE)
with attempt("a tensor that is made real"):
    torch.zeros(1).expand(GIGABYTE).contiguous()
with attempt("an array"):
    np.ones(GIGABYTE)
with attempt("text"):
    "x" * (4 * GIGABYTE)
with attempt("an absurd product"):
    torch.ones(100_000, 2) @ torch.ones(2, 100_000)


def scale(values, factor):
    return values
