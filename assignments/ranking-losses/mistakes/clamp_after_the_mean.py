"""The maximum with 0 is taken of the mean, and not of each triplet.

Easy triplets then make up for hard ones: one whose negative is far away cancels another that is wrong. With one
triplet nothing shows. Look at the order of the two steps.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu((near - far + margin).mean())
