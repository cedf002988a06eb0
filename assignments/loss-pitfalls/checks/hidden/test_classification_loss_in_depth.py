import pytest
import torch

from grader.examiner.expect import expect_close, expect_gradient, expect_tensor, expect_unchanged
from grader.examiner.fingerprint import observe

pytestmark = pytest.mark.question("classification-loss")


def batch(rng, samples, classes, device, dtype=torch.float32):
    """Random logits and correct classes."""
    logits = 2.0 * torch.randn(samples, classes, generator=rng, dtype=dtype)
    targets = torch.randint(classes, (samples,), generator=rng)
    return logits.to(device), targets.to(device)


def cross_entropy(logits, targets):
    """The formula sample by sample, in float64; the dtype of the result is that of the logits."""
    rows = zip(logits.double(), targets.tolist(), strict=True)
    losses = [row.logsumexp(dim=0) - row[target] for row, target in rows]
    return (sum(losses) / len(losses)).to(logits.dtype)


@pytest.mark.points(
    1, hint="What is the loss of a sample that the network is sure of? What is averaged? Is an argument changed?"
)
@pytest.mark.parametrize(("samples", "classes"), [(1, 3), (6, 3), (3, 3), (5, 2), (40, 150)])
def test_classification_of_any_batch(submission, device, rng, samples, classes):
    """One sample, two classes, and 150 classes all work, and the arguments are left alone."""
    logits, targets = batch(rng, samples, classes, device)
    loss = submission.classification_loss(logits, targets)
    loss = expect_tensor(loss, shape=(), dtype=torch.float32, name="the loss")
    expect_close(loss, cross_entropy(logits, targets), name="the loss")
    expect_unchanged(submission, submission.classification_loss, logits, targets)


@pytest.mark.points(0.5, hint="Can autograd follow every step? Is each of them a step of the formula?")
def test_classification_gradient(submission, device, rng):
    """The gradient is (softmax - one-hot) / N."""
    logits, targets = batch(rng, 6, 4, device)
    chosen = torch.arange(4, device=device) == targets[:, None]
    expected = (logits.softmax(dim=1) - chosen.float()) / 6
    logits.requires_grad_()
    loss = submission.classification_loss(logits, targets)
    (gradient,) = expect_gradient(loss, [logits], name="the loss")
    expect_close(gradient, expected, name="the gradient of the logits")


@pytest.mark.points(0.5, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the loss?")
def test_classification_in_float64(submission, device, rng):
    """Logits in float64 give a loss in float64, and it is exact."""
    for _ in range(5):
        logits, targets = batch(rng, 6, 4, device, dtype=torch.float64)
        loss = submission.classification_loss(logits, targets)
        loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
        expect_close(loss, cross_entropy(logits, targets), name="the loss")


@pytest.mark.points(0.5, bonus=True, hint="Can you get the logarithm of a softmax without the softmax itself?")
def test_classification_of_large_logits(submission, device):
    """Bonus: logits of 10,000 give an exact loss."""
    logits = torch.tensor([[1e4, 0.0, -1e4], [0.0, 200.0, 0.0], [5.0, 1.0, 1.0]], device=device)
    targets = torch.tensor([1, 0, 0], device=device)
    expect_close(submission.classification_loss(logits, targets), cross_entropy(logits, targets), name="the loss")


def fingerprint(submission):
    """What the known mistakes compute."""
    generator = torch.Generator().manual_seed(21)

    def loss_of(logits, targets):
        return submission.classification_loss(logits, targets)

    for samples, classes in ((5, 3), (3, 3), (2, 4)):
        yield observe("the loss", loss_of, *batch(generator, samples, classes, "cpu"))
    logits, targets = batch(generator, 5, 3, "cpu")
    yield observe("float64", loss_of, logits.double(), targets, extreme=True)
    yield observe("large logits", loss_of, 1000.0 * logits, targets, extreme=True)
