"""The numbers of the classes are on the CPU, wherever the labels are.

A one-hot row times 0 to C - 1, summed, is the class of the sample. That is right. But `torch.arange(C)` makes these
numbers on the CPU unless it is told another device, and on a GPU torch refuses to multiply the two. Write
`torch.arange(C, device=one_hot.device)`, or let `argmax` along the right dimension find the classes.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels)


def one_hot_loss(logits, one_hot):
    classes = torch.arange(one_hot.shape[1])
    return F.cross_entropy(logits, (one_hot * classes).sum(dim=1))


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
