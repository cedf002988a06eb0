"""The sum is divided by the number of samples, not of entries.

For vectors the two are the same. For a matrix with a row per sample the loss is as many times too large as there are
columns. Look at what you divide by when there are several numbers per sample.
"""

import torch
import torch.nn.functional as F


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).sum() / len(targets)


def bce_with_logits_loss(logits, targets):
    return (targets * F.softplus(-logits) + (1 - targets) * F.softplus(logits)).sum() / len(targets)
