"""The labels are made on the CPU, wherever the logits are.

On the CPU all is right. On a GPU it stops with an error, for a mask on the GPU cannot pick from a tensor on the
CPU. torch.zeros without device= is on the CPU. Write device=logits.device, or use torch.zeros_like(logits), which
takes shape, dtype and device from the logits.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    labels = torch.zeros(logits.shape, dtype=logits.dtype)
    labels[torch.sigmoid(logits) > threshold] = 1
    return labels


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
