import pytest
import torch

from grader.examiner.expect import expect_close, expect_parts, expect_scalar

pytestmark = pytest.mark.question("combined-loss")


def unpack(value):
    """The three parts of a result."""
    return expect_parts(value, 3, "CombinedLoss should return a tuple of three: (total, ce, mse).")


def example(device):
    """Two samples with three classes, and one number each."""
    class_logits = torch.tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 1.0]], device=device)
    class_targets = torch.tensor([0, 1], device=device)
    reg_predictions = torch.tensor([1.0, 2.0], device=device)
    reg_targets = torch.tensor([1.5, 1.0], device=device)
    return class_logits, class_targets, reg_predictions, reg_targets


@pytest.mark.points(1, hint="Which of the three comes first, and what is it before alpha is there?")
def test_parts_by_hand(submission, device):
    """Whatever alpha is, ce is 0.36170 and mse is 0.625."""
    for alpha in (0.7, 0.2):
        _, ce, mse = unpack(submission.CombinedLoss(alpha=alpha).to(device)(*example(device)))
        expect_close(expect_scalar(ce, name="ce"), torch.tensor(0.361698, device=device), name="ce")
        expect_close(expect_scalar(mse, name="mse"), torch.tensor(0.625, device=device), name="mse")


@pytest.mark.points(1, hint="Is 0.7 the share of the cross entropy, or of the squared error? Who gets the rest?")
def test_total_by_hand(submission, device):
    """With alpha = 0.7 the total is 0.44069."""
    total, _, _ = unpack(submission.CombinedLoss(alpha=0.7).to(device)(*example(device)))
    total = expect_scalar(total, name="the total")
    expect_close(total, torch.tensor(0.440689, device=device), name="the total")
