"""The margin is added after the maximum with 0.

It is then a constant on top of the loss, and has no influence on any gradient: a triplet is left alone as soon
as the negative is farther than the positive, by however little. Look at what stands inside the maximum.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return (F.relu(near - far) + margin).mean()
