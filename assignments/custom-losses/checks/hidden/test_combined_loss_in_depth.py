import pytest
import torch

from grader.examiner.expect import (
    expect_close,
    expect_gradient,
    expect_parts,
    expect_tensor,
    expect_unchanged,
    expect_vectorised,
)
from grader.examiner.fingerprint import observe

pytestmark = pytest.mark.question("combined-loss")
NAMES = ("the total", "ce", "mse")


def unpack(value):
    """The three parts of a result."""
    return expect_parts(value, 3, "CombinedLoss should return a tuple of three: (total, ce, mse).")


def batch(rng, samples, classes, device, dtype=torch.float32):
    """Logits and correct classes, predictions and targets."""
    class_logits = torch.randn(samples, classes, generator=rng, dtype=dtype)
    class_targets = torch.randint(classes, (samples,), generator=rng)
    reg_predictions, reg_targets = 1.5 * torch.randn(2, samples, generator=rng, dtype=dtype)
    return tuple(one.to(device) for one in (class_logits, class_targets, reg_predictions, reg_targets))


def combined(alpha, class_logits, class_targets, reg_predictions, reg_targets):
    """The formulas sample by sample, in float64; the dtype of the results is that of the logits."""
    n, dtype = len(class_targets), class_logits.dtype
    rows = zip(class_logits.double(), class_targets.tolist(), strict=True)
    ce = sum(row.logsumexp(dim=0) - row[target] for row, target in rows) / n
    pairs = zip(reg_predictions.double(), reg_targets.double(), strict=True)
    mse = sum((prediction - target) * (prediction - target) for prediction, target in pairs) / n
    return (alpha * ce + (1 - alpha) * mse).to(dtype), ce.to(dtype), mse.to(dtype)


def expect_losses(result, expected):
    """Fail unless total, ce and mse are as expected, in value, shape and dtype."""
    for name, part, wanted in zip(NAMES, unpack(result), expected, strict=True):
        expect_tensor(part, shape=(), dtype=wanted.dtype, name=name)
        expect_close(part, wanted, name=name)


@pytest.mark.points(1, hint="What do both losses average over? Does that hold for a batch of one?")
@pytest.mark.parametrize(("samples", "classes"), [(6, 3), (1, 4), (5, 2), (40, 150)])
def test_combined_loss_of_any_batch(submission, device, rng, samples, classes):
    """One sample, two classes, and 150 classes all work, again and again."""
    loss_fn = submission.CombinedLoss(alpha=0.25).to(device)
    for _ in range(2):
        arguments = batch(rng, samples, classes, device)
        expect_losses(loss_fn(*arguments), combined(0.25, *arguments))


@pytest.mark.points(
    1, hint="What is left of the total with alpha = 1, and 0? Where is alpha kept? Is an argument written into?"
)
def test_other_alphas(submission, device, rng):
    """Losses with alphas of 0, 0.3, 0.9 and 1 can be used side by side, and leave their arguments alone."""
    alphas = (0.0, 0.3, 0.9, 1.0)
    losses = [submission.CombinedLoss(alpha=alpha).to(device) for alpha in alphas]
    arguments = batch(rng, 6, 3, device)
    for alpha, loss_fn in zip(alphas, losses, strict=True):
        total, _, _ = unpack(loss_fn(*arguments))
        expect_close(total, combined(alpha, *arguments)[0], name="the total")
        expect_unchanged(submission, loss_fn, *arguments)


@pytest.mark.points(1, hint="Read the signature in the docstring again.")
def test_default_alpha(submission, device, rng):
    """CombinedLoss() uses alpha = 0.5."""
    arguments = batch(rng, 6, 3, device)
    total, _, _ = unpack(submission.CombinedLoss().to(device)(*arguments))
    expect_close(total, combined(0.5, *arguments)[0], name="the total")


