"""The logarithm of the sigmoid is computed in two steps.

That is right until the sigmoid rounds to 0 or 1, in single precision at logits of about -100 and 17. From there on the loss
is infinite, or stuck, and the gradient NaN or 0. Sigmoid and logarithm taken together lose nothing.
"""

import torch


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return -(targets * torch.log(torch.sigmoid(logits)) + (1 - targets) * torch.log(1 - torch.sigmoid(logits))).mean()
