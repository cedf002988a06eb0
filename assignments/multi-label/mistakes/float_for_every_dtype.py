"""Labels and accuracies are always float32.

.float() means float32, so whoever works in float64 gets back another dtype than went in. With float32 nothing
is wrong, so this costs the bonus point only. Look for a conversion that takes its dtype from an argument.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).float()


def per_label_accuracy(predictions, targets):
    return (predictions == targets).float().mean(dim=0)
