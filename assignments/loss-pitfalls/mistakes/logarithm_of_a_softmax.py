"""The logarithm is taken of a probability that may have been rounded to 0.

On paper this is right. In floating point a softmax gives exactly 0 where a logit lies about 100 below the
largest, and log(0) is minus infinity. This costs the bonus only. Look for a function that computes both steps
in one.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.nll_loss(torch.log(F.softmax(logits, dim=1)), targets)


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
