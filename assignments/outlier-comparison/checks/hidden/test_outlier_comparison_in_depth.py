import math

import pytest
import torch

from grader.examiner.expect import Expectation, expect_figure, expect_number, expect_parts, expect_tensor
from grader.examiner.fingerprint import observe

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


def widths_of_lines(figure, weight, bias):
    """How wide the lines are that have this weight and this bias."""
    drawn = [line.points.T for line in figure.lines if len(line.points)]
    return [float(x.max() - x.min()) for x, y in drawn if ((weight * x + bias - y).abs() < 1e-3).all()]


@pytest.mark.points(1, hint="What is y at the left and at the right end of each line?")
def test_plot_draws_the_lines_it_is_given(submission):
    """Each line in the plot has the weight and the bias that fits gives it, and is as long as the data is wide."""
    pytest.importorskip("matplotlib")
    x = torch.linspace(-2, 2, 20).unsqueeze(1)
    fits = {"MSELoss": (1.5, 2.5), "L1Loss": (2.5, 0.5), "SmoothL1Loss": (-1.0, -0.5)}
    figure = submission.plot_fits(x, 2 * x + 1, torch.arange(20) < 2, fits)
    figure = expect_figure(figure, name="the result of plot_fits")
    for weight, bias in fits.values():
        if not any(width > 2 for width in widths_of_lines(figure, weight, bias)):
            raise Expectation("A line is missing, is drawn in another place, or is much shorter than the data is wide.")


@pytest.mark.points(1, bonus=True, hint="Can the number that you add to an outlier be positive or negative?")
def test_outliers_on_one_side(submission):
    """Bonus: all outliers lie on the same side of the line, well away from it."""
    for seed in (0, 1, 2):
        x, y, is_outlier = read_data(submission.make_data(seed=seed), 100)
        error = (y - (2 * x + 1))[is_outlier]
        assert (error > 1).all() or (error < -1).all()  # 3 and more, less the noise


# Training starts at random and stops early, so no two right programs give the same numbers. What is observed are facts
# about them: a fact is a number, which is not 0.


def fact(true):
    return 1 if true else 2


def look_at_shapes(submission):
    x, y, is_outlier = submission.make_data(n_samples=20)
    return [len(x.shape), len(y.shape), len(is_outlier.shape), fact(is_outlier.dtype == torch.bool)]


def look_at_counts(submission):
    wanted = ((100, 0.1), (50, 0.3), (15, 0.25), (30, 0.25))
    return [1 + int(submission.make_data(n, fraction, 1)[2].sum()) for n, fraction in wanted]


def look_at_seeds(submission):
    first, again, other, third = (submission.make_data(seed=seed)[0].flatten() for seed in (3, 3, 4, 5))
    return [fact(torch.equal(first, one)) for one in (again, other, third)]


def look_at_distances(submission):
    """Where the points are, marked and not, and how far from the line."""
    x, y, is_outlier = submission.make_data(n_samples=300, outlier_fraction=0.2, seed=5)
    error = (y - (2 * x + 1)).flatten()
    noise, distance = error[~is_outlier], error[is_outlier]
    return [
        2 + round(noise.mean().item()),
        fact(noise.std() < 0.7),
        fact(distance.abs().mean() > 2),
        fact((distance > 1).all() or (distance < -1).all()),
    ]


def look_at_far_lines(submission):
    """How far MSE comes with a line that is far from where training begins, for points of several widths."""
    facts = []
    for scale in (0.7, 1.0, 1.3):
        x = scale * torch.linspace(-1.7, 1.7, 40).unsqueeze(1)
        weight, bias = submission.compare_losses(x, 200 * x - 100)["MSELoss"]
        facts.append((weight / 200, bias / -100))
    arrived = all(abs(w - 1) < 0.05 and abs(b - 1) < 0.05 for w, b in facts)
    beyond = any(max(w, b) > 1.05 or min(w, b) < -0.05 for w, b in facts)
    flat = all(abs(w) < 0.05 < b for w, b in facts)
    through_origin = all(b == 0 for _, b in facts)
    return [fact(arrived), fact(beyond), fact(flat), fact(through_origin)]


def look_at_lines(submission):
    """For which losses each line is the best, and whether all are one."""
    x, y = one_sided_data(1)
    fits = submission.compare_losses(x, y)
    first, *others = (fits[name] for name in LOSSES)
    facts = [fact(all(math.dist(first, other) < 0.02 for other in others))]
    for line in (first, *others):
        losses = {name: LOSSES[name](line[0] * x + line[1], y).item() for name in LOSSES}
        facts += [fact(loss <= 1.03 * smallest_loss(name, x, y)) for name, loss in losses.items()]
    return facts


def look_at_names(submission):
    x, y = one_sided_data(2)
    fits = submission.compare_losses(x, y)
    return [fact(name in fits) for name in LOSSES]


def look_at_plot(submission):
    """What is drawn: is it a figure, has it a legend, and where are its lines?"""
    x = torch.linspace(-2, 2, 20).unsqueeze(1)
    fits = {"MSELoss": (1.5, 2.5), "L1Loss": (2.5, 0.5), "SmoothL1Loss": (-1.0, -0.5)}
    figure = submission.plot_fits(x, 2 * x + 1, torch.arange(20) < 2, fits)
    if figure is None:
        return [2, 2, 2, 2]
    figure = expect_figure(figure)
    facts = [1, fact(figure.legend)]
    for pairs in (list(fits.values()), [(bias, weight) for weight, bias in fits.values()]):
        facts.append(fact(all(widths_of_lines(figure, weight, bias) for weight, bias in pairs)))
    return facts


def fingerprint(submission):
    """What the known mistakes do."""
    looks = {
        "shapes": look_at_shapes, "counts": look_at_counts, "seeds": look_at_seeds, "distances": look_at_distances,
        "far lines": look_at_far_lines, "lines": look_at_lines, "names": look_at_names, "plot": look_at_plot,
    }  # fmt: skip
    for part, look in looks.items():
        yield observe(part, look, submission, gradients=False)
