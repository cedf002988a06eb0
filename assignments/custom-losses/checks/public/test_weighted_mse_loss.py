import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar

pytestmark = pytest.mark.question("weighted-mse-loss")


@pytest.mark.points(
    1, hint="The squared errors are 0.04, 0.25 and 0.04. What is each multiplied by? What is the sum divided by?"
)
def test_weighted_mse_by_hand(submission, device):
    """Weights of 1, 2 and 0.5 give the loss 0.18667."""
    predictions = torch.tensor([1.0, 2.0, 3.0], device=device)
    targets = torch.tensor([1.2, 2.5, 2.8], device=device)
    weights = torch.tensor([1.0, 2.0, 0.5], device=device)
    loss = expect_scalar(submission.WeightedMSELoss()(predictions, targets, weights), name="the loss")
    expect_close(loss, torch.tensor(0.186667, device=device), name="the loss")
