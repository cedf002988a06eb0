"""The loss applies the sigmoid twice.

A loss "with logits" applies the sigmoid itself. Handed probabilities, it squeezes numbers between 0 and 1 once
more, into 0.5 to 0.73, and no prediction can be sure any longer. Look at what your loss function wants to be
given.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(torch.sigmoid(logits), targets)


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
