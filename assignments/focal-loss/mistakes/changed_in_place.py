"""The logits are changed in place.

`logits -= ...` writes into the tensor that was handed to you: the caller's logits change, and autograd refuses to do
it for a tensor that needs a gradient. Give the shifted logits a name of their own.
"""

from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        logits -= logits.max(dim=1, keepdim=True).values
        log_p = logits - logits.exp().sum(dim=1, keepdim=True).log()
        log_p = log_p.gather(1, targets.unsqueeze(1)).squeeze(1)
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()
