"""A label whose probability is equal to the threshold is predicted as there.

The description says above. It matters little for trained networks, but a network that knows nothing gives
logits of 0, and says yes to everything or to nothing. Look at your comparison.
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) >= threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
