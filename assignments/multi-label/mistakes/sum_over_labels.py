"""The loss adds up the labels of a sample and averages over the samples alone.

It is L times too large then, and grows with the number of labels; a learning rate that suits 4 labels is too
high for 400. Look at how many numbers there are before you average, and by how many you divide.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1).mean()


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
