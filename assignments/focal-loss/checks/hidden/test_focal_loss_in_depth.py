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


def focal_loss(logits, targets, gamma):
    """The formula sample by sample, in float64; the dtype of the result is that of the logits."""
    losses = []
    for row, target in zip(logits.double(), targets.tolist(), strict=True):
        log_p = row[target] - row.logsumexp(dim=0)
        losses.append(-((1 - log_p.exp()) ** gamma) * log_p)
    return (sum(losses) / len(losses)).to(logits.dtype)


@pytest.mark.points(2, hint="In a batch of sure and unsure samples, how many different factors are there?")
def test_each_sample_has_its_own_factor(submission, device, rng):
    """Mixed batches are right for several values of gamma."""
    for gamma in (2.0, 1.0, 0.5, 5.0):
        logits, targets = batch(rng, 12, 5, device)
        loss = submission.FocalLoss(gamma=gamma)(logits, targets)
        expect_close(loss, focal_loss(logits, targets, gamma), name="the loss")


@pytest.mark.points(1, hint="Both parts of the product depend on the logits. Do both take part in the gradient?")
def test_gradient_of_the_whole_formula(submission, device, rng):
    """The gradient is that of the whole formula, factor included."""
    logits, targets = batch(rng, 8, 4, device)
    logits.requires_grad_()
    (expected,) = torch.autograd.grad(focal_loss(logits, targets, 2.0), [logits])
    loss = submission.FocalLoss(gamma=2.0)(logits, targets)
    (gradient,) = expect_gradient(loss, [logits])
    expect_close(gradient, expected, name="the gradient of the logits")


@pytest.mark.points(1, hint="Read the signature in the docstring again.")
def test_default_gamma_is_two(submission, device, rng):
    """FocalLoss() uses gamma = 2."""
    logits, targets = batch(rng, 8, 4, device)
    expect_close(submission.FocalLoss()(logits, targets), focal_loss(logits, targets, 2.0), name="the loss")


@pytest.mark.points(1, hint="Does anything sum or average over the wrong dimension when N or C changes?")
@pytest.mark.parametrize(("samples", "classes"), [(1, 3), (6, 2), (4, 200)])
def test_any_batch_size(submission, device, rng, samples, classes):
    """One sample, two classes and 200 classes all work."""
    logits, targets = batch(rng, samples, classes, device)
    loss = expect_scalar(submission.FocalLoss(gamma=2.0)(logits, targets), name="the loss")
    expect_close(loss, focal_loss(logits, targets, 2.0), name="the loss")


@pytest.mark.points(1, hint="Does forward store anything, or write into its arguments, that is then used again?")
def test_calls_do_not_influence_each_other(submission, device, rng):
    """One FocalLoss can be called again and again, and leaves its arguments alone."""
    loss_fn = submission.FocalLoss(gamma=2.0)
    first, second = batch(rng, 6, 3, device), batch(rng, 9, 3, device)
    for logits, targets in (first, second, first):
        expect_close(loss_fn(logits, targets), focal_loss(logits, targets, 2.0), name="the loss")
    expect_unchanged(submission, loss_fn, *first)


@pytest.mark.points(
    1, hint="Is there a conversion, a tensor made with a fixed dtype, or a small number added to a probability?"
)
def test_float64(submission, device, rng):
    """Logits in float64 give a loss in float64."""
    logits, targets = batch(rng, 6, 4, device, dtype=torch.float64)
    loss = submission.FocalLoss(gamma=2.0)(logits, targets)
    expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
    expect_close(loss, focal_loss(logits, targets, 2.0), name="the loss")


@pytest.mark.points(1, bonus=True, hint="Can you get log(p_t) without computing p_t first?")
def test_large_logits(submission, device):
    """Bonus: logits of 10,000 give a finite and exact loss."""
    logits = torch.tensor([[1e4, 0.0, -1e4], [0.0, 200.0, 0.0], [5.0, 1.0, 1.0]], device=device)
    targets = torch.tensor([1, 0, 0], device=device)
    loss = submission.FocalLoss(gamma=2.0)(logits, targets)
    expect_close(loss, focal_loss(logits, targets, 2.0), name="the loss")


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_on_another_device(submission, rng):
    """Logits on another device than the CPU give the right loss and gradient there."""
    logits, targets = batch(rng, 6, 4, "cpu")
    logits.requires_grad_()
    expected = focal_loss(logits, targets, 2.0)
    loss = submission.FocalLoss(gamma=2.0)(logits, targets)
    expect_close(loss, expected, name="the loss")
    (gradient,) = expect_gradient(loss, [logits], name="the loss")
    expect_close(gradient, torch.autograd.grad(expected, [logits])[0], name="the gradient of the logits")


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per sample? One operation can do it for all.")
def test_no_loop_over_samples(submission, rng):
    """Bonus: a large batch takes no more steps than a small one."""
    loss_fn = submission.FocalLoss(gamma=2.0)
    small, large = batch(rng, 8, 4, "cpu"), batch(rng, 64, 4, "cpu")
    expect_close(loss_fn(*large), focal_loss(*large, 2.0), name="the loss")
    expect_vectorised(submission, loss_fn, small, large)


def fingerprint(submission):
    """What the known mistakes compute: a known mistake is told by where it differs from the reference."""
    generator = torch.Generator().manual_seed(7)
    logits = 2.0 * torch.randn(5, 3, generator=generator)
    targets = torch.tensor([0, 2, 1, 0, 2])

    def loss_of(gamma):
        return lambda logits: submission.FocalLoss(gamma=gamma)(logits, targets)

    def both(logits):
        loss_fn = submission.FocalLoss(gamma=2.0)
        return loss_fn(logits, targets), loss_fn(logits[:3], targets[:3])

    for gamma in (2.0, 0.5, 5.0):
        yield observe("the loss", loss_of(gamma), logits)
    yield observe("the default", lambda logits: submission.FocalLoss()(logits, targets), logits)
    yield observe("one after the other", both, logits, gradients=False)
    yield observe("float64", loss_of(2.0), logits.double(), extreme=True)
    yield observe("large logits", loss_of(0.0), 300.0 * logits, extreme=True)
