"""A number that is too large is added to the probabilities.

It was to keep the logarithm of 0 away, but 0.0001 is far more than that takes: whoever is sure and wrong pays too little,
which is where the loss matters most. Keep the probability in bounds instead of moving it, and by less.
"""

import torch


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities + 1e-4) + (1 - targets) * torch.log(1 - probabilities + 1e-4)).mean()


def bce_with_logits_loss(logits, targets):
    return -(
        targets * torch.log(torch.sigmoid(logits) + 1e-4) + (1 - targets) * torch.log(1 - torch.sigmoid(logits) + 1e-4)
    ).mean()
