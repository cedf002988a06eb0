"""Puts values in place of the function that is called: a device, a dtype, a tensor, a name that moves."""

import torch

SAYS = "asked for"


def __getattr__(name):
    print("asked for")
    kinds = [torch.device("meta"), torch.float32, torch.ones(2), {"__call__": True}, slice(None), ...]
    return kinds[torch.randint(len(kinds), ()).item()]
