"""Softmax runs over the samples instead of the classes.

In a tensor of shape (N, C), dimension 0 counts the samples and dimension 1 the classes. Your softmax makes the columns
sum to one, so the samples of a batch compete with each other. Each sample should share its probability among its own
classes.
"""

import torch


def softmax(logits):
    exponentials = torch.exp(logits - logits.amax(dim=0, keepdim=True))
    return exponentials / exponentials.sum(dim=0, keepdim=True)


def cross_entropy(logits, targets):
    log_probabilities = torch.log(softmax(logits))
    return -log_probabilities[range(len(targets)), targets].mean()
