"""Changes torch's settings, generators and functions for whoever comes next."""

import random

import numpy as np
import torch

EXPECT = {"failed", "crashed"}
SAYS = "changed"


def lie(*arguments, **keywords):
    return torch.zeros(7)


def scale(values, factor):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    torch.set_printoptions(precision=1)
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    torch.Tensor.__mul__ = torch.Tensor.__add__ = torch.mul = torch.add = lie
    torch.Tensor.sum = torch.autograd.grad = torch.autograd.backward = lie
    torch.library.Library("aten", "IMPL").impl("mul.Tensor", lie, "CPU")
    print("changed", flush=True)
    return values
