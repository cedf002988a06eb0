import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar

pytestmark = pytest.mark.question("binary-loss")


@pytest.mark.points(0.5, hint="Follow a logit of -20 through each line. Which probability does the loss see?")
def test_binary_by_hand(submission, device):
    """The logits 2, -1 and 0.5 with the labels 1, 0 and 1 have the loss 0.30476."""
    logits = torch.tensor([2.0, -1.0, 0.5], device=device)
    labels = torch.tensor([1.0, 0.0, 1.0], device=device)
    loss = expect_scalar(submission.binary_loss(logits, labels), name="the loss")
    expect_close(loss, torch.tensor(0.304756, device=device), name="the loss")
