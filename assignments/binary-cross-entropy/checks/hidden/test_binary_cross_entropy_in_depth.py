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


def entropy(log_p, log_q, targets):
    """The mean of -(y log p + (1 - y) log(1 - p)), given the two logarithms."""
    return -(targets * log_p + (1 - targets) * log_q).mean()


def of_probabilities(probabilities, targets):
    """The formula in float64; the dtype of the result is that of the probabilities."""
    p, y = probabilities.double(), targets.double()
    return entropy(p.log(), torch.log1p(-p), y).to(probabilities.dtype)


def of_logits(logits, targets):
    """The formula in float64 by way of log(1 + exp(…)), which does not overflow; the dtype of the logits."""
    z, y = logits.double(), targets.double()
    zero = torch.zeros_like(z)
    return entropy(-torch.logaddexp(zero, -z), -torch.logaddexp(zero, z), y).to(logits.dtype)


def batch(rng, shape, device, dtype=torch.float32):
    """Logits, the probabilities that belong to them, and targets 0 or 1."""
    logits = 1.5 * torch.randn(shape, generator=rng, dtype=dtype)
    targets = (torch.rand(shape, generator=rng) < 0.4).to(dtype)
    return logits.to(device), logits.sigmoid().to(device), targets.to(device)


@pytest.mark.points(1, hint="How many entries has a matrix, and what do you divide by?")
@pytest.mark.parametrize("shape", [(9,), (1,), (4, 3), (2, 3, 2)])
def test_bce_of_any_shape(submission, device, rng, shape):
    """bce_loss is the mean over all entries, for tensors of any shape."""
    _, probabilities, targets = batch(rng, shape, device)
    loss = submission.bce_loss(probabilities, targets)
    expect_close(loss, of_probabilities(probabilities, targets), name="the loss")


@pytest.mark.points(1, hint="Does each logit become a probability by itself, whatever stands beside it?")
@pytest.mark.parametrize("shape", [(9,), (1,), (4, 3), (2, 3, 2)])
def test_logits_of_any_shape(submission, device, rng, shape):
    """bce_with_logits_loss is the mean over all entries, for tensors of any shape."""
    logits, _, targets = batch(rng, shape, device)
    loss = submission.bce_with_logits_loss(logits, targets)
    expect_close(loss, of_logits(logits, targets), name="the loss")


@pytest.mark.points(1, hint="What does the formula give for a target of 0.5? Does a line write into an argument?")
def test_targets_between_zero_and_one(submission, device, rng):
    """Targets may lie between 0 and 1, and both functions leave their arguments alone."""
    logits, probabilities, _ = batch(rng, (10,), device)
    targets = torch.rand(10, generator=rng).to(device)
    expect_close(submission.bce_loss(probabilities, targets), of_probabilities(probabilities, targets), name="bce_loss")
    loss = submission.bce_with_logits_loss(logits, targets)
    expect_close(loss, of_logits(logits, targets), name="bce_with_logits_loss")
    expect_unchanged(submission, submission.bce_loss, probabilities, targets)
    expect_unchanged(submission, submission.bce_with_logits_loss, logits, targets)


@pytest.mark.points(1, hint="Is anything added to the probability before the logarithm is taken?")
def test_sure_and_wrong(submission, device):
    """A prediction that is sure and wrong costs as much as the formula says."""
    logits = torch.tensor([-6.0, 6.0, 5.0, -5.0], device=device)
    targets = torch.tensor([1.0, 0.0, 1.0, 0.0], device=device)
    probabilities = logits.sigmoid()
    expect_close(submission.bce_loss(probabilities, targets), of_probabilities(probabilities, targets), name="bce_loss")
    loss = submission.bce_with_logits_loss(logits, targets)
    expect_close(loss, of_logits(logits, targets), name="bce_with_logits_loss")


