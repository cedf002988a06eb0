"""There is one loss per sample, where one number is asked for.

An optimiser follows a single number, and `backward()` needs one too. You have the right loss for each sample: what is
left is to average them over the batch.
"""

import torch


def softmax(logits):
    exponentials = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    return exponentials / exponentials.sum(dim=1, keepdim=True)


def cross_entropy(logits, targets):
    log_probabilities = torch.log(softmax(logits))
    return -log_probabilities[range(len(targets)), targets]
