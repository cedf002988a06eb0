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

NAMES = ("mse_loss", "l1_loss", "smooth_l1_loss")


def pair(rng, shape, device, dtype=torch.float32, scale=1.5):
    """Predictions and targets whose errors lie on both sides of 1."""
    predictions, targets = scale * torch.randn(2, *shape, generator=rng, dtype=dtype)
    return predictions.to(device), targets.to(device)


def reference_loss(name, predictions, targets, beta=1.0):
    """The formula entry by entry, in float64; the dtype of the result is that of the predictions."""
    total = 0.0
    entries = list(zip(predictions.double().flatten(), targets.double().flatten(), strict=True))
    for prediction, target in entries:
        error = prediction - target
        if name == "mse_loss":
            total = total + error * error
        elif name == "l1_loss":
            total = total + error.abs()
        elif error.abs() < beta:
            total = total + 0.5 * error * error / beta
        else:
            total = total + error.abs() - 0.5 * beta
    return (total / len(entries)).to(predictions.dtype)


@pytest.mark.points(1, hint="How many entries has a matrix, and what do you divide by? Is an argument changed?")
@pytest.mark.parametrize("shape", [(7,), (1,), (4, 3), (2, 3, 2)])
def test_any_shape(submission, device, rng, shape):
    """All three losses are means over all entries, for tensors of any shape, and leave their arguments alone."""
    predictions, targets = pair(rng, shape, device)
    for name in NAMES:
        loss = getattr(submission, name)(predictions, targets)
        expect_close(loss, reference_loss(name, predictions, targets), name=f"the result of {name}")
    for name in NAMES:
        expect_unchanged(submission, getattr(submission, name), predictions, targets)


@pytest.mark.points(1, hint="Where does beta stand in the two branches, and what is the loss where they meet?")
@pytest.mark.parametrize("beta", [0.25, 2.0])
def test_beta(submission, device, rng, beta):
    """smooth_l1_loss is right for other values of beta."""
    predictions, targets = pair(rng, (12,), device)
    loss = submission.smooth_l1_loss(predictions, targets, beta=beta)
    expect_close(loss, reference_loss("smooth_l1_loss", predictions, targets, beta), name="the loss")


@pytest.mark.points(1, hint="Can autograd follow every step from the predictions to the loss?")
@pytest.mark.parametrize("name", NAMES)
def test_gradients(submission, device, rng, name):
    """The gradients of all three losses reach the predictions."""
    predictions, targets = pair(rng, (4, 3), device)
    predictions.requires_grad_()
    (expected,) = torch.autograd.grad(reference_loss(name, predictions, targets), [predictions])
    loss = getattr(submission, name)(predictions, targets)
    (gradient,) = expect_gradient(loss, [predictions], name=f"the result of {name}")
    expect_close(gradient, expected, name=f"the gradient of {name}")


@pytest.mark.points(1, hint="Is there a conversion, or a tensor made with a fixed dtype, inside one of the functions?")
def test_float64(submission, device, rng):
    """Predictions in float64 give losses in float64."""
    predictions, targets = pair(rng, (5,), device, dtype=torch.float64)
    for name in NAMES:
        loss = getattr(submission, name)(predictions, targets)
        expect_tensor(loss, shape=(), dtype=torch.float64, name=f"the result of {name}")
        expect_close(loss, reference_loss(name, predictions, targets), name=f"the result of {name}")


@pytest.mark.points(1, hint="Which of the two branches takes an error of a million, and does the other one harm it?")
def test_large_errors(submission, device):
    """Errors of a million count as the formulas say, and their gradients are finite."""
    predictions = torch.tensor([1e6, -1e6, 0.5], device=device, requires_grad=True)
    targets = torch.zeros(3, device=device)
    for name in NAMES:
        loss = getattr(submission, name)(predictions, targets)
        expect_close(loss, reference_loss(name, predictions.detach(), targets), name=f"the result of {name}")
        (gradient,) = expect_gradient(loss, [predictions], name=f"the result of {name}")
        assert gradient.isfinite().all()


@pytest.mark.points(1, bonus=True, hint="What does the mean of a column minus a row average over?")
def test_shapes_that_differ_are_refused(submission, device):
    """Bonus: predictions (N, 1) against targets (N,) raise ValueError instead of being stretched."""
    predictions, targets = torch.zeros(4, 1, device=device), torch.ones(4, device=device)
    for name in NAMES:
        with pytest.raises(ValueError):
            getattr(submission, name)(predictions, targets)


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_on_another_device(submission, rng):
    """Predictions on another device than the CPU give the right losses and gradients there."""
    predictions, targets = pair(rng, (4, 3), "cpu")
    predictions.requires_grad_()
    for name in NAMES:
        expected = reference_loss(name, predictions, targets)
        loss = getattr(submission, name)(predictions, targets)
        expect_close(loss, expected, name=f"the result of {name}")
        (gradient,) = expect_gradient(loss, [predictions], name=f"the result of {name}")
        expect_close(gradient, torch.autograd.grad(expected, [predictions])[0], name=f"the gradient of {name}")


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per entry? One operation can do it for all.")
def test_no_loop_over_samples(submission, rng):
    """Bonus: a large batch takes no more steps than a small one."""
    small, large = pair(rng, (8,), "cpu"), pair(rng, (64,), "cpu")
    for name in NAMES:
        loss = getattr(submission, name)(*large)
        expect_close(loss, reference_loss(name, *large), name=f"the result of {name}")
    for name in NAMES:
        expect_vectorised(submission, getattr(submission, name), small, large)


def fingerprint(submission):
    """What the known mistakes compute, one loss at a time."""
    generator = torch.Generator().manual_seed(11)

    def named(name, **keywords):
        return lambda *given: getattr(submission, name)(*given, **keywords)

    for shape in ((6,), (4, 3)):
        predictions, targets = 2.0 * torch.randn(2, *shape, generator=generator)
        predictions[0] = targets[0] + 0.1
        for name in ("mse_loss", "l1_loss", "smooth_l1_loss"):
            yield observe(name, named(name), predictions, targets)
            yield observe(f"{name}, float64", named(name), predictions.double(), targets.double(), extreme=True)
        for beta in (0.5, 2.0):
            yield observe("smooth_l1_loss", named("smooth_l1_loss", beta=beta), predictions, targets)
    column, row = torch.randn(5, 1, generator=generator), torch.zeros(5)
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss"):
        yield observe(f"{name}, column and row", named(name), column, row, extreme=True)
