"""In the style of a notebook: a global seed, outliers on both sides (no bonus), 1000 steps of SGD, pyplot."""

import torch
import torch.nn as nn


def make_data(n_samples=100, outlier_fraction=0.1, seed=0):
    torch.manual_seed(seed)
    x = torch.randn(n_samples, 1)
    y = 2 * x + 1 + torch.randn(n_samples, 1) * 0.5
    n_outliers = round(n_samples * outlier_fraction)
    outlier_indices = torch.randperm(n_samples)[:n_outliers]
    y[outlier_indices] += torch.randn(n_outliers, 1) * 5
    is_outlier = torch.zeros(n_samples, dtype=torch.bool)
    is_outlier[outlier_indices] = True
    return x, y, is_outlier


def fit_line(loss_fn, x, y, n_iter=1000, lr=0.01):
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(n_iter):
        optimizer.zero_grad()
        pred = model(x)
        loss = loss_fn(pred, y)
        loss.backward()
        optimizer.step()
    return model.weight.item(), model.bias.item()


def compare_losses(x, y):
    return {
        "MSELoss": fit_line(nn.MSELoss(), x, y),
        "L1Loss": fit_line(nn.L1Loss(), x, y),
        "SmoothL1Loss": fit_line(nn.SmoothL1Loss(), x, y),
    }


def plot_fits(x, y, is_outlier, fits):
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(12, 5))
    plt.subplot(1, 2, 1)
    plt.scatter(x[~is_outlier].numpy(), y[~is_outlier].numpy(), alpha=0.6, label="Normal data", s=30)
    plt.scatter(x[is_outlier].numpy(), y[is_outlier].numpy(), color="red", alpha=0.6, label="Outliers", marker="x")
    x_line = torch.linspace(x.min(), x.max(), 100).reshape(-1, 1)
    for name, (w, b) in fits.items():
        plt.plot(x_line.numpy(), (w * x_line + b).numpy(), linewidth=2, label=f"{name}: y={w:.2f}x+{b:.2f}")
    plt.plot(x_line.numpy(), (2 * x_line + 1).numpy(), "k--", linewidth=2, alpha=0.5, label="True: y=2x+1")
    plt.xlabel("x")
    plt.ylabel("y")
    plt.title("Regression with outliers")
    plt.legend(fontsize=9)
    plt.grid(True, alpha=0.3)

    plt.subplot(1, 2, 2)
    losses = {"MSELoss": nn.MSELoss(), "L1Loss": nn.L1Loss(), "SmoothL1Loss": nn.SmoothL1Loss()}
    final = [losses[name](w * x + b, y).item() for name, (w, b) in fits.items()]
    plt.bar(list(fits), final, alpha=0.7)
    plt.ylabel("Final loss")
    plt.tight_layout()
    return fig
