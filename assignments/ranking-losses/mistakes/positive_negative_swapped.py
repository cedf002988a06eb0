"""The distances to the positive and to the negative have changed places.

The loss then goes down when the negative comes closer than the positive, so the network learns the opposite of
what it should. Look at which of the two distances should be small, and what its sign is in the formula.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(far - near + margin).mean()
