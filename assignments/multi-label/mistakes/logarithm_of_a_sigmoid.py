"""The loss breaks where the sigmoid rounds to 0 or 1.

In float32 the sigmoid of 20 is exactly 1, and log(1 - 1) is minus infinity, and 0 times that is NaN, so even a
right answer loses the loss. All ordinary logits are fine, so this costs the bonus point only. Look for a way from
the logit to the logarithm that does not pass through the probability.
"""

import torch


def multi_label_loss(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * torch.log(p) + (1 - targets) * torch.log(1 - p)).mean()


def predict_labels(logits, threshold=0.5):
    return (torch.sigmoid(logits) > threshold).to(logits.dtype)


def per_label_accuracy(predictions, targets):
    return (predictions == targets).to(predictions.dtype).mean(dim=0)
