"""From the second step on, w is no longer what backward() fills in gradients for.

w = w - ... makes a new tensor, which is the result of a computation. backward() stores gradients in the leaves
of the graph only, the tensors that one made oneself with requires_grad=True, so w.grad is None. Look at how to
change w without autograd looking on, and without making another w.
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
    return F.mse_loss(predictions.squeeze(1), targets)


def fit_slope(x, y, steps, learning_rate):
    w = torch.zeros((), device=x.device, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        loss.backward()
        w = w - learning_rate * w.grad
    return w.item()
