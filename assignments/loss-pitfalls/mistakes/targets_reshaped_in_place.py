"""The targets become a column, for everybody who holds them.

The loss is right: (N, 1) meets (N, 1). But methods whose names end in `_` change the tensor that was passed. The
caller had targets of shape (N,), and has (N, 1) after the call. Passed a second time they become (N, 1, 1), and the
old mistake is back. Without the `_`, `targets.unsqueeze(1)` returns a column and leaves `targets` as it was.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels)


def one_hot_loss(logits, one_hot):
    targets = one_hot.argmax(dim=1)
    return F.cross_entropy(logits, targets)


def regression_loss(predictions, targets):
    targets.unsqueeze_(1)
    return F.mse_loss(predictions, targets)


def fit_slope(x, y, steps, learning_rate):
    w = torch.zeros((), device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        w.grad = None
        loss.backward()
        with torch.no_grad():
            w -= learning_rate * w.grad
    return w.item()
