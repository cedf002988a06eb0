"""The softmax is taken over the samples of the batch, not over the classes.

With dim=0 each column adds up to 1 and not each row, so the loss of a sample depends on the others, and for a
batch of one it is always 0. Look at what k runs over in the sum of the formula, and which dimension that is.
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    log_p = F.log_softmax(logits, dim=0)
    return F.nll_loss(log_p, targets)


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
