"""Logits are taken for probabilities.

A logit may be any number, and the logarithm of a negative one is NaN. Keeping it between 0 and 1 by force hides that, and
leaves no gradient outside. A logit becomes a probability by the sigmoid.
"""

import torch


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return -(
        targets * torch.log(logits.clamp(1e-7, 1 - 1e-7)) + (1 - targets) * torch.log(1 - logits.clamp(1e-7, 1 - 1e-7))
    ).mean()
