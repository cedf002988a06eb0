"""The targets do not belong to the samples.

There is one target for each class, where there should be one for each sample. That runs only if there are as
many samples as classes, and is right by chance only. Write three one-hot rows down, and look at what each of
the numbers in targets stands for.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels)


def one_hot_loss(logits, one_hot):
    targets = one_hot.argmax(dim=0)
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
