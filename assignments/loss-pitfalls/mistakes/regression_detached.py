"""The regression loss has the right value, but no gradient reaches the predictions.

Numbers that are copied out of a tensor, with .tolist(), .item(), .data or .detach(), have no path back to the
network. requires_grad=True does not bring it back: it makes a new beginning. Look for the step at which the
path ends.
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
    flat = predictions.detach().flatten()
    return F.mse_loss(flat, targets)


def fit_slope(x, y, steps, learning_rate):
    w = torch.zeros((), device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        w.grad = None
        loss.backward()
        with torch.no_grad():
            w -= learning_rate * w.grad
    return w.item()
