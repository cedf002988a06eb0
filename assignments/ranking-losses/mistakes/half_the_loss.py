"""Both parts are halved.

That is a common form of the loss, made so that the 2 of the derivative vanishes. It has the same minimum, but
half the value and half the gradient. The description leaves the factor out. Look at what you multiply with.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (0.5 * same * d**2 + 0.5 * (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    return F.relu(near - far + margin).mean()
