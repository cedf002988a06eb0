"""The first prediction is compared with all targets.

predictions[0] is the first row, which is one sample. predictions[:, 0] would be the first column, which is all
of them. With one sample per batch there is no difference. Look at what the index runs over.
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
    return ((predictions[0] - targets) ** 2).mean()


def fit_slope(x, y, steps, learning_rate):
    w = torch.zeros((), device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        w.grad = None
        loss.backward()
        with torch.no_grad():
            w -= learning_rate * w.grad
    return w.item()
