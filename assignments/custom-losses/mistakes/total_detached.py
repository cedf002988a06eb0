"""The total has the right value, but no gradient reaches the network.

With .item(), .detach(), numpy or torch.tensor(...) around a result the path back to the inputs is lost.
requires_grad=True silences the error message and does not bring the path back: the total is then a new
beginning, whose gradient ends in itself. Look for the step that leaves torch.
"""

import torch
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
        total = self.alpha * ce.item() + (1 - self.alpha) * mse.item()
        return torch.tensor(total, dtype=ce.dtype, device=ce.device, requires_grad=True), ce, mse
