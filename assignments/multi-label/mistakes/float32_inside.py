"""The loss is computed in float32, whatever the logits are.

A .float(), or a tensor made with a fixed dtype, throws away half of the digits of float64 logits, and with them
the precision that someone asked for. Look for a conversion inside your loss.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits.float(), targets.float())


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
