"""The two kinds of pairs by masks, distances from all to all, and the hinge as a mask."""

import torch


def contrastive_loss(a, b, same, margin=1.0):
    together = same.bool()
    distance = torch.cdist(a, b).diagonal()
    losses = torch.where(together, distance**2, torch.zeros_like(distance))
    close = ~together & (distance < margin)
    losses[close] = (margin - distance[close]) ** 2
    return losses.sum() / len(losses)


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.diag(torch.cdist(anchor, positive))
    far = torch.diag(torch.cdist(anchor, negative))
    violated = far < near + margin
    return ((near - far + margin) * violated).sum() / anchor.size(0)
