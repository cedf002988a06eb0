"""The mask of the correct classes is made on the CPU, wherever the logits are.

Without a device, torch.zeros makes a tensor on the CPU. Combined with logits on a GPU it is refused, so the loss works
on a laptop and breaks on the first day of training. Look at where each new tensor is made: the logits have a device,
and so should all that is computed with them.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        log_probabilities = F.log_softmax(logits, dim=1)
        mask = torch.zeros(logits.shape, dtype=logits.dtype)
        mask[torch.arange(len(targets)), targets] = 1.0
        log_p = (log_probabilities * mask).sum(dim=1)
        return (-((1 - log_p.exp()) ** self.gamma) * log_p).mean()
