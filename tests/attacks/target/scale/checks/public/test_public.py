import pytest
import torch

from grader.examiner.expect import expect_close


@pytest.mark.points(1)
def test_double(submission):
    """Twice a value is its double."""
    expect_close(submission.scale(torch.tensor([1.0, 2.0]), 2.0), torch.tensor([2.0, 4.0]))
