"""Puts values in place of the function that is called: a device, a dtype, a tensor."""

import torch

SAYS = "asked for"
KINDS = [torch.device("meta"), torch.float32, torch.ones(2)]


def __getattr__(name):
    if name != "scale":
        raise AttributeError(name)
    print("asked for")
    return KINDS.pop()
