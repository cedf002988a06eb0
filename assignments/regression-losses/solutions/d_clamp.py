"""Smooth L1 in one line: the quadratic part is what is cut off at beta. Errors one at a time for the others."""

import torch


def mse_loss(predictions, targets):
    total = 0
    for p, t in zip(predictions.flatten(), targets.flatten()):
        total = total + (p - t).pow(2)
    return total / predictions.numel()


def l1_loss(predictions, targets):
    return torch.maximum(predictions - targets, targets - predictions).mean()


def smooth_l1_loss(predictions, targets, beta=1.0, reduction="mean"):
    size = (predictions - targets).abs()
    capped = size.clamp(max=beta)
    loss = capped * capped / (2 * beta) + (size - capped)
    return loss.mean() if reduction == "mean" else loss
