"""The formula as it stands, torch.where, and differences in place of ==. No bonus: the logarithm may overflow."""

import torch


def multi_label_loss(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * torch.log(p) + (1 - targets) * torch.log(1 - p)).mean()


def predict_labels(logits, threshold=0.5):
    p = 1 / (1 + torch.exp(-logits))
    return torch.where(p > threshold, torch.ones_like(p), torch.zeros_like(p))


def per_label_accuracy(predictions, targets):
    return 1 - (predictions - targets).abs().mean(0)
