"""The margins are not 1 when they are not given.

An example with another value may have ended up in the signatures. Whoever relies on the description gets
another loss. Look at the defaults of the arguments.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=2.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=0.2):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
