"""Every coordinate of a triplet is compared on its own.

The difference of two embeddings has D numbers, and the distance is one: the root of the sum of their squares. A
negative that differs a lot in one coordinate is far away, even if all the others agree. With D = 1 nothing
shows. Look at the shape of your distances.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.abs(anchor - positive)
    far = torch.abs(anchor - negative)
    return F.relu(near - far + margin).mean()
