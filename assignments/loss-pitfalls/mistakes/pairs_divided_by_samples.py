"""Every prediction is compared with every target, and the sum of all is divided by N.

Another divisor does not help: there are N x N errors, of which only N belong together. The others are still in
the sum, and in the gradient. Look at the shape of the errors before they are squared.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels)


def one_hot_loss(logits, one_hot):
    return F.cross_entropy(logits, one_hot.argmax(dim=1))


def regression_loss(predictions, targets):
    errors = predictions - targets
    return (errors**2).sum() / len(targets)


def fit_slope(x, y, steps, learning_rate):
    w = torch.zeros((), device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        w.grad = None
        loss.backward()
        with torch.no_grad():
            w -= learning_rate * w.grad
    return w.item()
