"""Both formulas over a distance whose gradient at 0 is 0."""

import torch
from torch import Tensor


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Return the Euclidean distance of each row of a from its row of b, shape (N,)."""
    return torch.linalg.vector_norm(a - b, dim=1)


def contrastive_loss(a: Tensor, b: Tensor, same: Tensor, margin: float = 1.0) -> Tensor:
    """Return the contrastive loss of a batch of pairs, shape ()."""
    d = distances(a, b)
    return (same * d**2 + (1 - same) * (margin - d).relu() ** 2).mean()


def triplet_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0) -> Tensor:
    """Return the triplet loss of a batch, shape ()."""
    return (distances(anchor, positive) - distances(anchor, negative) + margin).relu().mean()
