"""Every loss is multiplied by an alpha that nobody asked for.

The article on focal loss also has a weight alpha, and 0.25 is a common value for it. The formula here has none, so your
loss comes out as a quarter. You may keep the argument, with a default that changes nothing.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=0.25):
        super().__init__()
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits, targets):
        ce = F.cross_entropy(logits, targets, reduction="none")
        return (self.alpha * (1 - torch.exp(-ce)) ** self.gamma * ce).mean()
