"""The distance is taken over the whole batch at once.

Without a dimension, torch.norm sums over all numbers that it is given, so N triplets get one distance together,
and there is nothing left to average. With one triplet nothing shows. Look at the shape of your distances.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive)
    far = torch.norm(anchor - negative)
    return F.relu(near - far + margin).mean()
