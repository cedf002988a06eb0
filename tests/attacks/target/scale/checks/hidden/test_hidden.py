import pytest
import torch

from grader.examiner.expect import expect_close, expect_gradient

WORD = "@SECRET@-in-the-checks"


@pytest.mark.points(2)
def test_value(submission, rng):
    """Any values are right."""
    values = torch.randn(7, generator=rng)
    expect_close(submission.scale(values, 0.5), values * 0.5)


@pytest.mark.points(1)
def test_gradient(submission, rng):
    """The gradient is the factor."""
    values = torch.randn(5, generator=rng, requires_grad=True)
    (gradient,) = expect_gradient(submission.scale(values, 3.0), values)
    expect_close(gradient, torch.full((5,), 3.0))