@pytest.mark.points(1, hint="Can autograd follow every step from both predictions to the total?")
def test_combined_loss_gradients(submission, device, rng):
    """The gradients of the total reach the logits and the predictions, each with its share."""
    class_logits, class_targets, reg_predictions, reg_targets = batch(rng, 6, 3, device)
    one_hot = torch.nn.functional.one_hot(class_targets, 3)
    of_logits = 0.7 * (class_logits.softmax(dim=1) - one_hot) / 6
    of_predictions = 0.3 * 2 * (reg_predictions - reg_targets) / 6
    inputs = [class_logits.requires_grad_(), reg_predictions.requires_grad_()]
    loss_fn = submission.CombinedLoss(alpha=0.7).to(device)
    total, _, _ = unpack(loss_fn(class_logits, class_targets, reg_predictions, reg_targets))
    gradients = expect_gradient(total, inputs, name="the total")
    expect_close(gradients[0], of_logits, name="the gradient of the logits")
    expect_close(gradients[1], of_predictions, name="the gradient of the predictions")


@pytest.mark.points(1, hint="Is there a conversion, or a tensor made with a fixed dtype, inside the loss?")
def test_combined_loss_in_float64(submission, device, rng):
    """Arguments in float64 give three losses in float64."""
    arguments = batch(rng, 6, 3, device, dtype=torch.float64)
    expect_losses(submission.CombinedLoss(alpha=0.75).to(device)(*arguments), combined(0.75, *arguments))


@pytest.mark.points(1, bonus=True, hint="Can you get the logarithm of a softmax without the softmax itself?")
def test_large_logits(submission, device):
    """Bonus: logits of 10,000 give exact losses."""
    class_logits = torch.tensor([[1e4, 0.0, -1e4], [0.0, 200.0, 0.0], [5.0, 1.0, 1.0]], device=device)
    class_targets = torch.tensor([1, 0, 0], device=device)
    arguments = (class_logits, class_targets, torch.ones(3, device=device), torch.zeros(3, device=device))
    expect_losses(submission.CombinedLoss(alpha=0.5).to(device)(*arguments), combined(0.5, *arguments))


@pytest.mark.points(1, hint="On which device is each tensor that your code makes?")
@pytest.mark.device("shadow")
def test_combined_loss_on_another_device(submission, rng):
    """Arguments on another device than the CPU give the right losses there."""
    arguments = batch(rng, 6, 3, "cpu")
    loss_fn = submission.CombinedLoss(alpha=0.25).to("cpu")  # what this names is the device of the check
    expect_losses(loss_fn(*arguments), combined(0.25, *arguments))


@pytest.mark.points(1, bonus=True, hint="Which of your steps runs once per sample? One operation does it for all.")
def test_no_loop_in_combined_loss(submission, rng):
    """Bonus: a large batch takes no more steps than a small one, in all three losses."""
    loss_fn = submission.CombinedLoss(alpha=0.25)
    small, large = batch(rng, 8, 4, "cpu"), batch(rng, 64, 4, "cpu")
    expect_losses(loss_fn(*large), combined(0.25, *large))
    expect_vectorised(submission, loss_fn, small, large)


def fingerprint(submission):
    """What the known mistakes compute: the total with its gradients, and the parts, which may have none."""
    generator = torch.Generator().manual_seed(16)

    def total_of(**alpha):
        return lambda *given: submission.CombinedLoss(**alpha)(*given)[0]

    def parts(*given):
        return submission.CombinedLoss(alpha=0.7)(*given)

    def side_by_side(*given):
        losses = [submission.CombinedLoss(alpha=alpha) for alpha in (0.2, 0.9)]
        return [loss_fn(*given)[0] for loss_fn in losses]

    for samples, classes in ((5, 3), (4, 6)):
        given = batch(generator, samples, classes, "cpu")
        for alpha in (0.7, 0.2):
            yield observe("the total", total_of(alpha=alpha), *given)
        yield observe("the parts", parts, *given, gradients=False)
        yield observe("two losses", side_by_side, *given, gradients=False)
        yield observe("the default", total_of(), *given)
    class_logits, class_targets, reg_predictions, reg_targets = given
    large = (1000.0 * class_logits, class_targets, reg_predictions, reg_targets)
    yield observe("large logits", total_of(alpha=0.7), *large, extreme=True)
    given = (class_logits.double(), class_targets, reg_predictions.double(), reg_targets.double())
    yield observe("float64", total_of(alpha=0.7), *given, extreme=True)
