"""The factor favours the easy samples.

You raise p_t itself to the power gamma, so samples that the model is sure about keep their loss, and the hard ones
lose theirs: focal loss the wrong way round. Which expression is near 0 when p_t is near 1?
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
        return (torch.exp(-ce) ** self.gamma * ce).mean()
