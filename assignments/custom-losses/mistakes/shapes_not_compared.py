"""A column (N, 1) and a row (N,) are stretched to (N, N), and nobody notices.

A network's last layer often gives (N, 1) where the targets are (N,). The loss then averages over pairs that do
not belong together, goes down a little, and teaches nothing. With equal shapes nothing is wrong, so this costs
the bonus point only. Look at the shapes before you subtract.
"""

import torch.nn.functional as F
from torch import nn


class WeightedMSELoss(nn.Module):
    def forward(self, predictions, targets, weights):
        return (weights * (predictions - targets) ** 2).mean()


class CombinedLoss(nn.Module):
    def __init__(self, alpha=0.5):
        super().__init__()
        self.alpha = alpha

    def forward(self, class_logits, class_targets, reg_predictions, reg_targets):
        ce = F.cross_entropy(class_logits, class_targets)
        mse = F.mse_loss(reg_predictions, reg_targets)
        return self.alpha * ce + (1 - self.alpha) * mse, ce, mse
