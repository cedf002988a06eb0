"""The errors keep their signs.

Errors above and below zero cancel out: a prediction that is 10 too high and one that is 10 too low make a loss of 0. Look at
what becomes of a negative error.
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
    return (predictions - targets).mean()


def smooth_l1_loss(predictions, targets, beta=1.0):
    check_shapes(predictions, targets)
    size = (predictions - targets).abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean()
