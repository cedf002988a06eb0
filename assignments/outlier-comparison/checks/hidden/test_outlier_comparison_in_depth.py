import math

import pytest
import torch

from grader.examiner.expect import Expectation, expect_number, expect_parts, expect_tensor

LOSSES = {
    "MSELoss": torch.nn.functional.mse_loss,
    "L1Loss": torch.nn.functional.l1_loss,
    "SmoothL1Loss": torch.nn.functional.smooth_l1_loss,
}
# How much a point at distance r counts when weighted least squares stands in for the loss.
WEIGHTS = {
    "MSELoss": torch.ones_like,
    "L1Loss": lambda r: 1 / r.clamp(min=1e-6),
    "SmoothL1Loss": lambda r: 1 / r.clamp(min=1),
}


def unpack(value, names):
    """The parts of what a function returned, which should be as many as there are names."""
    message = f"Expected ({', '.join(names)}), and got something else: is a return missing?"
    return expect_parts(value, len(names), message)


def read_data(data, n_samples):
    """x, y and is_outlier of make_data as flat tensors, after a look at their shapes."""
    x, y, is_outlier = unpack(data, ("x", "y", "is_outlier"))
    x = expect_tensor(x, shape=(n_samples, 1), name="the tensor x")
    y = expect_tensor(y, shape=(n_samples, 1), name="the tensor y")
    is_outlier = expect_tensor(is_outlier, shape=(n_samples,), dtype=torch.bool, name="the tensor is_outlier")
    return x.flatten(), y.flatten(), is_outlier


def read_line(line):
    """Weight and bias as floats."""
    weight, bias = unpack(line, ("weight", "bias"))
    return expect_number(weight, name="the weight"), expect_number(bias, name="the bias")


def read_fits(fits):
    """The three lines of compare_losses, by name."""
    if not isinstance(fits, dict) or not set(LOSSES) <= set(fits):
        raise Expectation(f"compare_losses should return a dictionary with the keys {', '.join(LOSSES)}.")
    return {name: read_line(fits[name]) for name in LOSSES}


def one_sided_data(seed, weight=2.0, bias=1.0):
    """60 points near a line, of which 9 are moved up by 6 to 12."""
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(60, 1, generator=rng)
    y = weight * x + bias + 0.3 * torch.randn(60, 1, generator=rng)
    y[:9] += 6 + 6 * torch.rand(9, 1, generator=rng)
    return x, y


def smallest_loss(name, x, y):
    """The loss of the best line, found in float64 by weighted least squares, again and again."""
    inputs, y = torch.cat([x, torch.ones_like(x)], dim=1).double(), y.double()
    weights = torch.ones_like(y)
    for _ in range(50):
        line = torch.linalg.solve(inputs.T @ (weights * inputs), inputs.T @ (weights * y))
        weights = WEIGHTS[name]((inputs @ line - y).abs())
    return LOSSES[name](inputs @ line, y).item()


def expect_small_loss(name, line, x, y):
    """Fail unless the loss of the line is at most 3 % above the smallest possible."""
    weight, bias = line
    loss = LOSSES[name](weight * x + bias, y).item()
    if not loss <= 1.03 * smallest_loss(name, x, y):  # true of a loss that is not a number, too
        raise Expectation(f"There is a line with a clearly smaller {name}.")


@pytest.mark.points(1, hint="Which random numbers does the seed decide, and which not? What happens without a seed?")
def test_seed_decides_the_data(submission):
    """The same seed gives the same data, another seed gives other data."""
    first, other, again = (read_data(submission.make_data(seed=seed), 100) for seed in (3, 4, 3))
    zero = read_data(submission.make_data(n_samples=100, outlier_fraction=0.1, seed=0), 100)
    default = read_data(submission.make_data(), 100)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(zero, default, strict=True))


