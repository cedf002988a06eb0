"""Softmax runs over the samples instead of the classes.

In logits of shape (N, C), dimension 0 counts the samples and dimension 1 the classes. Yours lets the samples of a batch
compete with each other. Each sample should share its probability among its own classes.
"""

import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        log_p = F.log_softmax(logits, dim=0).gather(1, targets.unsqueeze(1)).squeeze(1)
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()
