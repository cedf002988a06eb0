"""torch's own loss on logits; predictions and accuracies keep the dtype of what they come from."""

import torch
import torch.nn.functional as F
from torch import Tensor


def multi_label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean binary cross entropy over all samples and labels."""
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits: Tensor, threshold: float = 0.5) -> Tensor:
    """Return 1 where the sigmoid of a logit is above the threshold, else 0."""
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the share of samples, for each label, whose prediction is right."""
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
