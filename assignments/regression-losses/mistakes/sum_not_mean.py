"""The losses of the entries are added up, not averaged.

The loss, and with it the gradient, then grows with the number of entries: a learning rate that suits a batch of 10 is ten
times too large for one of 100. Look at what you divide by.
"""

import torch


def check_shapes(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError("the shapes differ")


def mse_loss(predictions, targets):
    check_shapes(predictions, targets)
    return ((predictions - targets) ** 2).sum()


def l1_loss(predictions, targets):
    check_shapes(predictions, targets)
    return (predictions - targets).abs().sum()


def smooth_l1_loss(predictions, targets, beta=1.0):
    check_shapes(predictions, targets)
    size = (predictions - targets).abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).sum()
