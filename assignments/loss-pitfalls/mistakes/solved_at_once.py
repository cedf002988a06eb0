"""The best slope is computed at once, whatever the number of steps.

For a line through the origin there is a formula, and gradient descent comes near its result after many steps.
Here it is about the way: after a few steps, w is not there yet. Look at what steps and learning_rate are for.
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
    return ((x * y).sum() / (x * x).sum()).item()
