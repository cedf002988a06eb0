import pytest
import torch

from grader.examiner.expect import (
    expect_close,
    expect_gradient,
    expect_tensor,
    expect_unchanged,
    expect_vectorised,
)
from grader.examiner.fingerprint import observe

SHAPES = [(5, 3), (3, 3), (1, 4), (6, 1), (3, 150)]


def batch(rng, shape, device, dtype=torch.float32):
    """Random logits, and targets of which two in five are 1."""
    logits = 1.5 * torch.randn(shape, generator=rng, dtype=dtype)
    targets = (torch.rand(shape, generator=rng) < 0.4).to(dtype)
    return logits.to(device), targets.to(device)


def mean_loss(logits, targets):
    """log(1 + exp(…)) entry by entry, in float64; the dtype of the result is that of the logits."""
    z, y = logits.double(), targets.double()
    zero = torch.zeros_like(z)
    losses = y * torch.logaddexp(zero, -z) + (1 - y) * torch.logaddexp(zero, z)
    return (losses.sum() / losses.numel()).to(logits.dtype)


def count_right(predictions, targets):
    """The share of right answers in each column, counted one by one."""
    rows = list(zip(predictions.tolist(), targets.tolist(), strict=True))
    shares = [sum(given[k] == wanted[k] for given, wanted in rows) / len(rows) for k in range(predictions.shape[1])]
    return torch.tensor(shares, dtype=predictions.dtype, device=predictions.device)


@pytest.mark.points(
    1, hint="Does each logit become a probability by itself? What do you divide by? Is an argument changed?"
)
@pytest.mark.parametrize("shape", SHAPES)
def test_loss_of_any_batch(submission, device, rng, shape):
    """The loss is the mean over all entries, for 1 to 150 labels, and leaves its arguments alone."""
    logits, targets = batch(rng, shape, device)
    loss = submission.multi_label_loss(logits, targets)
    loss = expect_tensor(loss, shape=(), dtype=torch.float32, name="the loss")
    expect_close(loss, mean_loss(logits, targets), name="the loss")
    expect_unchanged(submission, submission.multi_label_loss, logits, targets)


@pytest.mark.points(1, hint="Can autograd follow every step from the logits to the loss?")
def test_gradient(submission, device, rng):
    """The gradient of the loss is (sigmoid - target) / number of entries."""
    logits, targets = batch(rng, (5, 3), device)
    expected = (logits.sigmoid() - targets) / 15
    logits.requires_grad_()
    (gradient,) = expect_gradient(submission.multi_label_loss(logits, targets), [logits], name="the loss")
    expect_close(gradient, expected, name="the gradient of the logits")


@pytest.mark.points(
    1, hint="Is the threshold compared with the logit, or with what comes out of it? Are the logits changed?"
)
@pytest.mark.parametrize("threshold", [0.2, 0.4, 0.7, 0.95])
def test_other_thresholds(submission, device, rng, threshold):
    """predict_labels is right for other thresholds, and leaves the logits as they were."""
    logits, _ = batch(rng, (40, 3), device)
    expected = (logits.double().sigmoid() > threshold).float()
    expect_close(submission.predict_labels(logits, threshold), expected, name="what predict_labels returns")
    expect_close(submission.predict_labels(logits, threshold=threshold), expected, name="what predict_labels returns")
    expect_unchanged(submission, submission.predict_labels, logits, threshold)


@pytest.mark.points(1, hint="What is the sigmoid of 0? Is it above the threshold? What comes out for no samples?")
@pytest.mark.parametrize("shape", SHAPES)
def test_labels_of_any_batch(submission, device, rng, shape):
    """The threshold is 0.5 by default, a sigmoid that is equal to it gives 0, and no samples give no rows."""
    logits, _ = batch(rng, shape, device)
    logits[0, 0] = 0.0
    labels = submission.predict_labels(logits)
    labels = expect_tensor(labels, shape=shape, dtype=torch.float32, name="what predict_labels returns")
    expect_close(labels, (logits > 0).float(), name="what predict_labels returns")
    none = submission.predict_labels(logits[:0])
    expect_tensor(none, shape=(0, shape[1]), dtype=torch.float32, name="what predict_labels returns for no samples")


@pytest.mark.points(
    1, hint="Along which dimension are the samples? Which pairs count as right? Is an argument changed?"
)
@pytest.mark.parametrize("shape", SHAPES)
def test_accuracy_of_any_batch(submission, device, rng, shape):
    """per_label_accuracy gives one number per label for any batch, and leaves its arguments alone."""
    predictions, targets = (torch.rand(shape, generator=rng).round().to(device) for _ in range(2))
    accuracy = submission.per_label_accuracy(predictions, targets)
    expect_close(accuracy, count_right(predictions, targets), name="what per_label_accuracy returns")
    expect_unchanged(submission, submission.per_label_accuracy, predictions, targets)


@pytest.mark.points(
    1, hint="Is there a conversion, a tensor made with a fixed dtype, or a small number added to a probability?"
)
def test_loss_in_float64(submission, device, rng):
    """Logits in float64 give a loss in float64."""
    logits, targets = batch(rng, (4, 3), device, dtype=torch.float64)
    loss = submission.multi_label_loss(logits, targets)
    loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
    expect_close(loss, mean_loss(logits, targets), name="the loss")


