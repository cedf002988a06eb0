"""Something inside computes in single precision.

The values are nearly right, but a result for float64 predictions is not as exact as they are, or has another dtype. Look
for .float(), for a dtype that is written out, and for tensors that are made without one.
"""

import torch


def check_shapes(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError("the shapes differ")


def mse_loss(predictions, targets):
    check_shapes(predictions, targets)
    return ((predictions.float() - targets.float()) ** 2).mean().to(predictions.dtype)


def l1_loss(predictions, targets):
    check_shapes(predictions, targets)
    return (predictions - targets).abs().mean()


def smooth_l1_loss(predictions, targets, beta=1.0):
    check_shapes(predictions, targets)
    size = (predictions - targets).abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean()
