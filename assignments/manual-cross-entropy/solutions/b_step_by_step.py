"""One step per line, as in a notebook: right for everyday logits, but exp and log may overflow (no bonus)."""

import torch
import torch.nn.functional as F


def softmax(logits):
    exponentials = torch.exp(logits)
    return exponentials / exponentials.sum(dim=1, keepdim=True)


def cross_entropy(logits, targets):
    probs = F.softmax(logits, dim=1)
    log_probs = torch.log(probs)
    correct_log_probs = log_probs[range(len(targets)), targets]
    return -correct_log_probs.mean()
