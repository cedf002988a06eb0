"""The plot has no legend.

Three lines without names leave the reader guessing. Giving `label=` to each line is half of it; the legend appears only
when you call `legend()`.
"""

import torch
from torch import nn


def make_data(n_samples=100, outlier_fraction=0.1, seed=0):
    torch.manual_seed(seed)
    x = torch.randn(n_samples, 1)
    y = 2 * x + 1 + 0.5 * torch.randn(n_samples, 1)
    is_outlier = torch.zeros(n_samples, dtype=torch.bool)
    is_outlier[: round(n_samples * outlier_fraction)] = True
    y[is_outlier] += 5 + 5 * torch.rand(int(is_outlier.sum()), 1)
    return x, y, is_outlier


def fit_line(loss_fn, x, y):
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    return model.weight.item(), model.bias.item()


def compare_losses(x, y):
    return {loss.__name__: fit_line(loss(), x, y) for loss in (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss)}


def plot_fits(x, y, is_outlier, fits):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.scatter(x, y, c=is_outlier)
    for name, (weight, bias) in fits.items():
        axes.plot(x, weight * x + bias, label=name)
    return figure
