"""The two shares are in a tensor on the CPU, wherever the losses are.

On a CPU the total is right. On a GPU the two losses are there and the shares are not, and torch refuses to
multiply them. The dtype was thought of, so give the device as well: `device=ce.device`. Numbers such as `alpha`
itself go with every device, and a buffer moves along with its module.
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
        shares = torch.tensor([self.alpha, 1 - self.alpha], dtype=ce.dtype)
        return (shares * torch.stack([ce, mse])).sum(), ce, mse
