"""The classes are numbered on the CPU, wherever the logits are.

Without a device, torch.arange makes a tensor on the CPU. Compared with targets on a GPU it is refused, so the loss works
on a laptop and breaks on the first day of training. Look at where each new tensor is made: the logits have a device,
and so should all that is computed with them.
"""

import torch


def softmax(logits):
    shifted = (logits - logits.max(dim=1, keepdim=True).values).exp()
    return shifted / shifted.sum(dim=1, keepdim=True)


def cross_entropy(logits, targets):
    log_probabilities = logits - logits.logsumexp(dim=1, keepdim=True)
    correct = torch.arange(logits.shape[1]) == targets.unsqueeze(1)
    return -log_probabilities[correct].mean()
