"""The linear part of the smooth L1 loss is not lowered by half of beta.

The two parts then do not meet: at |e| = beta the loss jumps. The quadratic part ends at beta / 2, so the linear part has
to begin there. Compare the two at beta.
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
    return torch.where(size < beta, size**2 / (2 * beta), size).mean()
