"""The triplet loss compares squared distances.

That is the form in FaceNet, where all embeddings have length 1. It is another loss: the same margin means less
the farther apart the embeddings are, and far ones are pushed harder. The description asks for plain distances.
Look for the root.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = ((anchor - positive) ** 2).sum(dim=1)
    far = ((anchor - negative) ** 2).sum(dim=1)
    return F.relu(near - far + margin).mean()
