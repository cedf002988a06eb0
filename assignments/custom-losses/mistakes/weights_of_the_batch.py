"""Every weight meets the errors of all samples, not the one of its own.

That happens when the mean is taken before the weights come in: the mean weight times the mean squared error is
another number. A column of weights (N, 1) times a row of errors (N,) comes to the same, as it is stretched to
(N, N). With one sample nothing shows. Look at the shapes, and at where you average.
"""

import torch.nn.functional as F
from torch import nn


class WeightedMSELoss(nn.Module):
    def forward(self, predictions, targets, weights):
        if not predictions.shape == targets.shape == weights.shape:
            raise ValueError("the shapes differ")
        return (weights.unsqueeze(1) * (predictions - targets) ** 2).mean()


class CombinedLoss(nn.Module):
    def __init__(self, alpha=0.5):
        super().__init__()
        self.alpha = alpha

    def forward(self, class_logits, class_targets, reg_predictions, reg_targets):
        ce = F.cross_entropy(class_logits, class_targets)
        mse = F.mse_loss(reg_predictions, reg_targets)
        return self.alpha * ce + (1 - self.alpha) * mse, ce, mse
