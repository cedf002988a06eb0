"""Pairs that do not belong together cost something beyond the margin, and nothing within it.

The two sides of the difference have changed places. Two people with the same embedding then cost nothing, and
only those who are far apart already are moved: towards each other. Look at the sign of what you take the
maximum of.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(d - margin) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
