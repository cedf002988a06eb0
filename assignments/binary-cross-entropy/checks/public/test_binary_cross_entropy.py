import pytest
import torch

from grader.examiner.expect import expect_close


@pytest.mark.points(1, hint="For each sample only one of the two terms counts. Which one, when the target is 0?")
def test_bce_by_hand(submission, device):
    """bce_loss of four probabilities is 0.16425."""
    probabilities = torch.tensor([0.9, 0.2, 0.8, 0.1], device=device)
    targets = torch.tensor([1.0, 0.0, 1.0, 0.0], device=device)
    expect_close(submission.bce_loss(probabilities, targets), torch.tensor(0.164252), name="the loss")


@pytest.mark.points(1, hint="Which function turns a logit into a probability, and how often is it needed?")
def test_bce_with_logits_by_hand(submission, device):
    """bce_with_logits_loss of four logits is 0.18012."""
    logits = torch.tensor([2.5, -1.0, 1.5, -2.0], device=device)
    targets = torch.tensor([1.0, 0.0, 1.0, 0.0], device=device)
    expect_close(submission.bce_with_logits_loss(logits, targets), torch.tensor(0.180123), name="the loss")
