import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar

pytestmark = pytest.mark.question("classification-loss")


@pytest.mark.points(1, hint="Which steps of the formula does each line do? What must the last one be given?")
def test_classification_by_hand(submission, device):
    """One sample has the loss 0.41703, and with a second one the mean is 0.36170."""
    logits = torch.tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 1.0]], device=device)
    targets = torch.tensor([0, 1], device=device)
    for samples, expected in ((1, 0.417030), (2, 0.361698)):
        loss = expect_scalar(submission.classification_loss(logits[:samples], targets[:samples]), name="the loss")
        expect_close(loss, torch.tensor(expected, device=device), name="the loss")
