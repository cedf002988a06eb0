"""The labels are written into the logits.

What is returned is right. But `logits[...] = 1` changes the tensor that was handed to you: whoever called the
function has no logits any longer, and a loss that is computed from them afterwards is wrong without any message.
Write the labels into a new tensor, or let the comparison make one.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    present = torch.sigmoid(logits) > threshold
    logits[present] = 1
    logits[~present] = 0
    return logits


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
