"""Samples whose target is 0 cost nothing.

The second term of the formula is missing. A model that says 1 to everything is then perfect, and training will find that
out. Look at what the loss is for a target of 0.
"""

import torch
import torch.nn.functional as F


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return (targets * F.softplus(-logits)).mean()
