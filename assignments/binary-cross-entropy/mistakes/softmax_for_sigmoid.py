"""A softmax stands where the sigmoid should.

Softmax lets the entries compete: their probabilities add up to 1. Here each entry is a question of its own, which is
answered yes or no whatever the others are. Look at what your probabilities of one row add up to.
"""

import torch


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return -(
        targets * torch.log(torch.softmax(logits, -1)) + (1 - targets) * torch.log(1 - torch.softmax(logits, -1) + 1e-7)
    ).mean()
