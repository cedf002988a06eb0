"""Only the most likely label of each row is predicted.

argmax picks exactly one of a row, as for classes. Here a row may have many labels, or none. Look at each
probability by itself, and at nothing else in its row.
"""

import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return F.one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
