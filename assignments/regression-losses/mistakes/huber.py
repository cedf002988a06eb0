"""This is Huber's loss: beta times the smooth L1 loss.

The two are the same at beta = 1 only. In Huber's loss the quadratic part is half of the square, and the slope far away is
beta; in smooth L1 the slope far away is 1, whatever beta is. Look at what the quadratic part is divided by.
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
    return torch.where(size < beta, size**2 / 2, beta * (size - beta / 2)).mean()
