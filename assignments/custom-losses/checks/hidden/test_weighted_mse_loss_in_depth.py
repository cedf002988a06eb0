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

pytestmark = pytest.mark.question("weighted-mse-loss")


def batch(rng, samples, device, dtype=torch.float32):
    """Predictions, targets, and weights from 0 to 3."""
    predictions, targets = torch.randn(2, samples, generator=rng, dtype=dtype)
    weights = 3 * torch.rand(samples, generator=rng, dtype=dtype)
    return predictions.to(device), targets.to(device), weights.to(device)


def weighted_mse(predictions, targets, weights):
    """The formula sample by sample, in float64; the dtype of the result is that of the predictions."""
    rows = zip(predictions.double(), targets.double(), weights.double(), strict=True)
    total = sum(weight * (prediction - target) * (prediction - target) for prediction, target, weight in rows)
    return (total / len(predictions)).to(predictions.dtype)


@pytest.mark.points(
    1, hint="Does each weight meet its own sample's error? What do you divide by? Is an argument written into?"
)
@pytest.mark.parametrize("samples", [9, 1, 300])
def test_weighted_mse_of_any_batch(submission, device, rng, samples):
    """Random batches of one, nine and 300 samples, one after the other, which are left as they were."""
    loss_fn = submission.WeightedMSELoss()
    for _ in range(2):
        arguments = batch(rng, samples, device)
        loss = expect_tensor(loss_fn(*arguments), shape=(), dtype=torch.float32, name="the loss")
        expect_close(loss, weighted_mse(*arguments), name="the loss")
    expect_unchanged(submission, loss_fn, *arguments)


@pytest.mark.points(1, hint="Among how many samples is the sum shared out when some weights are 0, or all?")
def test_weights_of_zero(submission, device, rng):
    """A weight of 0 takes a sample out of the sum, and leaves N as it is; all weights may be 0."""
    predictions, targets, weights = batch(rng, 8, device)
    weights[2:5] = 0.0
    loss_fn = submission.WeightedMSELoss()
    loss = loss_fn(predictions, targets, weights)
    expect_close(loss, weighted_mse(predictions, targets, weights), name="the loss")
    loss = loss_fn(predictions, targets, torch.zeros_like(weights))
    expect_close(loss, torch.zeros((), device=device), name="the loss")


@pytest.mark.points(1, hint="Can autograd follow every step from the predictions to the loss?")
def test_weighted_mse_gradient(submission, device, rng):
    """The gradient is 2 * weight * error / N."""
    predictions, targets, weights = batch(rng, 7, device)
    expected = 2 * weights * (predictions - targets) / 7
    predictions.requires_grad_()
    loss = submission.WeightedMSELoss()(predictions, targets, weights)
    (gradient,) = expect_gradient(loss, [predictions], name="the loss")
    expect_close(gradient, expected, name="the gradient of the predictions")


@pytest.mark.points(1, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the loss?")
def test_weighted_mse_in_float64(submission, device, rng):
    """Arguments in float64 give a loss in float64."""
    arguments = batch(rng, 6, device, dtype=torch.float64)
    loss = expect_tensor(submission.WeightedMSELoss()(*arguments), shape=(), dtype=torch.float64, name="the loss")
    expect_close(loss, weighted_mse(*arguments), name="the loss")


@pytest.mark.points(1, bonus=True, hint="What is the shape of a column times a row? When can you still see that?")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_shapes_that_differ_are_refused(submission, device, place):
    """Bonus: one argument (N, 1) among two (N,) raises ValueError instead of being stretched."""
    arguments = [torch.ones(4, device=device) for _ in range(3)]
    arguments[place] = torch.zeros(4, 1, device=device)
    with pytest.raises(ValueError):
        submission.WeightedMSELoss()(*arguments)


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_weighted_mse_on_another_device(submission, rng):
    """Arguments on another device than the CPU give the right loss there."""
    arguments = batch(rng, 6, "cpu")
    expect_close(submission.WeightedMSELoss()(*arguments), weighted_mse(*arguments), name="the loss")


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per sample? One operation does it for all.")
def test_no_loop_in_weighted_mse(submission, rng):
    """Bonus: a large batch takes no more steps than a small one."""
    loss_fn = submission.WeightedMSELoss()
    small, large = batch(rng, 8, "cpu"), batch(rng, 64, "cpu")
    expect_close(loss_fn(*large), weighted_mse(*large), name="the loss")
    expect_vectorised(submission, loss_fn, small, large)


def fingerprint(submission):
    """What the known mistakes compute."""
    generator = torch.Generator().manual_seed(15)

    def loss_of(predictions, targets, weights):
        return submission.WeightedMSELoss()(predictions, targets, weights)

    def loss_of_some(predictions, targets, weights):
        return submission.WeightedMSELoss()(predictions, targets, torch.where(weights > 1, weights, 0.0))

    for samples in (5, 8):
        given = batch(generator, samples, "cpu")
        yield observe("the loss", loss_of, *given)
        yield observe("weights of 0", loss_of_some, *given)
    yield observe("float64", loss_of, *batch(generator, 6, "cpu", dtype=torch.float64), extreme=True)
    column, row = torch.randn(4, 1, generator=generator), torch.ones(4)
    yield observe("column and row", loss_of, column, row, 2.0 * row, extreme=True)
