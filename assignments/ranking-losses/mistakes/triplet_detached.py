"""triplet_loss gives the right value, but no gradient reaches the embeddings.

Something on the way cuts the loss off from the graph: .detach(), .data, .item(), numpy, or torch.tensor(...)
around a result. requires_grad=True silences the error message and does not bring the path back. Look for the
step that leaves torch.
"""

import torch
import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = torch.norm(a - b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = torch.norm(anchor - positive, dim=1)
    far = torch.norm(anchor - negative, dim=1)
    losses = [max(0.0, (one - other).item() + margin) for one, other in zip(near, far, strict=True)]
    return torch.tensor(losses, dtype=near.dtype, device=near.device, requires_grad=True).mean()
