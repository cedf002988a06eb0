"""As in a notebook: the loss module, .float(), and a count over the number of samples. No bonus for .float()."""

import torch
import torch.nn as nn


def multi_label_loss(logits, targets):
    loss_fn = nn.BCEWithLogitsLoss()
    return loss_fn(logits, targets)


def predict_labels(logits, threshold=0.5):
    probs = torch.sigmoid(logits)
    return (probs > threshold).float()


def per_label_accuracy(predictions, targets):
    correct = (predictions == targets).sum(dim=0)
    total = len(targets)
    return correct / total
