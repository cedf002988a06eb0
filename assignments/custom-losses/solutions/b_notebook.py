"""As in a notebook: loss modules made once, one step per line."""

import torch.nn as nn


class WeightedMSELoss(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, predictions, targets, weights):
        squared_error = (predictions - targets) ** 2
        weighted_error = squared_error * weights
        return weighted_error.mean()


class CombinedLoss(nn.Module):
    def __init__(self, alpha=0.5):
        super().__init__()
        self.alpha = alpha
        self.ce_loss = nn.CrossEntropyLoss()
        self.mse_loss = nn.MSELoss()

    def forward(self, class_logits, class_targets, reg_pred, reg_targets):
        ce = self.ce_loss(class_logits, class_targets)
        mse = self.mse_loss(reg_pred, reg_targets)
        total = self.alpha * ce + (1 - self.alpha) * mse
        return total, ce, mse
