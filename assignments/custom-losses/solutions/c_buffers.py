"""The shares in a buffer, the parts for watching only, weights under a root, and optional extra arguments."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class WeightedMSELoss(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, predictions, targets, weights=None):
        root = torch.ones_like(targets) if weights is None else weights.sqrt()
        return F.mse_loss(root * predictions, root * targets, reduction=self.reduction)


class CombinedLoss(nn.Module):
    def __init__(self, alpha=0.5, label_smoothing=0.0):
        super().__init__()
        self.register_buffer("shares", torch.tensor([alpha, 1.0 - alpha]))
        self.label_smoothing = label_smoothing

    def forward(self, class_logits, class_targets, reg_predictions, reg_targets):
        ce = F.cross_entropy(class_logits, class_targets, label_smoothing=self.label_smoothing)
        mse = F.mse_loss(reg_predictions, reg_targets)
        total = (self.shares * torch.stack([ce, mse])).sum()
        return total, ce.detach(), mse.detach()
