"""Factors and losses differ in shape.

A factor of shape (N, 1) times losses of shape (N,) is silently spread out to an (N, N) table, in which every sample's
factor meets every sample's loss. With one sample, or with gamma = 0, nothing shows. Bring both to shape (N,) with
`squeeze(1)`, and print the shapes when in doubt.
"""

import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        ce = F.cross_entropy(logits, targets, reduction="none")
        p_t = F.softmax(logits, dim=1).gather(1, targets.unsqueeze(1))
        return ((1 - p_t) ** self.gamma * ce).mean()
