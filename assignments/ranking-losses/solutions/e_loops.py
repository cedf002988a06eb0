"""Pair by pair and triplet by triplet."""

import torch


def contrastive_loss(a, b, same, margin=1.0):
    total = torch.zeros((), dtype=a.dtype, device=a.device)
    for i in range(len(a)):
        distance = torch.norm(a[i] - b[i])
        if same[i] == 1:
            total = total + distance * distance
        elif distance < margin:
            total = total + (margin - distance) * (margin - distance)
    return total / len(a)


def triplet_loss(anchor, positive, negative, margin=1.0):
    losses = []
    for one, near, far in zip(anchor, positive, negative, strict=True):
        loss = torch.dist(one, near) - torch.dist(one, far) + margin
        losses.append(torch.maximum(loss, torch.zeros_like(loss)))
    return torch.stack(losses).mean()
