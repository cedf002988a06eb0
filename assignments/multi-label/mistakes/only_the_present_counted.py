"""The accuracy is the share of present labels that were found.

That is called recall, and it is worth knowing, but a network that always says yes has a recall of 1. Accuracy
also counts an absent label that was predicted absent. Look at what a pair of two zeros adds to your count, and
what you divide by.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions * targets).sum(dim=0) / targets.sum(dim=0).clamp(min=1)
