"""The gradient is NaN where two embeddings are equal.

The square root is infinitely steep at 0, and what comes from inside it is 0: their product is NaN. Squaring the
root again does not help, as autograd goes back step by step. Two copies of one photo in a batch are enough.
Values are right, and so are other gradients, so this costs the bonus points only. Look at the derivative of
each of your steps.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.sqrt(((a - b) ** 2).sum(dim=1))
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.sqrt(((anchor - positive) ** 2).sum(dim=1))
    far = torch.sqrt(((anchor - negative) ** 2).sum(dim=1))
    return F.relu(near - far + margin).mean()
