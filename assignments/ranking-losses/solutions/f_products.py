"""Squared distances as products, and a tiny number below the root."""

import torch

EPSILON = 1e-6


def distance(x, y):
    difference = x - y
    return (torch.einsum("nd,nd->n", difference, difference) + EPSILON).sqrt()


def contrastive_loss(a, b, same, margin=1.0):
    d = distance(a, b)
    hinge = torch.nn.functional.relu(margin - d)
    return (same @ d.square() + (1 - same) @ hinge.square()) / same.numel()


def triplet_loss(anchor, positive, negative, margin=1.0):
    loss = distance(anchor, positive) - distance(anchor, negative) + margin
    return torch.max(loss, torch.zeros_like(loss)).mean()
