"""Masks, signs, a transposed row, and a layer without a bias."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def classification_loss(logits, targets):
    mask = F.one_hot(targets, logits.shape[1]).bool()
    return (logits.logsumexp(dim=1) - logits[mask]).mean()


def binary_loss(logits, labels, reduction="mean"):
    signs = 2 * labels - 1
    losses = -F.logsigmoid(signs * logits)
    return losses.mean() if reduction == "mean" else losses.sum()


def one_hot_loss(logits, one_hot):
    log_p = logits.log_softmax(dim=1)[one_hot.bool()]
    return -log_p.sum() / one_hot.sum()


def regression_loss(predictions, targets):
    errors = (predictions.T - targets).flatten()
    return torch.dot(errors, errors) / errors.numel()


def fit_slope(x, y, steps, learning_rate):
    model = nn.Linear(1, 1, bias=False).to(x.device)
    nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for _ in range(steps):
        loss = F.mse_loss(model(x[:, None]), y[:, None])
        loss.backward()
        optimizer.step()
        model.zero_grad()
    return model.weight.item()
