"""The lines stand under the wrong names.

Each key should hold the line of the loss it names; here MSE and L1 have changed places, and the comparison says the
opposite of what happened.
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
    return {
        "MSELoss": fit_line(nn.L1Loss(), x, y),
        "L1Loss": fit_line(nn.MSELoss(), x, y),
        "SmoothL1Loss": fit_line(nn.SmoothL1Loss(), x, y),
    }


def plot_fits(x, y, is_outlier, fits):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.scatter(x, y, c=is_outlier)
    for name, (weight, bias) in fits.items():
        axes.plot(x, weight * x + bias, label=name)
    axes.legend()
    return figure
