"""Flat vectors, dot products and a mask."""


def _errors(predictions, targets):
    return (predictions - targets).reshape(-1)


def mse_loss(predictions, targets):
    errors = _errors(predictions, targets)
    return errors.dot(errors) / errors.numel()


def l1_loss(predictions, targets):
    errors = _errors(predictions, targets)
    return (errors * errors.detach().sign()).sum() / len(errors)


def smooth_l1_loss(predictions, targets, beta=1.0):
    errors = _errors(predictions, targets)
    near = errors.abs() < beta
    total = (errors[near] ** 2).sum() / (2 * beta) + (errors[~near].abs() - beta / 2).sum()
    return total / len(errors)
