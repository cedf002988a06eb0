"""The triplet loss sums absolute differences. That is the L1 distance, not the Euclidean one.

Along one axis the two agree, and along a diagonal of D dimensions the L1 distance is larger by the root of D.
With D = 1 nothing shows. Look at the formula of the distance.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, p=1, dim=1)
    far = torch.norm(anchor - negative, p=1, dim=1)
    return F.relu(near - far + margin).mean()
