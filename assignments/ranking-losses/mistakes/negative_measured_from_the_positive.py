"""The negative's distance is taken from the positive, and not from the anchor.

Both distances start at the anchor: it is what the other two are compared with. Some variants use the smaller of
both, but not this one. Look at which embeddings you subtract.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(positive - negative, dim=1)
    return F.relu(near - far + margin).mean()
