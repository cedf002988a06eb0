"""The sign is wrong: the loss is lowest for the worst predictions.

Logarithms of probabilities are negative, so the formula has a minus in front. Without it, an optimiser that makes the loss
small makes every prediction as wrong as it can. Look at whether your loss is ever above 0.
"""

import torch
import torch.nn.functional as F


def bce_loss(probabilities, targets):
    return (targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return (targets * F.logsigmoid(logits) + (1 - targets) * F.logsigmoid(-logits)).mean()
