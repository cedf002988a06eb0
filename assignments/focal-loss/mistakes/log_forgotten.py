"""The logarithm is missing.

The factor multiplies the probability of the correct class where it should multiply the logarithm of it. Without it, a
sample that the model is sure and wrong about costs next to nothing.
"""

import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        p_t = F.softmax(logits, dim=1).gather(1, targets.unsqueeze(1)).squeeze(1)
        return -((1 - p_t) ** self.gamma * p_t).mean()
