"""beta takes no part in the smooth L1 loss.

The result is right for beta = 1 and for no other value. beta says where the quadratic part ends, and both parts depend
on it: the first is divided by it, and the second is lowered by half of it. Look at where the number 1 stands in your code.
"""

import torch


def check_shapes(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError("the shapes differ")


def mse_loss(predictions, targets):
    check_shapes(predictions, targets)
    return ((predictions - targets) ** 2).mean()


def l1_loss(predictions, targets):
    check_shapes(predictions, targets)
    return (predictions - targets).abs().mean()


def smooth_l1_loss(predictions, targets, beta=1.0):
    check_shapes(predictions, targets)
    size = (predictions - targets).abs()
    return torch.where(size < 1, size**2 / 2, size - 0.5).mean()
