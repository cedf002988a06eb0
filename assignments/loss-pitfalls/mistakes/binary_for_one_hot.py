"""Each class is judged by itself, with a binary cross entropy.

One-hot rows fit that loss in shape, but it asks another question: is it class k, yes or no, for each k? That is
for labels which may hold together. With one class out of C the probabilities of a row share a sum of 1. Look at
the sum in the formula of question 1.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels)


def one_hot_loss(logits, one_hot):
    return F.binary_cross_entropy_with_logits(logits, one_hot.to(logits.dtype))


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
