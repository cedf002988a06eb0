"""The stable form that is written in many places: max(z, 0) - z y + log(1 + exp(-|z|))."""

import torch


def bce_loss(p, y):
    total = torch.zeros((), dtype=p.dtype, device=p.device)
    for one, target in zip(p.reshape(-1), y.reshape(-1)):
        total = total - torch.xlogy(target, one) - torch.xlogy(1 - target, 1 - one)
    return total / p.numel()


def bce_with_logits_loss(z, y):
    return torch.mean(z.clamp(min=0) - z * y + torch.log1p(torch.exp(-z.abs())))
