"""The accuracy is that of each sample, not of each label.

Averaging over dim=1 goes along a row, which is one sample with all its labels. Asked for is one number per
column. Look at which dimension is left over: it should have L entries.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=1)
