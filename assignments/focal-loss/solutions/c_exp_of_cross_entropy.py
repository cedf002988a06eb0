"""Built on F.cross_entropy: one loss per sample, from which p_t is won back; optional class weights."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def focal_loss(logits, targets, gamma, alpha=None, reduction="mean"):
    ce = F.cross_entropy(logits, targets, reduction="none")
    p_t = torch.exp(-ce)
    loss = (1 - p_t).pow(gamma) * ce
    if alpha is not None:
        loss = torch.as_tensor(alpha, dtype=loss.dtype, device=loss.device)[targets] * loss
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=None, reduction="mean"):
        super(FocalLoss, self).__init__()
        self.gamma, self.alpha, self.reduction = gamma, alpha, reduction

    def forward(self, logits, targets):
        return focal_loss(logits, targets, self.gamma, self.alpha, self.reduction)
