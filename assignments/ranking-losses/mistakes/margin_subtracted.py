"""The margin is taken away, and should be added.

A triplet then costs nothing even where the negative is closer than the positive, as long as it is not closer by
more than the margin. A larger margin should ask for more, and here it asks for less. Look at the sign of the
margin.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far - margin).mean()
