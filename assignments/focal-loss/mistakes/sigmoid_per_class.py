"""Each class gets a sigmoid of its own.

That is the focal loss for yes/no questions, where several may be answered with yes. Here exactly one class is right, so
the probabilities must come from one softmax over all classes, and only the correct class enters the loss.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        one_hot = F.one_hot(targets, logits.size(1)).to(logits.dtype)
        bce = F.binary_cross_entropy_with_logits(logits, one_hot, reduction="none")
        return ((1 - torch.exp(-bce)) ** self.gamma * bce).sum(dim=1).mean()
