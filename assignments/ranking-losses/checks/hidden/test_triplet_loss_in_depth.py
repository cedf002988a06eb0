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

pytestmark = pytest.mark.question("triplet-loss")


def batch(rng, triplets, columns, device, dtype=torch.float32, scale=1.0):
    """Embeddings at distances around scale."""
    size = scale * (0.5 / columns) ** 0.5
    return tuple((size * torch.randn(triplets, columns, generator=rng, dtype=dtype)).to(device) for _ in range(3))


def triplet(anchor, positive, negative, margin):
    """The formula triplet by triplet, with Python's numbers; a tensor of the dtype of anchor."""
    rows = zip(anchor.tolist(), positive.tolist(), negative.tolist(), strict=True)
    total = sum(max(0.0, math.dist(one, near) - math.dist(one, far) + margin) for one, near, far in rows)
    return torch.tensor(total / len(anchor), dtype=anchor.dtype, device=anchor.device)


@pytest.mark.points(
    1, hint="Which dimension does the distance sum over? What is averaged? Is an argument written into?"
)
@pytest.mark.parametrize(("triplets", "columns"), [(12, 4), (1, 3), (6, 1), (2, 2), (60, 128)])
def test_triplet_loss_of_any_batch(submission, device, rng, triplets, columns):
    """One triplet, one column, and 60 triplets of 128 columns all work, and are left as they were."""
    for margin in (0.5, 0.0, 0.1):
        embeddings = batch(rng, triplets, columns, device)
        loss = submission.triplet_loss(*embeddings, margin)
        loss = expect_tensor(loss, shape=(), dtype=torch.float32, name="the loss")
        expect_close(loss, triplet(*embeddings, margin), name="the loss")
    expect_unchanged(submission, submission.triplet_loss, *embeddings, margin)


@pytest.mark.points(1, hint="Can a triplet cost less than 0? Can one make up for another?")
def test_easy_triplets(submission, device, rng):
    """Easy triplets cost 0, and do not make up for hard ones."""
    anchor, positive, negative = batch(rng, 10, 4, device)
    loss = submission.triplet_loss(anchor, positive, negative + 20, margin=0.5)
    expect_close(loss, torch.zeros((), device=device), name="the loss")
    negative[3:] += 20
    positive[:3] += 3
    loss = submission.triplet_loss(anchor, positive, negative, margin=0.5)
    expect_close(loss, triplet(anchor, positive, negative, 0.5), name="the loss")


@pytest.mark.points(1, hint="Read the signature in the docstring again.")
def test_default_margin_of_triplets(submission, device, rng):
    """Without a margin it is 1."""
    embeddings = batch(rng, 10, 4, device)
    expect_close(submission.triplet_loss(*embeddings), triplet(*embeddings, 1.0), name="the loss")


@pytest.mark.points(1, hint="Can autograd follow every step from all three embeddings to the loss?")
def test_triplet_gradient(submission, device, rng):
    """The gradient reaches anchor, positive and negative, and is 0 for triplets that cost nothing."""
    anchor, positive, negative = batch(rng, 12, 4, device)
    negative[:4] *= 4
    near, far = anchor - positive, anchor - negative
    near_distance, far_distance = (one.square().sum(dim=1, keepdim=True).sqrt() for one in (near, far))
    costs = (near_distance - far_distance + 0.3 > 0).to(anchor.dtype) / 12
    of_positive, of_negative = -costs * near / near_distance, costs * far / far_distance
    inputs = [one.requires_grad_() for one in (anchor, positive, negative)]
    gradients = expect_gradient(submission.triplet_loss(*inputs, margin=0.3), inputs, name="the loss")
    expect_close(gradients[0], -of_positive - of_negative, name="the gradient of the anchor")
    expect_close(gradients[1], of_positive, name="the gradient of the positive")
    expect_close(gradients[2], of_negative, name="the gradient of the negative")


@pytest.mark.points(1, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the function?")
def test_triplet_loss_in_float64(submission, device, rng):
    """Embeddings in float64 give a loss in float64, with all its digits."""
    # Distances of about 10,000, so that a tiny number added to one of them does not count.
    for margin in (3e3, 5e3, 8e3):
        embeddings = batch(rng, 8, 4, device, dtype=torch.float64, scale=1e4)
        loss = submission.triplet_loss(*embeddings, margin=margin)
        loss = expect_tensor(loss, shape=(), dtype=torch.float64, name="the loss")
        expect_close(loss, triplet(*embeddings, margin), name="the loss")


@pytest.mark.points(1, bonus=True, hint="What is the derivative of your distance where it is 0?")
def test_gradient_of_equal_triplets(submission, device, rng):
    """Bonus: the gradient is finite where the anchor equals the positive or the negative."""
    anchor, positive, negative = batch(rng, 6, 4, device)
    positive[1], negative[2] = anchor[1], anchor[2]
    positive[3] = negative[3] = anchor[3]
    expected = triplet(anchor, positive, negative, 1.0)
    inputs = [one.requires_grad_() for one in (anchor, positive, negative)]
    loss = submission.triplet_loss(*inputs, margin=1.0)
    expect_close(loss, expected, atol=1e-2, name="the loss")
    if not all(gradient.isfinite().all() for gradient in expect_gradient(loss, inputs, name="the loss")):
        raise Expectation("The gradient is not finite.")


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_triplets_on_another_device(submission, rng):
    """Embeddings on another device than the CPU give the right loss there."""
    embeddings = batch(rng, 8, 4, "cpu")
    loss = submission.triplet_loss(*embeddings, margin=0.5)
    expect_close(loss, triplet(*embeddings, 0.5), name="the loss")


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per triplet? One operation does it for all.")
def test_no_loop_over_triplets(submission, rng):
    """Bonus: many triplets take no more steps than a few."""
    few, many = batch(rng, 8, 4, "cpu"), batch(rng, 64, 4, "cpu")
    expect_close(submission.triplet_loss(*many), triplet(*many, 1.0), name="the loss")
    expect_vectorised(submission, submission.triplet_loss, few, many)


def fingerprint(submission):
    """What the known mistakes compute."""
    generator = torch.Generator().manual_seed(22)

    def loss_of(margin):
        return lambda *triplets: submission.triplet_loss(*triplets, margin)

    for triplets, columns in ((9, 4), (6, 3)):
        given = batch(generator, triplets, columns, "cpu")
        for margin in (0.5, 0.1):
            yield observe("the loss", loss_of(margin), *given)
        yield observe("the default", submission.triplet_loss, *given)
        anchor, positive, negative = given
        negative[: triplets // 2] *= 8
        yield observe("the loss", loss_of(0.5), anchor, positive, negative)
    yield observe("float64", loss_of(5e3), *batch(generator, 8, 4, "cpu", torch.float64, scale=1e4), extreme=True)
    anchor, positive, negative = batch(generator, 6, 4, "cpu")
    positive[1], negative[2] = anchor[1], anchor[2]
    yield observe("equal triplets", loss_of(0.5), anchor, positive, negative, extreme=True)
