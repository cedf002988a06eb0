import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar

pytestmark = pytest.mark.question("triplet-loss")


@pytest.mark.points(
    1, hint="The positives are at distances 5, 5 and 5, the negatives at 10, 2 and 15. What does each triplet cost?"
)
def test_triplet_by_hand(submission, device):
    """Three triplets with a margin of 7 give 4."""
    anchor = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]], device=device)
    positive = torch.tensor([[3.0, 4.0], [1.0, 6.0], [-4.0, 3.0]], device=device)
    negative = torch.tensor([[6.0, -8.0], [1.0, 3.0], [9.0, 12.0]], device=device)
    loss = expect_scalar(submission.triplet_loss(anchor, positive, negative, margin=7.0), name="the loss")
    expect_close(loss, torch.tensor(4.0, device=device), name="the loss")
