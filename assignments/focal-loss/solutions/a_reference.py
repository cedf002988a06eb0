"""Stable: log(p_t) comes straight from the logits, and p_t from it."""

import torch.nn.functional as F
from torch import Tensor, nn


class FocalLoss(nn.Module):
    """The mean over a batch of -(1 - p_t)^gamma * log(p_t)."""

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss, shape (), of logits (N, C) and class indices (N,)."""
        log_p = F.log_softmax(logits, dim=1).gather(1, targets.unsqueeze(1)).squeeze(1)
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()
