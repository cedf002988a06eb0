import pytest
import torch

from grader.examiner.expect import expect_close

PREDICTIONS = (2.5, 0.0, 2.0, 8.0)
TARGETS = (3.0, -0.5, 2.0, 7.0)


def example(device):
    """Four predictions that are off by -0.5, 0.5, 0 and 1."""
    return torch.tensor(PREDICTIONS, device=device), torch.tensor(TARGETS, device=device)


@pytest.mark.points(1, hint="What are the four squared errors, and what is their mean?")
def test_mse_by_hand(submission, device):
    """mse_loss of four predictions is 0.375."""
    expect_close(submission.mse_loss(*example(device)), torch.tensor(0.375), name="the loss")


@pytest.mark.points(1, hint="What are the four absolute errors, and what is their mean?")
def test_l1_by_hand(submission, device):
    """l1_loss of four predictions is 0.5."""
    expect_close(submission.l1_loss(*example(device)), torch.tensor(0.5), name="the loss")


@pytest.mark.points(1, hint="Which of the four errors are smaller than beta? What does the formula say at beta itself?")
def test_smooth_l1_by_hand(submission, device):
    """smooth_l1_loss of four predictions is 0.1875."""
    expect_close(submission.smooth_l1_loss(*example(device)), torch.tensor(0.1875), name="the loss")