@pytest.mark.points(
    1, bonus=True, hint="What does .float() turn a float64 tensor into? From where can the dtype be had?"
)
def test_labels_and_accuracy_in_float64(submission, device, rng):
    """Bonus: float64 in gives float64 out of predict_labels and per_label_accuracy, too."""
    logits, targets = batch(rng, (3, 6), device, dtype=torch.float64)
    logits[0] = torch.tensor([1e-10, -1e-10, 0.0, 1e-9, 2.0, -2.0], dtype=torch.float64, device=device)
    labels = submission.predict_labels(logits)
    labels = expect_tensor(labels, shape=(3, 6), dtype=torch.float64, name="what predict_labels returns")
    expect_close(labels, (logits > 0).double(), name="what predict_labels returns")
    predictions = (logits > 0).double()
    accuracy = submission.per_label_accuracy(predictions, targets)
    accuracy = expect_tensor(accuracy, shape=(6,), dtype=torch.float64, name="what per_label_accuracy returns")
    expect_close(accuracy, count_right(predictions, targets), name="what per_label_accuracy returns")


@pytest.mark.points(1, bonus=True, hint="Can you get log(sigmoid(z)) without computing sigmoid(z) first?")
def test_large_logits(submission, device):
    """Bonus: logits of 10,000 give an exact loss and a finite gradient."""
    logits = torch.tensor([[1e4, -1e4, 120.0], [1e4, -1e4, -120.0]], device=device, requires_grad=True)
    targets = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], device=device)
    loss = submission.multi_label_loss(logits, targets)
    expect_close(loss, mean_loss(logits.detach(), targets), name="the loss")
    (gradient,) = expect_gradient(loss, [logits], name="the loss")
    expect_close(gradient, (logits.detach().sigmoid() - targets) / 6, name="the gradient")


@pytest.mark.points(1, bonus=True, hint="Which step runs once per sample? One operation can do it for all.")
def test_no_loop_over_samples(submission, rng):
    """Bonus: a large batch takes no more steps than a small one."""
    small, large = batch(rng, (8, 4), "cpu"), batch(rng, (64, 4), "cpu")
    few, many = ((logits > 0).float() for logits in (small[0], large[0]))
    accuracy = submission.per_label_accuracy(many, large[1])
    expect_close(submission.multi_label_loss(*large), mean_loss(*large), name="the loss")
    expect_close(submission.predict_labels(large[0]), many, name="what predict_labels returns")
    expect_close(accuracy, count_right(many, large[1]), name="what per_label_accuracy returns")
    expect_vectorised(submission, submission.multi_label_loss, small, large)
    expect_vectorised(submission, submission.predict_labels, small[:1], large[:1])
    expect_vectorised(submission, submission.per_label_accuracy, (few, small[1]), (many, large[1]))


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_on_another_device(submission, rng):
    """Arguments on another device than the CPU give a loss, labels and accuracies there."""
    logits, targets = batch(rng, (6, 3), "cpu")
    loss = submission.multi_label_loss(logits, targets)
    expect_close(loss, mean_loss(logits, targets), name="the loss")
    labels = submission.predict_labels(logits)
    expect_close(labels, (logits > 0).to(logits.dtype), name="the result of predict_labels")
    accuracy = submission.per_label_accuracy(targets.flip(0), targets)
    expect_close(accuracy, count_right(targets.flip(0), targets), name="the result of per_label_accuracy")


def fingerprint(submission):
    """What the known mistakes compute, one function at a time."""
    generator = torch.Generator().manual_seed(14)

    def loss_of(logits, targets):
        return submission.multi_label_loss(logits, targets)

    def labels_at(*threshold):
        return lambda logits: submission.predict_labels(logits, *threshold)

    def accuracy_of(predictions, targets):
        return submission.per_label_accuracy(predictions, targets)

    for shape in ((5, 3), (4, 6)):
        logits = torch.cat([2.0 * torch.randn(shape, generator=generator), torch.full((1, shape[1]), 0.25)])
        logits[0, 0] = 0.0
        targets = (torch.rand(logits.shape, generator=generator) < 0.5).float()
        predictions = (torch.rand(logits.shape, generator=generator) < 0.6).float()
        yield observe("multi_label_loss", loss_of, logits, targets)
        yield observe("predict_labels", labels_at(), logits, gradients=False)
        yield observe("predict_labels", labels_at(0.8), logits, gradients=False)
        yield observe("per_label_accuracy", accuracy_of, predictions, targets, gradients=False)
    # Autograd refuses to change a leaf in place: that shows who does.
    yield observe("predict_labels, in place", labels_at(), logits, extreme=True)
    logits, targets, predictions = logits.double(), targets.double(), predictions.double()
    yield observe("multi_label_loss, float64", loss_of, logits, targets, extreme=True)
    yield observe("other dtypes", labels_at(), logits, gradients=False, extreme=True)
    yield observe("other dtypes", accuracy_of, predictions, targets, gradients=False, extreme=True)
    yield observe("large logits", loss_of, 1000.0 * logits.float(), (logits < 0).float(), extreme=True)
