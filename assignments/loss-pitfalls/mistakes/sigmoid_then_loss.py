"""The sigmoid rounds to 0 or 1 before the logarithm is taken.

On paper this is right, and it takes large logits to see a difference: in float32 the sigmoid of 20 is exactly
1. binary_cross_entropy then limits the logarithm to -100, so that nothing is infinite, but neither the loss nor
its gradient is right. This costs the bonus only. Look for a loss that does both steps in one.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy(torch.sigmoid(logits), labels)


def one_hot_loss(logits, one_hot):
    return F.cross_entropy(logits, one_hot.argmax(dim=1))


def regression_loss(predictions, targets):
    return F.mse_loss(predictions.squeeze(1), targets)


def fit_slope(x, y, steps, learning_rate):
    w = torch.zeros((), device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        w.grad = None
        loss.backward()
        with torch.no_grad():
            w -= learning_rate * w.grad
    return w.item()
