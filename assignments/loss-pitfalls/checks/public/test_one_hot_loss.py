import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar

pytestmark = pytest.mark.question("one-hot-loss")


@pytest.mark.points(0.5, hint="Write the one-hot rows down. Which number belongs to which sample?")
def test_one_hot_by_hand(submission, device):
    """Three samples of the classes 1, 2 and 0 have the loss 1.54374."""
    logits = torch.tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 1.0], [0.0, 1.0, -1.0]], device=device)
    one_hot = torch.tensor([[0, 1, 0], [0, 0, 1], [1, 0, 0]], device=device)
    loss = expect_scalar(submission.one_hot_loss(logits, one_hot), name="the loss")
    expect_close(loss, torch.tensor(1.543739, device=device), name="the loss")
