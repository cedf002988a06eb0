"""logsigmoid for both terms."""

import torch.nn.functional as F


def bce_loss(probabilities, targets, reduction="mean"):
    losses = -targets * probabilities.log() - (1 - targets) * (1 - probabilities).log()
    return losses.mean() if reduction == "mean" else losses


def bce_with_logits_loss(logits, targets):
    positive, negative = F.logsigmoid(logits), F.logsigmoid(-logits)
    return -(targets * positive + (1 - targets) * negative).sum() / logits.numel()
