"""The part of the pairs that do not belong together is not squared.

Without the square all that are closer than the margin are pushed with the same force, and the push ends at the
margin all at once. Within a distance of 1 from the margin their share of the loss is too large, and beyond that
too small. Look at the exponents in the formula: there are two.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d)).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
