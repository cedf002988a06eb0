"""The zeros in the maximum are on the CPU, wherever the embeddings are.

`torch.zeros(n)` makes a tensor on the CPU unless it is told another device. On a CPU the loss is right; on a GPU
torch refuses to compare the zeros with distances that are there. `torch.zeros_like(d)` has the device and the dtype
of the distances, and `.relu()` and `.clamp(min=0)` need no zeros at all.
"""

import torch


def distances(a, b):
    return torch.linalg.vector_norm(a - b, dim=1)


def contrastive_loss(a, b, same, margin=1.0):
    d = distances(a, b)
    hinge = torch.maximum(margin - d, torch.zeros(len(a)))
    return (same * d**2 + (1 - same) * hinge**2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    difference = distances(anchor, positive) - distances(anchor, negative)
    return torch.maximum(difference + margin, torch.zeros(len(anchor))).mean()
