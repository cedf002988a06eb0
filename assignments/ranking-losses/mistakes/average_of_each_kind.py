"""The two kinds of pairs are averaged on their own, and the averages are added.

Each kind then has the same weight, however few pairs there are of it, and where there are none the mean of
nothing is NaN. In the formula there is one sum over all pairs, divided by N. Look at how many numbers you take
each mean of.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    together = same == 1
    return (d[together] ** 2).mean() + (F.relu(margin - d[~together]) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
