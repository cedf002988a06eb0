"""One-hot targets pick the correct class by multiplication; log_softmax keeps it stable."""

import torch.nn.functional as F


def softmax(logits):
    shifted = logits - logits.max(dim=-1, keepdim=True)[0]
    return shifted.exp() / shifted.exp().sum(-1, keepdim=True)


def cross_entropy(logits, targets):
    one_hot = F.one_hot(targets, num_classes=logits.shape[1]).to(logits.dtype)
    return -(one_hot * F.log_softmax(logits, dim=1)).sum() / len(targets)
