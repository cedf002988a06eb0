import pytest
import torch

from grader.examiner.expect import expect_close

pytestmark = pytest.mark.question("fit-slope")


@pytest.mark.points(1, hint="Print the gradient of each step. Is the second one what you get on paper?")
@pytest.mark.parametrize(("steps", "expected"), [(1, 0.933333), (2, 1.431111), (10, 1.996277)])
def test_slope_by_hand(submission, device, steps, expected):
    """For the line y = 2x, the slope is 0.93333 after one step, 1.43111 after two and 1.99628 after ten."""
    x = torch.tensor([1.0, 2.0, 3.0], device=device)
    expect_close(submission.fit_slope(x, 2 * x, steps, 0.05), expected, name="the slope")
