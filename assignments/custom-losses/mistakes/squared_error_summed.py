"""The squared errors are added up over the batch, while the cross entropy is averaged.

The mixture then depends on the size of the batch: with 64 samples the squared error counts 64 times as much.
With one sample nothing shows. Look at the reductions of both.
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
        mse = F.mse_loss(reg_predictions, reg_targets, reduction="sum")
        return self.alpha * ce + (1 - self.alpha) * mse, ce, mse
