"""The cross entropy and the squared error come back as Python numbers.

Asked for are tensors of shape (), from which the caller can get a number with .item(). If they should not take
part in the graph, .detach() gives a tensor that does not. Look at the types of what you return.
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
        return self.alpha * ce + (1 - self.alpha) * mse, ce.item(), mse.item()
