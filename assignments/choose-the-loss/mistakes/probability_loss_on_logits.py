"""A loss for probabilities is given logits.

`BCELoss` takes the logarithm of what it is given, so it needs numbers between 0 and 1; a linear layer puts out any
number. You could apply `torch.sigmoid` first. Better still, use `BCEWithLogitsLoss`, which does both in one stable
step.
"""
