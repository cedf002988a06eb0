"""alpha is multiplied with one of the two losses, and the other counts in full.

The shares should add up to 1: what the cross entropy does not get is left for the squared error. Look at what
the total is when alpha is 1; it should be the cross entropy alone.
"""

import torch.nn.functional as F
from torch import nn


class WeightedMSELoss(nn.Module):
    def forward(self, predictions, targets, weights):
        if not predictions.shape == targets.shape == weights.shape:
            raise ValueError("the shapes differ")
        return (weights * (predictions - targets) ** 2).mean()


class CombinedLoss(nn.Module):
    def __init__(self, alpha=0.5):
        super().__init__()
        self.alpha = alpha

    def forward(self, class_logits, class_targets, reg_predictions, reg_targets):
        ce = F.cross_entropy(class_logits, class_targets)
        mse = F.mse_loss(reg_predictions, reg_targets)
        return self.alpha * ce + mse, ce, mse
