"""Pairs that do not belong together are drawn to the margin from both sides.

Without the maximum with 0, a pair that is farther apart than the margin costs something as well, since the
square makes the negative difference positive. The loss then draws together what should stay apart. Look at what
a pair at ten times the margin costs.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * (margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
