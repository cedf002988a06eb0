"""The threshold is compared with the logits themselves.

A threshold is a probability, and a logit is not: it can be any number, and probability 0.5 belongs to the logit
0. Compare 0.5 with logits, and labels of probability 0.5 to 0.62 are lost. Look at what happens to a logit of
0.25.
"""

import torch.nn.functional as F


def multi_label_loss(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def predict_labels(logits, threshold=0.5):
    return (logits > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
