import pytest
import torch

from grader.examiner.expect import expect_close, expect_gradient, expect_tensor, expect_unchanged
from grader.examiner.fingerprint import observe

pytestmark = pytest.mark.question("regression-loss")


def batch(rng, samples, device, dtype=torch.float32):
    """Random predictions (samples, 1) and targets (samples,)."""
    predictions = 2.0 * torch.randn(samples, 1, generator=rng, dtype=dtype)
    targets = torch.randn(samples, generator=rng, dtype=dtype)
    return predictions.to(device), targets.to(device)


def mean_squared_error(predictions, targets):
    """The formula sample by sample, in float64; the dtype of the result is that of the predictions."""
    pairs = zip(predictions[:, 0].double(), targets.double(), strict=True)
    losses = [(prediction - target) * (prediction - target) for prediction, target in pairs]
    return (sum(losses) / len(losses)).to(predictions.dtype)


@pytest.mark.points(1, hint="Which shapes are there with N samples, and with just one? Is an argument changed?")
@pytest.mark.parametrize("samples", [1, 2, 7, 300])
def test_regression_of_any_batch(submission, device, rng, samples):
    """One sample, two, and 300 all work, and the arguments are left alone."""
    predictions, targets = batch(rng, samples, device)
    loss = submission.regression_loss(predictions, targets)
    loss = expect_tensor(loss, shape=(), dtype=torch.float32, name="the loss")
    expect_close(loss, mean_squared_error(predictions, targets), name="the loss")
    expect_unchanged(submission, submission.regression_loss, predictions, targets)


@pytest.mark.points(0.5, hint="Can autograd follow every step? Which errors does one prediction take part in?")
def test_regression_gradient(submission, device, rng):
    """The gradient is 2 * error / N, of each sample's own error."""
    predictions, targets = batch(rng, 6, device)
    expected = 2 * (predictions - targets[:, None]) / 6
    predictions.requires_grad_()
    loss = submission.regression_loss(predictions, targets)
    (gradient,) = expect_gradient(loss, [predictions], name="the loss")
    expect_close(gradient, expected, name="the gradient of the predictions")


@pytest.mark.points(0.5, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the loss?")
def test_regression_in_float64(submission, device, rng):
    """Predictions in float64 give a loss in float64, and it is exact."""
    for _ in range(5):
        predictions, targets = batch(rng, 6, device, dtype=torch.float64)
        loss = submission.regression_loss(predictions, targets)
        loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
        expect_close(loss, mean_squared_error(predictions, targets), name="the loss")


def fingerprint(submission):
    """What the known mistakes compute."""
    generator = torch.Generator().manual_seed(24)

    def loss_of(targets):
        return lambda predictions: submission.regression_loss(predictions, targets.clone())

    for samples in (5, 1, 3):
        predictions, targets = batch(generator, samples, "cpu")
        yield observe("the loss", loss_of(targets), predictions)
    predictions, targets = batch(generator, 6, "cpu", dtype=torch.float64)
    yield observe("float64", loss_of(targets), predictions, extreme=True)
    # With targets that need a gradient, too, torch refuses to change them.
    for samples in (4, 3):
        yield observe("the targets", submission.regression_loss, *batch(generator, samples, "cpu"), extreme=True)
