"""What was called before changes the result.

The first call is right, the next ones are not: `forward` stores something in `self` and uses it again. A loss should
depend on its arguments alone. Keep intermediate results in plain local variables.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma
        self.total = 0.0
        self.calls = 0

    def forward(self, logits, targets):
        ce = F.cross_entropy(logits, targets, reduction="none")
        self.total = self.total + ((1 - torch.exp(-ce)) ** self.gamma * ce).mean()
        self.calls += 1
        return self.total / self.calls
