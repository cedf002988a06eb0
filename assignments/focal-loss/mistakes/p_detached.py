"""The value is right, but the factor takes no part in the gradient.

p_t is cut off from the graph (by `.detach()`, `.data` or `torch.no_grad()`), so autograd treats the factor as a
constant. The gradient is then that of a weighted cross entropy, not of focal loss, and training goes elsewhere. Let p_t
depend on the logits all the way.
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
        p_t = torch.exp(-ce).detach()
        return ((1 - p_t) ** self.gamma * ce).mean()
