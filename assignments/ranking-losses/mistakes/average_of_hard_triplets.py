"""The average is over the triplets that cost something, and not over all N.

Some libraries do so on purpose, so that the gradient does not fade when few are left. The loss itself then
hardly goes down while training succeeds, and where no triplet costs anything the mean of nothing is NaN. The
description asks for N. Look at how many numbers you take the mean of.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    losses = F.relu(near - far + margin)
    return losses[losses > 0].mean()
