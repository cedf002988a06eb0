"""The accuracy is one number for all labels together.

One number cannot say which label is predicted badly: ninety common labels hide ten rare ones. Look at the shape
of what you return; it should be (L,).
"""

import torch
import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean()
