"""Pretends that the machine lacks the device, so that the points would wait for another machine."""

import torch

SAYS = "no device"


def scale(values, factor):
    print("no device")
    if len(values) == 2:
        return torch.device("cuda:0")
    message = "Not decided here: Waits for a machine with a cuda device."
    raise (NotImplementedError if len(values) == 7 else torch.cuda.DeferredCudaCallError)(message)
