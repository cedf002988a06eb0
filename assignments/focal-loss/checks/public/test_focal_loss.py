import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar


@pytest.mark.points(1, hint="Work out p_t of both samples first: they are about 0.90 and 0.37.")
def test_focal_loss_by_hand(submission, device):
    """One easy and one hard sample give the one number 0.20114."""
    logits = torch.tensor([[3.0, 0.1, 0.1], [0.6, 0.5, 0.4]], device=device)
    targets = torch.tensor([0, 0], device=device)
    loss = expect_scalar(submission.FocalLoss(gamma=2.0)(logits, targets), name="the loss")
    expect_close(loss, torch.tensor(0.20114, device=device), name="the loss")


@pytest.mark.points(1, hint="What does gamma = 0 leave of the formula?")
def test_gamma_zero_is_cross_entropy(submission, device):
    """With gamma = 0 it is cross entropy."""
    logits = torch.tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 1.0], [0.1, 0.2, 3.0], [3.0, 0.1, 0.1]], device=device)
    targets = torch.tensor([0, 1, 2, 1], device=device)
    loss = submission.FocalLoss(gamma=0.0)(logits, targets)
    expect_close(loss, torch.nn.functional.cross_entropy(logits, targets), name="the loss")
