"""The arguments are changed in place.

sigmoid_() and clamp_() write into the tensor that was handed to you: whoever called the function now has
probabilities in place of logits, and autograd refuses it for a tensor that was made with requires_grad=True.
Without the underscore, both return a new tensor.
"""

import torch


def bce_loss(probabilities, targets):
    probabilities.clamp_(1e-7, 1 - 1e-7)
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return bce_loss(logits.sigmoid_(), targets)
