"""The sign is turned around.

The logarithm of a probability is never positive, so your loss is negative and gets *larger* as the model improves. A
minus sign is missing.
"""

import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        log_p = F.log_softmax(logits, dim=1).gather(1, targets.unsqueeze(1)).squeeze(1)
        return ((1 - log_p.exp()) ** self.gamma * log_p).mean()
