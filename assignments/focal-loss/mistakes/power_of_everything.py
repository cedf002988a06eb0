"""The power is taken of the whole product.

In the formula, gamma belongs to the factor (1 - p_t) alone; the logarithm stays outside of the power. Look at where
your brackets close.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        ce = F.cross_entropy(logits, targets, reduction="none")
        return (((1 - torch.exp(-ce)) * ce) ** self.gamma).mean()
