"""Both losses as formulas over torch's own, with a look at the shapes first."""

import torch.nn.functional as F
from torch import Tensor, nn


class WeightedMSELoss(nn.Module):
    """The mean over a batch of weight * squared error."""

    def forward(self, predictions: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Return the loss, shape (), of three tensors of shape (N,)."""
        if not predictions.shape == targets.shape == weights.shape:
            shapes = ", ".join(str(tuple(one.shape)) for one in (predictions, targets, weights))
            raise ValueError(f"predictions, targets and weights differ in shape: {shapes}")
        return (weights * (predictions - targets) ** 2).mean()


class CombinedLoss(nn.Module):
    """A mixture of cross entropy and mean squared error."""

    def __init__(self, alpha: float = 0.5) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(
        self, class_logits: Tensor, class_targets: Tensor, reg_predictions: Tensor, reg_targets: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return total, ce and mse, each of shape ()."""
        ce = F.cross_entropy(class_logits, class_targets)
        mse = F.mse_loss(reg_predictions, reg_targets)
        return self.alpha * ce + (1 - self.alpha) * mse, ce, mse
