"""torch's distance of rows, which adds a tiny number to each difference, in modules wrapped in functions."""

import torch.nn as nn
import torch.nn.functional as F


class Contrastive(nn.Module):
    def __init__(self, margin, reduction="mean"):
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def forward(self, a, b, same):
        distance = F.pairwise_distance(a, b)
        losses = same * distance.pow(2) + (1 - same) * F.relu(self.margin - distance).pow(2)
        return losses.mean() if self.reduction == "mean" else losses


class Triplet(nn.Module):
    def __init__(self, margin):
        super().__init__()
        self.margin = margin
        self.distance = nn.PairwiseDistance(p=2)

    def forward(self, anchor, positive, negative):
        return F.relu(self.distance(anchor, positive) - self.distance(anchor, negative) + self.margin).mean()


def contrastive_loss(a, b, same, margin=1.0, reduction="mean"):
    return Contrastive(margin, reduction)(a, b, same)


def triplet_loss(anchor, positive, negative, margin=1.0):
    return Triplet(margin)(anchor, positive, negative)
