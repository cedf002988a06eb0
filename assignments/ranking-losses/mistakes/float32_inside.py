"""The losses are computed in float32, whatever goes in.

A .float(), or a tensor made with a fixed dtype, throws away half of the digits of float64 numbers, and with
them the precision that someone asked for. Look for a conversion inside your functions.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm((a - b).float(), dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm((anchor - positive).float(), dim=1)
    far = torch.norm((anchor - negative).float(), dim=1)
    return F.relu(near - far + margin).mean()
