"""Every coordinate of a pair has its own distance and its own margin.

The difference of two embeddings has D numbers, and the distance is one: the root of the sum of their squares.
Without that sum, a pair that differs in one coordinate only is still pushed in all the others. With D = 1
nothing shows. Look at the shape of your distance.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.abs(a - b)
    return (same[:, None] * d**2 + (1 - same[:, None]) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
