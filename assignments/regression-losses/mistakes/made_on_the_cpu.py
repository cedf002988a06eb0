"""A tensor is made on the CPU, wherever the predictions are.

On the CPU all is right. On a GPU the loss stops with an error, for a mask on the GPU cannot pick from a tensor on
the CPU. torch.zeros without device= is on the CPU. Write device=predictions.device, or use torch.zeros_like, which
takes shape, dtype and device from another tensor.
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
    near = size < beta
    losses = torch.zeros(size.shape, dtype=size.dtype)
    losses[near] = size[near] ** 2 / (2 * beta)
    losses[~near] = size[~near] - beta / 2
    return losses.mean()
