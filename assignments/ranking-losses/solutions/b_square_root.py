"""The formulas as they are written, with a square root."""

import torch


def contrastive_loss(a, b, same, margin=1.0):
    squared = ((a - b) ** 2).sum(dim=1)
    distance = torch.sqrt(squared)
    positive_part = same * distance**2
    negative_part = (1 - same) * torch.clamp(margin - distance, min=0) ** 2
    return torch.mean(positive_part + negative_part)


def triplet_loss(anchor, positive, negative, margin=1.0):
    d_ap = torch.sqrt(((anchor - positive) ** 2).sum(dim=1))
    d_an = torch.sqrt(((anchor - negative) ** 2).sum(dim=1))
    return torch.clamp(d_ap - d_an + margin, min=0).mean()
