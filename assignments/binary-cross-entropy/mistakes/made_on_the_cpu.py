"""A tensor is made on the CPU, wherever the arguments are.

On the CPU all is right. On a GPU the loss stops with an error: torch does not mix tensors of two devices, single
numbers aside. torch.zeros and torch.ones without device= are on the CPU. Write device=logits.device, or use
torch.zeros_like(logits), or plain numbers: 1 - targets and logits.clamp(min=0) need no tensor at all.
"""

import torch


def bce_loss(probabilities, targets):
    ones = torch.ones(targets.shape, dtype=targets.dtype)
    return -(targets * torch.log(probabilities) + (ones - targets) * torch.log(ones - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    zeros = torch.zeros(logits.shape, dtype=logits.dtype)
    return (torch.maximum(logits, zeros) - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()
