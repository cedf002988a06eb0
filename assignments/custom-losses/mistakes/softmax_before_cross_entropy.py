"""A softmax is applied before the cross entropy, which applies one itself.

Two of them squeeze the probabilities together: with three classes none can be above 0.58, so the loss never
gets near 0, and its gradients are small. Look at what cross entropy wants to be given.
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
        ce = F.cross_entropy(F.softmax(class_logits, dim=1), class_targets)
        mse = F.mse_loss(reg_predictions, reg_targets)
        return self.alpha * ce + (1 - self.alpha) * mse, ce, mse
