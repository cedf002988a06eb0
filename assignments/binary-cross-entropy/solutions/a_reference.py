"""The formula, and softplus for logits: -log(sigmoid(z)) is softplus(-z)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def bce_loss(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Return the mean binary cross entropy of probabilities."""
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log1p(-probabilities)).mean()


def bce_with_logits_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean binary cross entropy of logits."""
    return (targets * F.softplus(-logits) + (1 - targets) * F.softplus(logits)).mean()
