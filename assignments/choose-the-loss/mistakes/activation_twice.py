"""The activation is applied twice.

`CrossEntropyLoss` contains a softmax and `BCEWithLogitsLoss` a sigmoid. When the model applies one too, the loss sees
numbers that were already squeezed into 0 to 1: it stays well above 0 and its gradients become small. Give these two
losses the raw outputs of your model, and apply the activation only where you want to read probabilities.
"""
