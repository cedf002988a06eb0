"""Sample by sample, and zeroing after the step."""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    losses = []
    for row, target in zip(logits, targets):
        losses.append(torch.logsumexp(row, dim=0) - row[target])
    return torch.stack(losses).mean()


def binary_loss(logits, labels):
    total = 0
    for z, y in zip(logits, labels):
        total = total + (F.softplus(-z) if y == 1 else F.softplus(z))
    return total / len(logits)


def one_hot_loss(logits, one_hot):
    rows = torch.arange(len(logits), device=logits.device)
    classes = one_hot.nonzero()[:, 1]
    return -logits.log_softmax(dim=1)[rows, classes].mean()


def regression_loss(predictions, targets):
    total = 0
    for i in range(len(targets)):
        total = total + (predictions[i, 0] - targets[i]) ** 2
    return total / len(targets)


def fit_slope(x, y, steps, learning_rate):
    w = torch.zeros(1, device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = F.mse_loss(w * x, y)
        loss.backward()
        w.data -= learning_rate * w.grad
        w.grad.zero_()
    return w[0]
