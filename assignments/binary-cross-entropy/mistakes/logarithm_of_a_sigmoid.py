"""The logarithm of the sigmoid is computed in two steps.

That is right until the sigmoid rounds to 0 or 1, in single precision at logits of about -89 and 17. From there on
the loss is infinite, or NaN since 0 times infinity is NaN, and its gradient NaN; with clamped probabilities the
loss is stuck and the gradient 0. Sigmoid and logarithm taken together lose nothing.
"""

import torch


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return -(targets * torch.log(torch.sigmoid(logits)) + (1 - targets) * torch.log(1 - torch.sigmoid(logits))).mean()
