import pytest
import torch

from grader.examiner.expect import expect_close, expect_gradient, expect_tensor, expect_unchanged
from grader.examiner.fingerprint import observe

pytestmark = pytest.mark.question("one-hot-loss")


def batch(rng, samples, classes, device, dtype=torch.float32):
    """Random logits, and one-hot rows of random classes."""
    logits = 2.0 * torch.randn(samples, classes, generator=rng, dtype=dtype)
    one_hot = torch.zeros(samples, classes, dtype=torch.int64)
    one_hot[torch.arange(samples), torch.randint(classes, (samples,), generator=rng)] = 1
    return logits.to(device), one_hot.to(device)


def cross_entropy(logits, one_hot):
    """The formula sample by sample, in float64; the dtype of the result is that of the logits."""
    rows = zip(logits.double(), one_hot.tolist(), strict=True)
    losses = [row.logsumexp(dim=0) - row[marks.index(1)] for row, marks in rows]
    return (sum(losses) / len(losses)).to(logits.dtype)


@pytest.mark.points(0.5, hint="For N samples, C classes: which shape does each line give? Is an argument changed?")
@pytest.mark.parametrize(("samples", "classes"), [(5, 3), (3, 3), (1, 4), (2, 6), (40, 150)])
def test_one_hot_of_any_batch(submission, device, rng, samples, classes):
    """More samples than classes, fewer, as many, and just one all work, and the arguments are left alone."""
    logits, one_hot = batch(rng, samples, classes, device)
    loss = submission.one_hot_loss(logits, one_hot)
    loss = expect_tensor(loss, shape=(), dtype=torch.float32, name="the loss")
    expect_close(loss, cross_entropy(logits, one_hot), name="the loss")
    expect_unchanged(submission, submission.one_hot_loss, logits, one_hot)


@pytest.mark.points(0.5, hint="Can autograd follow every step? Is each of them a step of the formula?")
def test_one_hot_gradient(submission, device, rng):
    """The gradient is (softmax - one-hot) / N."""
    logits, one_hot = batch(rng, 6, 4, device)
    expected = (logits.softmax(dim=1) - one_hot) / 6
    logits.requires_grad_()
    (gradient,) = expect_gradient(submission.one_hot_loss(logits, one_hot), [logits], name="the loss")
    expect_close(gradient, expected, name="the gradient of the logits")


@pytest.mark.points(0.5, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the loss?")
def test_one_hot_in_float64(submission, device, rng):
    """Logits in float64 give a loss in float64, and it is exact."""
    for _ in range(5):
        logits, one_hot = batch(rng, 7, 4, device, dtype=torch.float64)
        loss = submission.one_hot_loss(logits, one_hot)
        loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
        expect_close(loss, cross_entropy(logits, one_hot), name="the loss")


@pytest.mark.points(0.5, bonus=True, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_one_hot_on_another_device(submission, rng):
    """Bonus: arguments on another device than the CPU give the right loss there."""
    logits, one_hot = batch(rng, 5, 3, "cpu")
    loss = submission.one_hot_loss(logits, one_hot)
    expect_close(loss, cross_entropy(logits, one_hot), name="the loss")


def fingerprint(submission):
    """What the known mistakes compute; some only do so where there are as many classes as samples, or more."""
    generator = torch.Generator().manual_seed(23)

    def loss_of(logits, one_hot):
        return submission.one_hot_loss(logits, one_hot)

    turned = torch.tensor([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    repeated = torch.tensor([[0, 0, 1], [0, 0, 1], [0, 1, 0]])
    for one_hot in (turned, repeated):
        yield observe("the loss", loss_of, 2.0 * torch.randn(3, 3, generator=generator), one_hot)
    for samples, classes in ((5, 3), (2, 4)):
        yield observe("the loss", loss_of, *batch(generator, samples, classes, "cpu"))
    yield observe("float64", loss_of, *batch(generator, 5, 3, "cpu", dtype=torch.float64), extreme=True)
