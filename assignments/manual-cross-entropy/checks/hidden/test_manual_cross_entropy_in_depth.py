import pytest
import torch

from grader.examiner.expect import (
    expect_close,
    expect_gradient,
    expect_scalar,
    expect_tensor,
    expect_unchanged,
    expect_vectorised,
)
from grader.examiner.fingerprint import observe


def batch(rng, samples, classes, device, dtype=torch.float32):
    """Logits (samples, classes) and random correct classes (samples,)."""
    logits = torch.randn(samples, classes, generator=rng, dtype=dtype)
    targets = torch.randint(classes, (samples,), generator=rng)
    return logits.to(device), targets.to(device)


def log_softmax(logits):
    """The formula in float64, independent of torch's own softmax."""
    logits = logits.double()
    return logits - logits.logsumexp(dim=1, keepdim=True)


def mean_cross_entropy(logits, targets):
    """The formula in float64, given back in the dtype of the logits."""
    picked = torch.stack([row[target] for row, target in zip(log_softmax(logits), targets.tolist(), strict=True)])
    return -picked.mean().to(logits.dtype)


@pytest.mark.points(1, hint="Does it hold for every number of samples and classes, and for negative logits?")
def test_softmax_of_any_batch(submission, device, rng):
    """Softmax is right for batches of any size."""
    for samples, classes in ((6, 3), (1, 4), (5, 7)):
        logits, _ = batch(rng, samples, classes, device)
        expected = log_softmax(logits).exp().to(logits.dtype)
        expect_close(submission.softmax(logits), expected, name="the result of softmax")


@pytest.mark.points(1, hint="How many numbers do you pick out of the (N, C) table, and how do you average them?")
def test_cross_entropy_of_any_batch(submission, device, rng):
    """Cross entropy is right when the model is wrong about many samples."""
    for samples, classes in ((16, 5), (4, 2), (16, 5)):
        logits, targets = batch(rng, samples, classes, device)
        loss = submission.cross_entropy(logits, targets)
        expect_close(loss, mean_cross_entropy(logits, targets), name="the loss")


@pytest.mark.points(1, hint="Can autograd follow every step from the logits to the loss?")
def test_gradient_is_probability_minus_one_hot(submission, device, rng):
    """The gradient reaches the logits: (softmax - one-hot target) / N."""
    logits, targets = batch(rng, 6, 4, device)
    expected = log_softmax(logits).exp()
    expected[torch.arange(6), targets] -= 1
    logits.requires_grad_()
    (gradient,) = expect_gradient(submission.cross_entropy(logits, targets), [logits])
    expect_close(gradient, (expected / 6).to(logits.dtype), name="the gradient of the logits")
    weights = torch.randn(6, 4, generator=rng).to(device)
    probabilities = log_softmax(logits.detach()).exp()
    expected = probabilities * (weights - (probabilities * weights).sum(dim=1, keepdim=True))
    (gradient,) = expect_gradient(submission.softmax(logits) * weights, [logits], name="the result of softmax")
    expect_close(gradient, expected.to(logits.dtype), name="the gradient of softmax")


@pytest.mark.points(1, hint="What shape has the loss when N is 1?")
def test_batch_of_one(submission, device):
    """A batch of one sample gives that sample's loss."""
    logits, targets = torch.tensor([[0.2, 1.3, -0.7, 0.4]], device=device), torch.tensor([2], device=device)
    loss = expect_scalar(submission.cross_entropy(logits, targets), name="the loss of one sample")
    expect_close(loss, mean_cross_entropy(logits, targets), name="the loss of one sample")


@pytest.mark.points(1, hint="With many classes, probabilities are small. Is anything added to them on the way?")
def test_many_classes(submission, device, rng):
    """Cross entropy is right for 200 classes."""
    logits, targets = batch(rng, 8, 200, device)
    expect_close(submission.cross_entropy(logits, targets), mean_cross_entropy(logits, targets), name="the loss")


