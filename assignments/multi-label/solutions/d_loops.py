"""One label at a time, each a yes-or-no question of its own, and the threshold carried over to the logits."""

import math

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets, reduction="mean"):
    columns = [
        F.binary_cross_entropy(torch.sigmoid(logits[:, k]), targets[:, k], reduction="none")
        for k in range(logits.shape[1])
    ]
    losses = torch.stack(columns, dim=1)
    return losses.mean() if reduction == "mean" else losses


def predict_labels(logits, threshold=0.5):
    border = math.log(threshold / (1 - threshold))
    labels = torch.zeros_like(logits)
    labels[logits > border] = 1
    return labels


def per_label_accuracy(predictions, targets):
    n, n_labels = targets.shape
    accuracy = torch.zeros(n_labels, dtype=predictions.dtype, device=predictions.device)
    for k in range(n_labels):
        right = 0
        for i in range(n):
            if predictions[i, k].item() == targets[i, k].item():
                right += 1
        accuracy[k] = right / n
    return accuracy
