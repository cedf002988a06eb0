import pytest
import torch

from grader.examiner.expect import expect_close, expect_gradient, expect_tensor, expect_unchanged
from grader.examiner.fingerprint import observe

pytestmark = pytest.mark.question("binary-loss")


def batch(rng, samples, device, dtype=torch.float32):
    """Random logits, and labels that are 0 and 1 by turns."""
    logits = 2.0 * torch.randn(samples, generator=rng, dtype=dtype)
    labels = (torch.arange(samples) % 2).to(dtype)
    return logits.to(device), labels.to(device)


def binary_cross_entropy(logits, labels):
    """log(1 + exp(…)) of each sample, in float64; the dtype of the result is that of the logits."""
    z, y = logits.double(), labels.double()
    zero = torch.zeros_like(z)
    losses = y * torch.logaddexp(zero, -z) + (1 - y) * torch.logaddexp(zero, z)
    return (losses.sum() / len(losses)).to(logits.dtype)


@pytest.mark.points(
    0.5, hint="What is the loss of a sample of label 0, and of label 1? What is averaged? Is an argument changed?"
)
@pytest.mark.parametrize("samples", [1, 2, 7, 300])
def test_binary_of_any_batch(submission, device, rng, samples):
    """One sample and 300 both work, and the arguments are left alone."""
    logits, labels = batch(rng, samples, device)
    loss = submission.binary_loss(logits, labels)
    loss = expect_tensor(loss, shape=(), dtype=torch.float32, name="the loss")
    expect_close(loss, binary_cross_entropy(logits, labels), name="the loss")
    expect_unchanged(submission, submission.binary_loss, logits, labels)


@pytest.mark.points(0.5, hint="Can autograd follow every step? Is each of them a step of the formula?")
def test_binary_gradient(submission, device, rng):
    """The gradient is (sigmoid - label) / N."""
    logits, labels = batch(rng, 6, device)
    expected = (logits.sigmoid() - labels) / 6
    logits.requires_grad_()
    (gradient,) = expect_gradient(submission.binary_loss(logits, labels), [logits], name="the loss")
    expect_close(gradient, expected, name="the gradient of the logits")


@pytest.mark.points(0.5, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the loss?")
def test_binary_in_float64(submission, device, rng):
    """Logits in float64 give a loss in float64, and it is exact."""
    for _ in range(5):
        logits, labels = batch(rng, 6, device, dtype=torch.float64)
        loss = submission.binary_loss(logits, labels)
        loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
        expect_close(loss, binary_cross_entropy(logits, labels), name="the loss")


@pytest.mark.points(0.5, bonus=True, hint="What is the sigmoid of 10,000, and what the logarithm of 1 minus that?")
def test_binary_of_large_logits(submission, device):
    """Bonus: logits of 10,000 give an exact loss."""
    logits = torch.tensor([1e4, -1e4, 200.0, 1.0], device=device)
    labels = torch.tensor([0.0, 1.0, 1.0, 0.0], device=device)
    expect_close(submission.binary_loss(logits, labels), binary_cross_entropy(logits, labels), name="the loss")


def fingerprint(submission):
    """What the known mistakes compute."""
    generator = torch.Generator().manual_seed(22)

    def loss_of(labels):
        return lambda logits: submission.binary_loss(logits, labels)

    for samples in (5, 4, 3):
        logits, labels = batch(generator, samples, "cpu")
        yield observe("the loss", loss_of(labels), logits)
    logits, labels = batch(generator, 6, "cpu", dtype=torch.float64)
    yield observe("float64", loss_of(labels), logits, extreme=True)
    logits, labels = torch.tensor([1e4, -300.0, 150.0, 200.0, 1.0]), torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0])
    yield observe("large logits", loss_of(labels), logits, extreme=True)