@pytest.mark.points(
    1, hint="Is there a conversion, a tensor made with a fixed dtype, or a small number added to a probability?"
)
def test_float64(submission, device, rng):
    """Logits in float64 give probabilities and a loss in float64."""
    logits, targets = batch(rng, 6, 4, device, dtype=torch.float64)
    probabilities = submission.softmax(logits)
    expect_tensor(probabilities, shape=(6, 4), dtype=torch.float64, name="the result of softmax")
    expect_close(probabilities, log_softmax(logits).exp(), name="the result of softmax")
    loss = submission.cross_entropy(logits, targets)
    expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
    expect_close(loss, mean_cross_entropy(logits, targets), name="the loss")


@pytest.mark.points(1, hint="Which of your lines write into a tensor that was passed, such as with -= or [...] = ?")
def test_arguments_are_left_as_they_were(submission, rng):
    """Both functions are right, and leave their arguments as they were."""
    logits, targets = batch(rng, 6, 4, "cpu")
    expect_close(submission.softmax(logits), log_softmax(logits).exp().to(logits.dtype), name="the result of softmax")
    expect_close(submission.cross_entropy(logits, targets), mean_cross_entropy(logits, targets), name="the loss")
    expect_unchanged(submission, submission.softmax, logits)
    expect_unchanged(submission, submission.cross_entropy, logits, targets)


@pytest.mark.points(
    1,
    bonus=True,
    hint="Which is the largest number that exp sees, and does log ever see a probability that has become 0?",
)
def test_large_logits(submission, device):
    """Bonus: logits of 10,000 neither overflow nor lose the loss."""
    logits = torch.tensor([[1e4, 0.0, -1e4], [-1e4, 1e4, 1e4], [0.0, 200.0, 0.0]], device=device)
    targets = torch.tensor([1, 2, 0], device=device)
    expect_close(submission.softmax(logits), log_softmax(logits).exp().to(logits.dtype), name="the result of softmax")
    loss = submission.cross_entropy(logits, targets)
    expect_close(loss, mean_cross_entropy(logits, targets), name="the loss")


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_on_another_device(submission, rng):
    """Logits on another device than the CPU give probabilities and a loss there."""
    logits, targets = batch(rng, 6, 4, "cpu")
    expect_close(submission.softmax(logits), log_softmax(logits).exp().to(logits.dtype), name="the result of softmax")
    loss = submission.cross_entropy(logits.requires_grad_(), targets)
    expect_close(loss, mean_cross_entropy(logits.detach(), targets), name="the loss")
    expect_gradient(loss, [logits], name="the loss")


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per sample? One operation can do it for all.")
def test_no_loop_over_samples(submission, rng):
    """Bonus: a large batch takes no more steps than a small one."""
    small, large = batch(rng, 8, 4, "cpu"), batch(rng, 64, 4, "cpu")
    expected = log_softmax(large[0]).exp().to(torch.float32)
    expect_close(submission.softmax(large[0]), expected, name="the result of softmax")
    expect_close(submission.cross_entropy(*large), mean_cross_entropy(*large), name="the loss")
    expect_vectorised(submission, submission.softmax, small[:1], large[:1])
    expect_vectorised(submission, submission.cross_entropy, small, large)


def fingerprint(submission):
    """What the known mistakes compute, softmax and cross entropy apart."""
    generator = torch.Generator().manual_seed(13)

    def softmax(logits):
        return submission.softmax(logits)

    def cross_entropy(logits, targets):
        return submission.cross_entropy(logits, targets)

    for samples, classes in ((5, 3), (4, 6)):
        logits = 2.0 * torch.randn(samples, classes, generator=generator)
        targets = torch.randint(classes, (samples,), generator=generator)
        yield observe("softmax", softmax, logits)
        yield observe("cross_entropy", cross_entropy, logits, targets)
    yield observe("softmax, float64", softmax, logits.double(), extreme=True)
    yield observe("cross_entropy, float64", cross_entropy, logits.double(), targets, extreme=True)
    yield observe("softmax, large logits", softmax, 1000.0 * logits, extreme=True)
    yield observe("cross_entropy, large logits", cross_entropy, 1000.0 * logits, targets, extreme=True)
