"""A loss for quantities is used for classes.

The numbers that stand for classes are names, not amounts, and a squared distance between names means little. It also
punishes answers that are right with great confidence. For a yes/no question take `BCEWithLogitsLoss`, for one class
out of several `CrossEntropyLoss`.
"""
