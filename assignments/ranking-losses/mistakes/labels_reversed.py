"""Pairs that belong together are pushed apart, and the others are drawn together.

Some papers and libraries use 1 for pairs that differ; the first paper on this loss did. Here 1 says that the
two belong together. Look at which of the two parts same stands beside.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return ((1 - same) * d**2 + same * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
