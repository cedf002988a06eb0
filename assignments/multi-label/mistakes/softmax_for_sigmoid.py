"""A softmax stands where the sigmoid should.

Softmax lets the labels of a row compete: their probabilities add up to 1, so three labels cannot all be likely.
Here each label is a question of its own, answered yes or no whatever the others are. Look at what your
probabilities of one row add up to.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy(torch.softmax(logits, dim=1), targets)


def predict_labels(logits, threshold=0.5):
    return (torch.softmax(logits, dim=1) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
