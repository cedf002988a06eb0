"""The targets are not used.

You take the largest probability of each row, which is the class that the model believes in. The loss is about the class
that is *right*: a model that is sure and wrong must pay for it. Use the targets to pick the column.
"""

import torch


def softmax(logits):
    exponentials = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    return exponentials / exponentials.sum(dim=1, keepdim=True)


def cross_entropy(logits, targets):
    log_probabilities = torch.log(softmax(logits))
    return -log_probabilities.max(dim=1).values.mean()
