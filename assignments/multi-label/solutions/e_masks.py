"""Masks of the labels that are there and those that are not, and pairs of ones and of zeros counted apart."""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    present = targets == 1
    return (F.softplus(-logits[present]).sum() + F.softplus(logits[~present]).sum()) / logits.numel()


def predict_labels(logits, threshold=0.5):
    return logits.sigmoid().gt(threshold).type_as(logits)


def per_label_accuracy(predictions, targets):
    hits = torch.einsum("nl,nl->l", predictions, targets) + torch.einsum("nl,nl->l", 1 - predictions, 1 - targets)
    return hits / predictions.size(0)
