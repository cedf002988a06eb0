"""Softmax, then the formula, with an alpha that is kept for later: no bonus, since log(p) may overflow."""

import torch
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=0.25):
        super().__init__()
        self.alpha = alpha  # a weight per class, some day
        self.gamma = gamma

    def forward(self, logits, targets):
        p = logits.softmax(-1)
        p_t = p[torch.arange(p.shape[0], device=p.device), targets]
        surprise = -p_t.log()
        doubt = (1 - p_t).pow(self.gamma)
        return torch.mean(surprise * doubt)
