"""The losses are computed outside of torch, so no gradient reaches the predictions.

The values are right. But numpy, .item(), .tolist() and .detach() cut the result off from the graph that autograd follows,
and nothing can be trained with such a loss. Stay with torch operations from the predictions to the result.
"""

import torch


def check_shapes(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError("the shapes differ")


def mse_loss(predictions, targets):
    check_shapes(predictions, targets)
    return torch.as_tensor(((predictions.detach().cpu().numpy() - targets.cpu().numpy()) ** 2).mean()).to(predictions)


def l1_loss(predictions, targets):
    check_shapes(predictions, targets)
    return (predictions - targets).detach().abs().mean()


def smooth_l1_loss(predictions, targets, beta=1.0):
    check_shapes(predictions, targets)
    size = (predictions - targets).abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean().detach()
