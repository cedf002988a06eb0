"""Every sample meets every target.

`p[:, targets]` takes all rows for each target, an (N, N) table, and your mean runs over all of it. You need one entry
per row: row i with target i. Index with two lists of the same length, or use `gather`.
"""

import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        log_p = F.log_softmax(logits, dim=1)[:, targets]
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()
