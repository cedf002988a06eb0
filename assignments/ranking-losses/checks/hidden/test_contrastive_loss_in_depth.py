import math

import pytest
import torch

from grader.examiner.expect import (
    Expectation,
    expect_close,
    expect_gradient,
    expect_tensor,
    expect_unchanged,
    expect_vectorised,
)
from grader.examiner.fingerprint import observe

pytestmark = pytest.mark.question("contrastive-loss")


def batch(rng, pairs, columns, device, dtype=torch.float32, scale=1.0):
    """Embeddings of pairs at distances around scale, and which belong together: every other one."""
    a, b = scale * (0.5 / columns) ** 0.5 * torch.randn(2, pairs, columns, generator=rng, dtype=dtype)
    same = (torch.arange(pairs) % 2).to(dtype)
    return a.to(device), b.to(device), same.to(device)


def contrastive(a, b, same, margin):
    """The formula pair by pair, with Python's numbers; a tensor of the dtype of a."""
    total = 0.0
    for one, other, together in zip(a.tolist(), b.tolist(), same.tolist(), strict=True):
        distance = math.dist(one, other)
        total += distance * distance if together else max(0.0, margin - distance) ** 2
    return torch.tensor(total / len(a), dtype=a.dtype, device=a.device)


@pytest.mark.points(
    1, hint="Which dimension does the distance sum over? What is averaged? Is an argument written into?"
)
@pytest.mark.parametrize(("pairs", "columns"), [(9, 4), (1, 3), (6, 1), (2, 2), (60, 128)])
def test_contrastive_loss_of_any_batch(submission, device, rng, pairs, columns):
    """One pair, one column, and 60 pairs of 128 columns all work, and are left as they were."""
    for margin in (1.25, 0.75):
        a, b, same = batch(rng, pairs, columns, device)
        loss = submission.contrastive_loss(a, b, same, margin)
        loss = expect_tensor(loss, shape=(), dtype=torch.float32, name="the loss")
        expect_close(loss, contrastive(a, b, same, margin), name="the loss")
    expect_unchanged(submission, submission.contrastive_loss, a, b, same, margin)


@pytest.mark.points(1, hint="What is left of the formula when same holds only 1s, and when it holds only 0s?")
def test_pairs_of_one_kind(submission, device, rng):
    """All pairs may belong together, and none; pairs beyond the margin cost nothing."""
    a, b, same = batch(rng, 8, 4, device)
    for kind in (torch.ones_like(same), torch.zeros_like(same)):
        loss = submission.contrastive_loss(a, b, kind, margin=1.5)
        expect_close(loss, contrastive(a, b, kind, 1.5), name="the loss")
    loss = submission.contrastive_loss(a + 10, b - 10, torch.zeros_like(same), margin=1.5)
    expect_close(loss, torch.zeros((), device=device), name="the loss")


@pytest.mark.points(1, hint="Read the signature in the docstring again.")
def test_default_margin_of_pairs(submission, device, rng):
    """Without a margin it is 1."""
    a, b, same = batch(rng, 10, 4, device)
    expect_close(submission.contrastive_loss(a, b, same), contrastive(a, b, same, 1.0), name="the loss")


@pytest.mark.points(1, hint="Can autograd follow every step from both embeddings of a pair to the loss?")
def test_contrastive_gradient(submission, device, rng):
    """The gradients of both embeddings of a pair have the same size and opposite directions."""
    a, b, same = batch(rng, 10, 4, device)
    difference = a - b
    distance = difference.square().sum(dim=1, keepdim=True).sqrt()
    apart = -(1.25 - distance).relu() * difference / distance
    of_a = 2 / 10 * torch.where(same.unsqueeze(1) == 1, difference, apart)
    loss = submission.contrastive_loss(a.requires_grad_(), b.requires_grad_(), same, margin=1.25)
    gradients = expect_gradient(loss, [a, b], name="the loss")
    expect_close(gradients[0], of_a, name="the gradient of a")
    expect_close(gradients[1], -of_a, name="the gradient of b")


@pytest.mark.points(1, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the function?")
def test_contrastive_loss_in_float64(submission, device, rng):
    """Embeddings in float64 give a loss in float64, with all its digits."""
    # Distances of about 10,000, so that a tiny number added to one of them does not count.
    for margin in (9e3, 12e3, 15e3):
        a, b, same = batch(rng, 8, 4, device, dtype=torch.float64, scale=1e4)
        loss = submission.contrastive_loss(a, b, same, margin=margin)
        loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
        expect_close(loss, contrastive(a, b, same, margin), name="the loss")


@pytest.mark.points(1, bonus=True, hint="What is the derivative of your distance where it is 0?")
def test_gradient_of_equal_pairs(submission, device, rng):
    """Bonus: pairs of equal embeddings have a finite gradient, and leave that of the others as it is."""
    a, b, same = batch(rng, 6, 4, device)
    b[2:4] = a[2:4]
    expected = contrastive(a, b, same, 1.0)
    of_positives = 2 / 6 * (a - b)[same == 1]
    loss = submission.contrastive_loss(a.requires_grad_(), b.requires_grad_(), same, margin=1.0)
    expect_close(loss, expected, atol=1e-2, name="the loss")
    gradients = expect_gradient(loss, [a, b], name="the loss")
    if not all(gradient.isfinite().all() for gradient in gradients):
        raise Expectation("The gradient is not finite.")
    expect_close(gradients[0][same == 1], of_positives, atol=1e-4, name="the gradient of a")


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_pairs_on_another_device(submission, rng):
    """Embeddings on another device than the CPU give the right loss there."""
    a, b, same = batch(rng, 8, 4, "cpu")
    loss = submission.contrastive_loss(a, b, same, margin=1.25)
    expect_close(loss, contrastive(a, b, same, 1.25), name="the loss")


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per pair? One operation does it for all.")
def test_no_loop_over_pairs(submission, rng):
    """Bonus: many pairs take no more steps than a few."""
    few, many = batch(rng, 8, 4, "cpu"), batch(rng, 64, 4, "cpu")
    expect_close(submission.contrastive_loss(*many), contrastive(*many, 1.0), name="the loss")
    expect_vectorised(submission, submission.contrastive_loss, few, many)


def fingerprint(submission):
    """What the known mistakes compute."""
    generator = torch.Generator().manual_seed(21)

    def loss_of(margin):
        return lambda *pairs: submission.contrastive_loss(*pairs, margin)

    for pairs, columns in ((9, 4), (6, 3)):
        given = batch(generator, pairs, columns, "cpu")
        for margin in (1.25, 0.75):
            yield observe("the loss", loss_of(margin), *given)
        yield observe("the default", submission.contrastive_loss, *given)
    yield observe("float64", loss_of(9e3), *batch(generator, 8, 4, "cpu", torch.float64, scale=1e4), extreme=True)
    a, b, same = batch(generator, 6, 4, "cpu")
    b[2:4] = a[2:4]
    yield observe("equal pairs", loss_of(1.25), a, b, same, extreme=True)
