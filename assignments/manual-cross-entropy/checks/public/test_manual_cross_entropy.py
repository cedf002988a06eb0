import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar, expect_tensor


@pytest.mark.points(1, hint="Which dimension runs over the classes of one sample?")
def test_softmax_rows_sum_to_one(submission, device):
    """Each row of softmax is made of probabilities that sum to one."""
    logits = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, -1.0, 0.0, 2.0]], device=device)
    probabilities = expect_tensor(submission.softmax(logits), shape=(2, 4), name="the result of softmax")
    assert (probabilities > 0).all()
    expect_close(probabilities.sum(dim=1), torch.ones(2, device=device), name="the sum of each row")


@pytest.mark.points(1, hint="Try it with a calculator: what is e to the power of each logit, and their sum?")
def test_softmax_by_hand(submission, device):
    """Softmax of (2.0, 1.0, 0.1) is (0.659, 0.242, 0.099)."""
    logits = torch.tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], device=device)
    expected = torch.tensor([[0.659001, 0.242433, 0.098566], [1 / 3, 1 / 3, 1 / 3]], device=device)
    expect_close(submission.softmax(logits), expected, name="the result of softmax")


@pytest.mark.points(
    1, hint="Write down the three probabilities of the correct classes first. What happens to them next?"
)
def test_cross_entropy_by_hand(submission, device):
    """Cross entropy of three easy samples is the one number 0.27766."""
    logits = torch.tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 1.0], [0.1, 0.2, 3.0]], device=device)
    targets = torch.tensor([0, 1, 2], device=device)
    loss = expect_scalar(submission.cross_entropy(logits, targets), name="the loss")
    expect_close(loss, torch.tensor(0.277662, device=device), name="the loss")
