"""The costs of all pairs are added up, and not divided by N.

A sum grows with the batch, so the same learning rate takes larger steps for larger batches. Look at what
happens to your loss when every pair is there twice: it should stay the same.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).sum()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
