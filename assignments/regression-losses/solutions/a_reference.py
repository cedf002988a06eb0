"""One check of the shapes, then the formulas."""

import torch
from torch import Tensor


def _subtract(predictions: Tensor, targets: Tensor) -> Tensor:
    if predictions.shape != targets.shape:
        raise ValueError(f"shapes {tuple(predictions.shape)} and {tuple(targets.shape)} differ")
    return predictions - targets


def mse_loss(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared error."""
    return (_subtract(predictions, targets) ** 2).mean()


def l1_loss(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the mean absolute error."""
    return _subtract(predictions, targets).abs().mean()


def smooth_l1_loss(predictions: Tensor, targets: Tensor, beta: float = 1.0) -> Tensor:
    """Return the mean smooth L1 loss."""
    size = _subtract(predictions, targets).abs()
    return torch.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean()
