"""A sigmoid is applied before the cross entropy, which applies a softmax itself.

Changing one activation for another does not help: the numbers that the cross entropy takes for logits still lie
between 0 and 1, so no class can get a probability near 1. Look at what cross entropy wants to be given, and
where the formula has a sigmoid.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(torch.sigmoid(logits), targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels)


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
