"""The predictions are True and False, not 1 and 0.

A comparison gives a tensor of dtype bool. It prints much like numbers, but torch refuses to subtract it or to
take its mean. Look at the dtype of what you return.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return torch.sigmoid(logits) > threshold


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
