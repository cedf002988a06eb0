import pytest
import torch

from grader.examiner.expect import expect_close, expect_scalar, expect_tensor


@pytest.mark.points(1, hint="How many entries are there, and what does each of them add to the sum?")
def test_loss_by_hand(submission, device):
    """The loss of three samples with four labels is 0.28898."""
    logits = torch.tensor([[2.0, -1.0, 0.5, 1.5], [-0.5, 2.0, -1.0, 0.8], [1.0, 1.0, 1.0, -2.0]], device=device)
    targets = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0]], device=device)
    loss = expect_scalar(submission.multi_label_loss(logits, targets), name="the loss")
    expect_close(loss, torch.tensor(0.28898, device=device), name="the loss")


@pytest.mark.points(1, hint="What is the sigmoid of 0.5? Is it above the threshold?")
def test_labels_by_hand(submission, device):
    """A row with no label, one with one, and one with all three."""
    logits = torch.tensor([[-0.5, -2.0, -1.0], [-3.0, 0.5, -0.25], [0.25, 4.0, 1.0]], device=device)
    expected = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]], device=device)
    labels = expect_tensor(
        submission.predict_labels(logits), shape=(3, 3), dtype=torch.float32, name="what predict_labels returns"
    )
    expect_close(labels, expected, name="what predict_labels returns")


@pytest.mark.points(1, hint="How many accuracies should come out, and how many samples does each of them count?")
def test_accuracy_by_hand(submission, device):
    """Four samples, of which 4, 3 and 1 are right for the three labels."""
    predictions = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]], device=device)
    targets = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]], device=device)
    accuracy = submission.per_label_accuracy(predictions, targets)
    accuracy = expect_tensor(accuracy, shape=(3,), dtype=torch.float32, name="what per_label_accuracy returns")
    expect_close(accuracy, torch.tensor([1.0, 0.75, 0.25], device=device), name="what per_label_accuracy returns")
