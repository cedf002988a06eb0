"""The loss sees no probability below 0.5.

However large or small a logit is, the loss computes with a probability between 0.5 and 0.73, so neither label
can be predicted with certainty. Follow a logit of -20 through both lines. Look at the name of the loss in the
last one, and at what it does with whatever it is given.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    probabilities = torch.sigmoid(logits)
    return F.binary_cross_entropy_with_logits(probabilities, labels)


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
