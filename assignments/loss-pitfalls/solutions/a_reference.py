"""Each function with as little changed as possible."""

import torch
import torch.nn.functional as F
from torch import Tensor


def classification_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross entropy: it takes the logits as they are."""
    return F.cross_entropy(logits, targets)


def binary_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean binary cross entropy: it takes the logits as they are."""
    return F.binary_cross_entropy_with_logits(logits, labels)


def one_hot_loss(logits: Tensor, one_hot: Tensor) -> Tensor:
    """Return the mean cross entropy: the class of a sample is the column of its row's 1."""
    return F.cross_entropy(logits, one_hot.argmax(dim=1))


def regression_loss(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared error of (N, 1) and (N,)."""
    return F.mse_loss(predictions.squeeze(1), targets)


def fit_slope(x: Tensor, y: Tensor, steps: int, learning_rate: float) -> float:
    """Fit y = w * x with gradient descent, and return w."""
    w = torch.zeros((), dtype=x.dtype, device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        w.grad = None
        loss.backward()
        with torch.no_grad():
            w -= learning_rate * w.grad
    return w.item()
