"""Something inside computes in single precision.

The values are nearly right, but a result for float64 arguments is not as exact as they are, or has another dtype. Look
for .float(), for a dtype that is written out, and for tensors that are made without one.
"""

import torch
import torch.nn.functional as F


def bce_loss(probabilities, targets):
    return -(targets * torch.log(probabilities) + (1 - targets) * torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return (targets.float() * F.softplus(-logits.float()) + (1 - targets.float()) * F.softplus(logits.float())).mean()
