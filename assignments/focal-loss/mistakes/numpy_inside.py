"""The value is right, but gradients cannot reach the logits.

As soon as you leave torch (with `.detach()`, `.numpy()`, `.item()` or `torch.tensor(...)` around a result), autograd
loses track, and a model trained with this loss would not learn. Keep to torch operations from the logits to the
loss.
"""

import numpy as np
import torch
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        values = logits.detach().cpu().double().numpy()
        values = values - values.max(axis=1, keepdims=True)
        log_p = values - np.log(np.exp(values).sum(axis=1, keepdims=True))
        log_p = log_p[np.arange(len(values)), targets.cpu().numpy()]
        loss = -((1 - np.exp(log_p)) ** self.gamma * log_p).mean()
        return torch.tensor(loss, dtype=logits.dtype, device=logits.device)
