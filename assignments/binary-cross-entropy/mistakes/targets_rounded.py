"""Targets between 0 and 1 are rounded to one or the other.

Each entry has two terms, and a target of 0.9 takes nine tenths of the first and one tenth of the second. Choosing one of
the two by comparing the target, or turning targets into integers, throws the rest away. Use the target as a number.
"""

import torch
import torch.nn.functional as F


def bce_loss(probabilities, targets):
    return -torch.where(targets > 0.5, torch.log(probabilities), torch.log(1 - probabilities)).mean()


def bce_with_logits_loss(logits, targets):
    return torch.where(targets > 0.5, F.softplus(-logits), F.softplus(logits)).mean()
