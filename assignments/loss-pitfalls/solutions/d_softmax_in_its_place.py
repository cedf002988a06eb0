"""log_softmax twice is log_softmax once; one-hot rows as probabilities; a bare squeeze; autograd.grad."""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(F.log_softmax(logits, dim=-1), targets)


def binary_loss(logits, labels):
    two = torch.stack([torch.zeros_like(logits), logits], dim=1)
    return F.cross_entropy(two, labels.long())


def one_hot_loss(logits, one_hot):
    return F.cross_entropy(logits, one_hot.float())


def regression_loss(predictions, targets):
    return ((predictions.squeeze() - targets) ** 2).mean()


def fit_slope(x, y, steps, learning_rate):
    w = torch.tensor(0.0, device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = torch.mean((y - w * x) ** 2)
        (grad,) = torch.autograd.grad(loss, w)
        w = (w - learning_rate * grad).detach().requires_grad_()
    return w
