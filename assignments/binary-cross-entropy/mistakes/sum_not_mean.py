"""The losses of the entries are added up, not averaged.

The loss, and with it the gradient, then grows with the number of entries: a learning rate that suits a batch of 10 is ten
times too large for one of 100. Look at what you divide by.
"""

import torch
import torch.nn.functional as F


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).sum()


def bce_with_logits_loss(logits, targets):
    return (targets * F.softplus(-logits) + (1 - targets) * F.softplus(logits)).sum()
