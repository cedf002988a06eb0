import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar

pytestmark = pytest.mark.question("regression-loss")


@pytest.mark.points(1, hint="How many errors are there? Print the shape of each tensor on the way to the loss.")
def test_regression_by_hand(submission, device):
    """Predictions that are right have the loss 0; errors of -0.5, 0 and 1 have the loss 0.41667."""
    predictions = torch.tensor([[1.0], [2.0], [4.0]], device=device)
    loss = expect_scalar(submission.regression_loss(predictions, predictions[:, 0]), name="the loss")
    expect_close(loss, torch.zeros((), device=device), name="the loss")
    targets = torch.tensor([1.5, 2.0, 3.0], device=device)
    loss = expect_scalar(submission.regression_loss(predictions, targets), name="the loss")
    expect_close(loss, torch.tensor(0.416667, device=device), name="the loss")
