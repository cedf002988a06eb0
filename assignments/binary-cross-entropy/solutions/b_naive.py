"""The formula as it stands, and a sigmoid before it."""

import torch


def bce_loss(probabilities, targets):
    p = probabilities.clamp(1e-7, 1 - 1e-7)
    return -(targets * torch.log(p) + (1 - targets) * torch.log(1 - p)).mean()


def bce_with_logits_loss(logits, targets):
    return bce_loss(torch.sigmoid(logits), targets)
