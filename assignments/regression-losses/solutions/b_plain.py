"""The formulas, and nothing else."""

import torch


def mse_loss(predictions, targets):
    return torch.mean(torch.square(predictions - targets))


def l1_loss(predictions, targets):
    return torch.mean(torch.abs(targets - predictions))


def smooth_l1_loss(predictions, targets, beta=1.0):
    error = torch.abs(predictions - targets)
    near = 0.5 * error**2 / beta
    far = error - 0.5 * beta
    return torch.where(error < beta, near, far).mean()
