"""One class out of several is treated as independent labels.

With one yes/no question per class, nothing says that exactly one class is right, so the model has to learn that
by itself. When the classes exclude each other, `CrossEntropyLoss` builds it in: raising one class lowers the others.
Keep `BCEWithLogitsLoss` for labels that may hold together.
"""
