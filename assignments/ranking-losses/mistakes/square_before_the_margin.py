"""The margin is compared with the squared distance.

A margin of 2 then stands for a distance of 1.41. With a margin of 1 the border is where it should be, but the
costs within it are not. In the formula the distance is taken from the margin first, and what is left is
squared. Look at the order of the two steps.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d**2) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
