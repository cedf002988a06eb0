"""Right for everyday logits, but log(p_t) overflows for large ones.

Softmax rounds a very small probability to 0, and the logarithm of 0 is minus infinity. Compute log(p_t) straight from
the logits (`F.log_softmax`, or `F.cross_entropy` with one loss per sample), and get p_t from it with `exp`.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        p_t = F.softmax(logits, dim=1)[range(len(targets)), targets]
        return -((1 - p_t) ** self.gamma * torch.log(p_t)).mean()
