import pytest
import torch

from grader.examiner.expect import Expectation, expect_close, expect_figure, expect_number, expect_parts, expect_tensor


def unpack(value, names):
    """The parts of what a function returned, which should be as many as there are names."""
    message = f"Expected ({', '.join(names)}), and got something else: is a return missing?"
    return expect_parts(value, len(names), message)


@pytest.mark.points(1, hint="Print the shape and the dtype of the three tensors.")
def test_make_data_shapes(submission):
    """make_data() gives 100 points: x (100, 1), y (100, 1), is_outlier (100,)."""
    x, y, is_outlier = unpack(submission.make_data(), ("x", "y", "is_outlier"))
    expect_tensor(x, shape=(100, 1), name="the tensor x")
    expect_tensor(y, shape=(100, 1), name="the tensor y")
    expect_tensor(is_outlier, shape=(100,), dtype=torch.bool, name="the tensor is_outlier")


@pytest.mark.points(1, hint="What is 15 * 0.25, and what does round() make of it?")
@pytest.mark.parametrize(
    ("n_samples", "outlier_fraction", "outliers"), [(100, 0.1, 10), (50, 0.2, 10), (15, 0.25, 4), (20, 0.0, 0)]
)
def test_make_data_counts_outliers(submission, n_samples, outlier_fraction, outliers):
    """Exactly round(n_samples * outlier_fraction) points are outliers."""
    data = submission.make_data(n_samples=n_samples, outlier_fraction=outlier_fraction, seed=1)
    _, _, is_outlier = unpack(data, ("x", "y", "is_outlier"))
    expect_tensor(is_outlier, shape=(n_samples,), dtype=torch.bool, name="the tensor is_outlier")
    expect_close(is_outlier.float().sum(), torch.tensor(float(outliers)), name="the number of outliers")


@pytest.mark.points(1, hint="Is the training long enough, and does the line have a bias?")
def test_fit_line_on_exact_points(submission, remote):
    """On points that lie exactly on y = 3x - 2, fit_line finds (3, -2)."""
    x = torch.linspace(-2, 2, 50).unsqueeze(1)
    fit = submission.fit_line(remote("torch.nn.MSELoss")(), x, 3 * x - 2)
    weight, bias = unpack(fit, ("weight", "bias"))
    line = torch.tensor([expect_number(weight, name="the weight"), expect_number(bias, name="the bias")])
    expect_close(line, torch.tensor([3.0, -2.0]), atol=0.05, name="(weight, bias)")


@pytest.mark.points(1, hint="Does the function return the figure? Did you call legend() after drawing?")
def test_plot_has_points_lines_and_legend(submission):
    """The plot shows the points, three lines and a legend."""
    pytest.importorskip("matplotlib")
    x = torch.linspace(-2, 2, 20).unsqueeze(1)
    fits = {"MSELoss": (2.0, 1.5), "L1Loss": (2.0, 1.0), "SmoothL1Loss": (1.9, 1.1)}
    figure = submission.plot_fits(x, 2 * x + 1, torch.arange(20) < 2, fits)
    figure = expect_figure(figure, name="the result of plot_fits")
    if sum(len(cloud.points) for cloud in figure.clouds) < 20:
        raise Expectation("Fewer than 20 points are drawn: use scatter(), or plot() with marks and no line.")
    if len(figure.lines) < 3:
        raise Expectation("Fewer than three lines are drawn.")
    if len(figure.legend) < 3:
        raise Expectation("There is no legend that names three lines.")
