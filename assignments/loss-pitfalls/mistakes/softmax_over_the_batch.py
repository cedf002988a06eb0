"""A softmax over the batch stands where each sample should have a probability of its own.

With one logit per sample, a softmax can only run over the samples: it makes them share one probability of 1.
But every mail may be spam, or none. Look at the formula of p: does it hold the logits of other samples?
"""

import torch
import torch.nn.functional as F


def classification_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def binary_loss(logits, labels):
    probabilities = F.softmax(logits, dim=0)
    return F.binary_cross_entropy(probabilities, labels)


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
