"""Easy triplets cost less than 0.

Without the maximum with 0 the loss can fall without end, and the easiest way is to push negatives that are far
away still farther. Hard triplets stay as they are. Look at what a triplet costs whose negative is very far
away.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return (near - far + margin).mean()