@pytest.mark.points(1, hint="Can autograd follow every step from the first argument to the loss?")
def test_gradients(submission, device, rng):
    """The gradients reach the probabilities and the logits: for logits, (sigmoid - target) / number of entries."""
    logits, probabilities, targets = batch(rng, (4, 3), device)
    probabilities.requires_grad_()
    (expected,) = torch.autograd.grad(of_probabilities(probabilities, targets), [probabilities])
    (gradient,) = expect_gradient(submission.bce_loss(probabilities, targets), [probabilities], name="bce_loss")
    expect_close(gradient, expected, name="the gradient of bce_loss")
    expected = (logits.sigmoid() - targets) / 12
    logits.requires_grad_()
    loss = submission.bce_with_logits_loss(logits, targets)
    (gradient,) = expect_gradient(loss, [logits], name="bce_with_logits_loss")
    expect_close(gradient, expected, name="the gradient of bce_with_logits_loss")


@pytest.mark.points(
    1, hint="Is there a conversion, a tensor made with a fixed dtype, or a small number added to a probability?"
)
def test_float64(submission, device, rng):
    """float64 in gives float64 out."""
    logits, probabilities, targets = batch(rng, (6,), device, dtype=torch.float64)
    loss = expect_tensor(submission.bce_loss(probabilities, targets), shape=(), dtype=torch.float64, name="bce_loss")
    expect_close(loss, of_probabilities(probabilities, targets), name="bce_loss")
    loss = submission.bce_with_logits_loss(logits, targets)
    loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="bce_with_logits_loss")
    expect_close(loss, of_logits(logits, targets), name="bce_with_logits_loss")


@pytest.mark.points(1, bonus=True, hint="Can you get log(sigmoid(z)) without computing sigmoid(z) first?")
def test_large_logits(submission, device):
    """Bonus: logits of 10,000 give an exact loss and an exact gradient."""
    logits = torch.tensor([1e4, -1e4, 1e4, -1e4, 120.0], device=device, requires_grad=True)
    targets = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0], device=device)
    loss = submission.bce_with_logits_loss(logits, targets)
    expect_close(loss, of_logits(logits.detach(), targets), name="the loss")
    (gradient,) = expect_gradient(loss, [logits], name="the loss")
    expect_close(gradient, (logits.detach().sigmoid() - targets) / 5, name="the gradient")


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_on_another_device(submission, rng):
    """Arguments on another device than the CPU give the right losses there."""
    logits, probabilities, targets = batch(rng, (4, 3), "cpu")
    loss = submission.bce_loss(probabilities, targets)
    expect_close(loss, of_probabilities(probabilities, targets), name="the result of bce_loss")
    loss = submission.bce_with_logits_loss(logits.requires_grad_(), targets)
    expect_close(loss, of_logits(logits.detach(), targets), name="the result of bce_with_logits_loss")
    expect_gradient(loss, [logits], name="the result of bce_with_logits_loss")


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per entry? One operation can do it for all.")
def test_no_loop_over_samples(submission, rng):
    """Bonus: a large batch takes no more steps than a small one."""
    (few_logits, few, few_targets), (logits, probabilities, targets) = batch(rng, (8,), "cpu"), batch(rng, (64,), "cpu")
    expect_close(submission.bce_loss(probabilities, targets), of_probabilities(probabilities, targets), name="bce_loss")
    loss = submission.bce_with_logits_loss(logits, targets)
    expect_close(loss, of_logits(logits, targets), name="bce_with_logits_loss")
    expect_vectorised(submission, submission.bce_loss, (few, few_targets), (probabilities, targets))
    expect_vectorised(submission, submission.bce_with_logits_loss, (few_logits, few_targets), (logits, targets))


def fingerprint(submission):
    """What the known mistakes compute, one loss at a time."""
    generator = torch.Generator().manual_seed(12)

    def of_probabilities(probabilities, targets):
        return submission.bce_loss(probabilities, targets)

    def of_logits(logits, targets):
        return submission.bce_with_logits_loss(logits, targets)

    for shape in ((6,), (4, 3)):
        logits = 2.0 * torch.randn(shape, generator=generator)
        targets = torch.rand(shape, generator=generator)
        yield observe("bce_loss", of_probabilities, logits.sigmoid(), targets)
        yield observe("bce_with_logits_loss", of_logits, logits, targets)
    logits, targets = logits.double(), targets.double()
    yield observe("bce_loss, float64", of_probabilities, logits.sigmoid(), targets, extreme=True)
    yield observe("bce_with_logits_loss, float64", of_logits, logits, targets, extreme=True)
    yield observe("large logits", of_logits, 1000.0 * logits.float(), (logits < 0).float(), extreme=True)
