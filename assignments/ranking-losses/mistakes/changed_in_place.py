"""Embeddings that were passed are overwritten with differences.

`a -= b` writes into the tensor that was handed to you. The caller's embeddings change, and autograd refuses to do
that to a leaf tensor that needs a gradient. A difference with a name of its own, `difference = a - b`, leaves both
alone.
"""

import torch


def contrastive_loss(a, b, same, margin=1.0):
    a -= b
    d = torch.linalg.vector_norm(a, dim=1)
    return (same * d**2 + (1 - same) * (margin - d).relu() ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    positive -= anchor
    negative -= anchor
    near, far = (torch.linalg.vector_norm(one, dim=1) for one in (positive, negative))
    return (near - far + margin).relu().mean()
