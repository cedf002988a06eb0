"""Stable: the row's maximum is taken off before exp, and the logarithm is never taken of a rounded probability."""

from torch import Tensor


def softmax(logits: Tensor) -> Tensor:
    """Turn each row of logits (N, C) into probabilities (N, C)."""
    exponentials = (logits - logits.amax(dim=1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=1, keepdim=True)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross entropy of logits (N, C) and class indices (N,)."""
    log_probabilities = logits - logits.logsumexp(dim=1, keepdim=True)
    return -log_probabilities.gather(1, targets.unsqueeze(1)).mean()