@pytest.mark.points(1, hint="Plot y - (2x + 1) for the points that is_outlier marks, and for the others.")
def test_outliers_are_far_and_the_others_near(submission):
    """Marked points are far from y = 2x + 1, all others are within the noise."""
    for seed in (0, 5):
        data = submission.make_data(n_samples=300, outlier_fraction=0.2, seed=seed)
        x, y, is_outlier = read_data(data, 300)
        error = y - (2 * x + 1)
        noise, distance = error[~is_outlier], error[is_outlier].abs()
        assert x.std() > 0.3
        assert noise.mean().abs() < 0.2
        assert 0.3 < noise.std() < 0.7
        assert distance.mean() > 2


@pytest.mark.points(2, hint="Which loss does your training loop really minimise?")
@pytest.mark.parametrize("name", LOSSES)
def test_fit_line_minimises_the_loss_it_is_given(submission, remote, name):
    """fit_line makes the loss that it is given small, whichever it is."""
    x, y = one_sided_data(1)
    line = read_line(submission.fit_line(remote(f"torch.nn.{name}")(), x, y))
    expect_small_loss(name, line, x, y)


@pytest.mark.points(1, hint="Which loss made the line under each key?")
def test_compare_losses_names_each_line(submission):
    """compare_losses gives each loss's own line under its name."""
    x, y = one_sided_data(2)
    for name, line in read_fits(submission.compare_losses(x, y)).items():
        expect_small_loss(name, line, x, y)


@pytest.mark.points(2, hint="Does every loss start with a new model, and train for long enough?")
def test_l1_resists_outliers(submission):
    """With outliers on one side, L1 and smooth L1 stay nearer to the true line than MSE."""
    for seed, true_weight, true_bias in ((11, 2.0, 1.0), (12, 1.0, -1.0), (13, -1.5, 0.5)):
        x, y = one_sided_data(seed, true_weight, true_bias)
        fits = read_fits(submission.compare_losses(x, y))
        distance = {name: math.hypot(w - true_weight, b - true_bias) for name, (w, b) in fits.items()}
        assert distance["L1Loss"] < 0.7 * distance["MSELoss"]
        assert distance["SmoothL1Loss"] < 0.7 * distance["MSELoss"]


def read_axes(figure):
    """The axes of a figure, or a failure in words."""
    try:
        return list(figure.axes)
    except (AttributeError, TypeError):
        raise Expectation("plot_fits should return the figure itself: is a return missing?") from None


def points_on(line):
    """Points (x, y) of a line that was drawn with plot() or axline()."""
    try:
        slope, start = line.get_slope(), line.get_xy1()
    except AttributeError:
        return [tuple(point) for point in line.get_xydata().tolist()]
    return [start, line.get_xy2() if slope is None else (start[0] + 4, start[1] + 4 * slope)]  # it has no end


@pytest.mark.points(1, hint="What is y at the left and at the right end of each line?")
def test_plot_draws_the_lines_it_is_given(submission):
    """Each line in the plot has the weight and the bias that fits gives it, and is as long as the data is wide."""
    pytest.importorskip("matplotlib")
    x = torch.linspace(-2, 2, 20).unsqueeze(1)
    fits = {"MSELoss": (1.5, 2.5), "L1Loss": (2.5, 0.5), "SmoothL1Loss": (-1.0, -0.5)}
    all_axes = read_axes(submission.plot_fits(x, 2 * x + 1, torch.arange(20) < 2, fits))
    drawn = [points_on(line) for axes in all_axes for line in axes.get_lines()]
    for weight, bias in fits.values():
        matches = [points for points in drawn if all(abs(weight * px + bias - py) < 1e-3 for px, py in points)]
        widths = [max(px for px, _ in points) - min(px for px, _ in points) for points in matches if points]
        if not any(width > 2 for width in widths):
            raise Expectation("A line is missing, is drawn in another place, or is much shorter than the data is wide.")


@pytest.mark.points(1, bonus=True, hint="Can the number that you add to an outlier be positive or negative?")
def test_outliers_on_one_side(submission):
    """Bonus: all outliers lie on the same side of the line, well away from it."""
    for seed in (0, 1, 2):
        x, y, is_outlier = read_data(submission.make_data(seed=seed), 100)
        error = (y - (2 * x + 1))[is_outlier]
        assert (error > 1).all() or (error < -1).all()  # 3 and more, less the noise
