import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar

pytestmark = pytest.mark.question("contrastive-loss")


@pytest.mark.points(1, hint="The distances are 5, 2, 5 and 10. What does each of the four pairs cost?")
def test_contrastive_by_hand(submission, device):
    """Two pairs that belong together and two that do not, with a margin of 8, give 9.5."""
    a = torch.tensor([[0.0, 0.0], [1.0, 3.0], [2.0, 1.0], [0.0, 0.0]], device=device)
    b = torch.tensor([[3.0, 4.0], [1.0, 1.0], [6.0, 4.0], [6.0, -8.0]], device=device)
    same = torch.tensor([1.0, 1.0, 0.0, 0.0], device=device)
    loss = expect_scalar(submission.contrastive_loss(a, b, same, margin=8.0), name="the loss")
    expect_close(loss, torch.tensor(9.5, device=device), name="the loss")
