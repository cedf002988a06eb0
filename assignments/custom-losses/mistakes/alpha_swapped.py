"""alpha is the share of the squared error, and should be that of the cross entropy.

With the default of 0.5 nothing shows. Whoever asks for more of the one gets more of the other. Look at which of
the two losses alpha stands beside in the formula.
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
        return (1 - self.alpha) * ce + self.alpha * mse, ce, mse
