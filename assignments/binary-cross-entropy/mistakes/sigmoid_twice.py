"""The sigmoid is applied to the logits twice.

After the first sigmoid all numbers lie between 0 and 1; the second makes probabilities between 0.5 and 0.73 of them. No
sample can ever be predicted with confidence, and the loss cannot fall below 0.31. Count the sigmoids on the way.
"""

import torch
import torch.nn.functional as F


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return (targets * F.softplus(-torch.sigmoid(logits)) + (1 - targets) * F.softplus(torch.sigmoid(logits))).mean()
