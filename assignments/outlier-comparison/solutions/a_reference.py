"""Outliers on one side, a plain training loop, one fresh model per loss."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Line = tuple[float, float]

LOSSES = {"MSELoss": nn.MSELoss(), "L1Loss": nn.L1Loss(), "SmoothL1Loss": nn.SmoothL1Loss()}


def make_data(n_samples: int = 100, outlier_fraction: float = 0.1, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return x (n, 1), y (n, 1) and is_outlier (n,): points on y = 2x + 1 with noise, some lifted far above it."""
    generator = torch.Generator().manual_seed(seed)  # leaves the global generator alone
    x = torch.randn(n_samples, 1, generator=generator)
    y = 2 * x + 1 + 0.5 * torch.randn(n_samples, 1, generator=generator)
    n_outliers = round(n_samples * outlier_fraction)
    is_outlier = torch.zeros(n_samples, dtype=torch.bool)
    is_outlier[torch.randperm(n_samples, generator=generator)[:n_outliers]] = True
    y[is_outlier] += 5 + 10 * torch.rand(n_outliers, 1, generator=generator)
    return x, y, is_outlier


def fit_line(loss_fn: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Line:
    """Return the weight and bias that make loss_fn(predictions, y) small."""
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1.0, end_factor=0.02, total_iters=500)
    for _ in range(500):  # the steps get shorter, since the gradient of L1 does not
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
        scheduler.step()
    return model.weight.item(), model.bias.item()


def compare_losses(x: Tensor, y: Tensor) -> dict[str, Line]:
    """Fit one line per loss."""
    return {name: fit_line(loss_fn, x, y) for name, loss_fn in LOSSES.items()}


def plot_fits(x: Tensor, y: Tensor, is_outlier: Tensor, fits: dict[str, Line]):
    """Return a matplotlib figure with the points, one line per fit, and a legend."""
    from matplotlib.figure import Figure  # here, so that the other functions need no matplotlib

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(x[~is_outlier], y[~is_outlier], s=20, alpha=0.6, label="points")
    axes.scatter(x[is_outlier], y[is_outlier], s=40, marker="x", color="tab:red", label="outliers")
    ends = torch.stack([x.min(), x.max()])
    for name, (weight, bias) in fits.items():
        axes.plot(ends, weight * ends + bias, label=f"{name}: y = {weight:.2f} x + {bias:.2f}")
    axes.set(xlabel="x", ylabel="y", title="Three losses, one set of points")
    axes.legend()
    return figure
