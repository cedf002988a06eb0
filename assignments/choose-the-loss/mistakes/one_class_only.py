"""Labels that may hold together are made to compete.

Softmax shares one unit of probability among the classes, so it suits questions with exactly one right answer. When
several labels may be right, or none, each needs a probability of its own. `BCEWithLogitsLoss` asks one yes/no
question per label.
"""
