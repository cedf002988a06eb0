import pytest
import torch

from grader.examiner.expect import expect_close, expect_unchanged
from grader.examiner.fingerprint import observe

pytestmark = pytest.mark.question("fit-slope")


def points(rng, samples, device, slope):
    """Points near a line through the origin, none of them far from it."""
    x = 0.5 + torch.rand(samples, generator=rng)
    y = slope * x + 0.2 * torch.randn(samples, generator=rng)
    return x.to(device), y.to(device)


def slope_after(x, y, steps, learning_rate):
    """Each step keeps the same share of the distance to the best slope: the last w without a loop, in float64."""
    x, y = x.double(), y.double()
    best = (x * y).sum() / (x * x).sum()
    kept = 1 - 2 * learning_rate * (x * x).sum() / len(x)
    return float(best * (1 - kept**steps))


@pytest.mark.points(1, hint="What does the first step start from? And what must the third one know of the first?")
@pytest.mark.parametrize(("samples", "steps"), [(5, 0), (5, 1), (5, 3), (1, 2), (60, 8), (7, 100)])
def test_slope_of_any_points(submission, device, rng, samples, steps):
    """The slope is right after 0, 1, 2, 3, 8 and 100 steps, for one point and for 60."""
    x, y = points(rng, samples, device, slope=-1.5)
    expected = slope_after(x, y, steps, 0.1)
    expect_close(submission.fit_slope(x, y, steps, 0.1), expected, name="the slope")
    expect_close(submission.fit_slope(x, y, 2, 0.1), slope_after(x, y, 2, 0.1), name="the slope")


@pytest.mark.points(0.5, hint="What exactly is the learning rate multiplied by?")
def test_other_learning_rates(submission, device, rng):
    """Small and large learning rates give the slopes that they should."""
    x, y = points(rng, 6, device, slope=3.0)
    for learning_rate in (0.001, 0.05, 0.4):
        slope = submission.fit_slope(x, y, steps=4, learning_rate=learning_rate)
        expect_close(slope, slope_after(x, y, 4, learning_rate), name="the slope")


@pytest.mark.points(
    0.5, hint="Does anything outlive a call, or a step, that the next one builds on? Are x and y changed?"
)
def test_slopes_one_after_the_other(submission, device, rng):
    """Fits one after the other do not influence each other, and leave the points as they were."""
    first, second = points(rng, 5, device, slope=2.0), points(rng, 8, device, slope=-4.0)
    for x, y in (first, second, first):
        expect_close(submission.fit_slope(x, y, 5, 0.1), slope_after(x, y, 5, 0.1), name="the slope")
    expect_unchanged(submission, submission.fit_slope, *first, 5, 0.1)


def fingerprint(submission):
    """What the known mistakes compute: the errors that a slope leaves, so that a slope of 0 is telling, too."""
    generator = torch.Generator().manual_seed(25)

    def errors(steps, learning_rate):
        return lambda x, y: float(submission.fit_slope(x, y, steps, learning_rate)) * x - y

    for samples, learning_rate in ((5, 0.1), (3, 0.25)):
        x, y = points(generator, samples, "cpu", slope=2.0)
        for steps in (0, 1, 2, 3, 7):
            yield observe("the slope", errors(steps, learning_rate), x, y, gradients=False)
