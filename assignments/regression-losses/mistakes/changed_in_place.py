"""The errors are written into the predictions.

`predictions -= targets` changes the tensor that was handed to you: whoever called the function now has errors in
place of predictions, and autograd refuses it for a tensor that was made with requires_grad=True. Give the errors a
name of their own.
"""

import torch


def check_shapes(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError("the shapes differ")


def mse_loss(predictions, targets):
    check_shapes(predictions, targets)
    predictions -= targets
    return (predictions**2).mean()


def l1_loss(predictions, targets):
    check_shapes(predictions, targets)
    predictions -= targets
    return predictions.abs().mean()


def smooth_l1_loss(predictions, targets, beta=1.0):
    check_shapes(predictions, targets)
    predictions -= targets
    size = predictions.abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean()
