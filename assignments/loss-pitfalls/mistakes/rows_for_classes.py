"""The numbers of the rows are taken for classes.

nonzero gives two numbers for each 1, in which row it stands and in which column. The first is the sample and
the second the class; the rows are always 0, 1, 2 and so on. Print it for a small batch, and see which of them
you use.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels)


def one_hot_loss(logits, one_hot):
    targets = one_hot.nonzero()[:, 0]
    return F.cross_entropy(logits, targets)


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
