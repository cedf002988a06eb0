"""The gradient reaches only the first embedding of each pair.

The value is right, so nothing shows until one looks at the gradient. Half of it is missing: the second
embedding is a fixed target that the first runs after. Some methods want that, but this loss moves both. Look
for .detach(), .data or torch.no_grad.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b.detach(), dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
