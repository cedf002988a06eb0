"""The formulas as they stand: no bonus, since a probability may round to 0."""

import torch


def classification_loss(logits, targets):
    p = torch.softmax(logits, dim=1)
    p_t = p.gather(1, targets.unsqueeze(1)).squeeze(1)
    return -torch.log(p_t).mean()


def binary_loss(logits, labels):
    p = 1 / (1 + torch.exp(-logits))
    return -(labels * torch.log(p) + (1 - labels) * torch.log(1 - p)).mean()


def one_hot_loss(logits, one_hot):
    log_p = torch.log(torch.softmax(logits, dim=1))
    return -(one_hot * log_p).sum(dim=1).mean()


def regression_loss(predictions, targets):
    errors = predictions - targets.unsqueeze(1)
    return (errors**2).mean()


def fit_slope(x, y, steps, learning_rate):
    w = 0.0
    for _ in range(steps):
        gradient = 2 * ((w * x - y) * x).mean()
        w = w - learning_rate * gradient.item()
    return w
