"""Tensors of different shapes are stretched until they fit.

All is right for tensors of one shape. Predictions of shape (N, 1) against targets of shape (N,) become a table of (N, N)
errors, of which only the diagonal means anything. The loss goes down a little and then no further, without any error
message. Compare the shapes before you subtract.
"""

import torch


def mse_loss(predictions, targets):
    return ((predictions - targets) ** 2).mean()


def l1_loss(predictions, targets):
    return (predictions - targets).abs().mean()


def smooth_l1_loss(predictions, targets, beta=1.0):
    size = (predictions - targets).abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean()
