"""The classification loss has the right value, but no gradient reaches the logits.

With .item(), .detach(), numpy or torch.tensor(...) the path back to the network is lost. requires_grad=True
silences the error message and does not bring the path back. Look for the step that leaves torch.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    loss = F.cross_entropy(logits, targets)
    return torch.tensor(loss.item(), dtype=logits.dtype, device=logits.device, requires_grad=True)


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
