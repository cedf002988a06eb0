"""Loops over the samples, and the logarithm of a softmax as it stands: no bonus, since it may overflow."""

import torch
import torch.nn as nn


class WeightedMSELoss(nn.Module):
    def forward(self, predictions, targets, weights):
        total = 0
        for p, t, w in zip(predictions, targets, weights):
            total = total + w * (p - t).pow(2)
        return total / len(predictions)


class CombinedLoss(nn.Module):
    def __init__(self, alpha=0.5):
        super().__init__()
        self.weights = {"ce": alpha, "mse": 1.0 - alpha}

    def forward(self, class_logits, class_targets, reg_predictions, reg_targets):
        losses = []
        for row, target in zip(class_logits, class_targets):
            p = torch.exp(row) / torch.exp(row).sum()
            losses.append(-torch.log(p[target]))
        ce = sum(losses) / len(losses)
        mse = torch.mean(torch.square(reg_targets - reg_predictions))
        return self.weights["ce"] * ce + self.weights["mse"] * mse, ce, mse
