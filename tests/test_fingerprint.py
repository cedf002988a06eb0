"""What is seen of a submission, and when a known mistake is recognised in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softmax

from grader.examiner.exceptions import StudentError
from grader.examiner.fingerprint import (
    MAX_ENTRIES,
    Fingerprint,
    KnownMistakes,
    Numbers,
    Observation,
    observe,
    take_fingerprint,
)

LOGITS = torch.tensor([[2.0, 1.0, 0.1], [0.5, -1.0, 3.0]])
TARGETS = torch.tensor([0, 1])
Loss = Callable[[Tensor, Tensor], Any]


def look_at(function: Loss, huge: bool = False) -> Fingerprint:
    """The fingerprint of a loss function, of one ordinary part and, if asked for, an extreme one."""

    def fingerprint(submission: Any) -> Iterator[Observation]:
        yield observe("loss", submission.loss, LOGITS, TARGETS)
        if huge:
            yield observe("huge logits", submission.loss, LOGITS * 1e4, TARGETS, extreme=True)

    return take_fingerprint(fingerprint, SimpleNamespace(loss=function))


def right(logits: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(logits, targets)


def by_hand(logits: Tensor, targets: Tensor) -> Tensor:
    return -(softmax(logits, dim=1)[torch.arange(len(targets)), targets]).log().mean()


def twice(logits: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(softmax(logits, dim=1), targets)


def twice_by_hand(logits: Tensor, targets: Tensor) -> Tensor:
    probabilities = logits.exp() / logits.exp().sum(1, keepdim=True)
    return (probabilities.exp().sum(1).log() - probabilities.gather(1, targets[:, None]).squeeze(1)).sum() / len(
        targets
    )


def summed(logits: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(logits, targets, reduction="sum")


def detached(logits: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(logits.detach(), targets)


def known(*, huge: bool = False, **mistakes: Loss) -> KnownMistakes:
    return KnownMistakes(look_at(right, huge), {name: look_at(one, huge) for name, one in mistakes.items()})


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (right, ()),
        (by_hand, ()),
        (twice, ("twice",)),
        (twice_by_hand, ("twice",)),
        (lambda logits, targets: right(logits, targets) * 2, ("summed",)),  # two samples
        (lambda logits, targets: by_hand(logits, targets).detach(), ("detached",)),
        (lambda logits, targets: twice(logits, targets).detach(), ()),
        (lambda logits, targets: twice(logits, targets).double(), ()),
        (lambda logits, targets: twice(logits, targets) * 1.001, ()),
        (lambda logits, targets: None, ()),
        (lambda logits, targets: 1 / 0, ()),
    ],
    ids=[
        "right",
        "by-hand",
        "twice",
        "twice-by-hand",
        "summed",
        "detached",
        "both",
        "double",
        "near",
        "none",
        "raises",
    ],
)
def test_a_mistake_is_recognised_by_what_it_computes(function: Loss, names: tuple[str, ...]) -> None:
    assert known(twice=twice, summed=summed, detached=detached).recognise(look_at(function)) == names


def test_nothing_is_said_where_two_mistakes_explain_it_equally_well() -> None:
    assert known(twice=twice, again=twice_by_hand).recognise(look_at(twice)) == ()


def test_a_mistake_that_computes_what_is_right_is_never_recognised() -> None:
    assert known(none=by_hand).recognise(look_at(by_hand)) == ()


def test_values_and_gradients_both_count() -> None:
    def wrong_gradient(logits: Tensor, targets: Tensor) -> Tensor:
        loss = cross_entropy(logits, targets)
        return loss.detach() + 0.5 * (loss - loss.detach())

    assert known(halved=wrong_gradient).recognise(look_at(right)) == ()
    assert known(halved=wrong_gradient).recognise(look_at(wrong_gradient)) == ("halved",)


def test_one_agreement_is_no_evidence() -> None:
    """A function that raises where a mistake raises could be anything."""

    def broken(logits: Tensor, targets: Tensor) -> Tensor:
        raise ValueError("one thing")

    def otherwise(logits: Tensor, targets: Tensor) -> Tensor:
        raise ValueError("another")

    assert known(broken=broken).recognise(look_at(otherwise)) == ()


def test_extreme_inputs_tell_only_what_nothing_else_does() -> None:
    mistakes = known(huge=True, overflow=by_hand, twice=twice)
    assert mistakes.recognise(look_at(by_hand, huge=True)) == ("overflow",)
    assert mistakes.recognise(look_at(right, huge=True)) == ()

    def twice_overflowing(logits: Tensor, targets: Tensor) -> Tensor:
        return by_hand(softmax(logits, dim=1), targets)

    assert mistakes.recognise(look_at(twice_overflowing, huge=True)) == ("twice",)  # and not for its huge logits


def test_parts_are_judged_apart() -> None:
    """Two functions in one file: each one's mistake is found, whatever the other does."""

    def fingerprint(submission: Any) -> Iterator[Observation]:
        yield observe("double", submission.double, torch.tensor([1.0, 2.0, 3.0]))
        yield observe("square", submission.square, torch.tensor([1.0, 2.0, 3.0]))

    def take(double: Callable[..., Any], square: Callable[..., Any]) -> Fingerprint:
        return take_fingerprint(fingerprint, SimpleNamespace(double=double, square=square))

    reference = take(lambda x: 2 * x, lambda x: x**2)
    mistakes = KnownMistakes(
        reference, {"tripled": take(lambda x: 3 * x, lambda x: x**2), "cubed": take(lambda x: 2 * x, lambda x: x**3)}
    )
    assert mistakes.recognise(take(lambda x: x + x + x, lambda x: x * x * x)) == ("tripled", "cubed")
    assert mistakes.recognise(take(lambda x: x + x + x, lambda x: x - 7)) == ("tripled",)
    assert mistakes.recognise(take(lambda x: x - 7, lambda x: x - 7)) == ()


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (None, ["None"]),
        ("text", ["str"]),
        (object(), ["an object"]),
        ((1, "a"), ["tuple of 2", "number", "str"]),
        ({"b": 1.5, "a": True}, ["dict of a, b", "bool", "number"]),
        (np.ones(2), ["numpy torch.float64 (2,)"]),
        (torch.zeros(5000), ["Tensor, large"]),
        (torch.tensor([1 + 2j]), ["torch.complex64 (1,)"]),
        ([[[[1]]]], ["list of 1", "list of 1", "list of 1", "an object"]),
        (torch.zeros(0), ["torch.float32 (0,)"]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_anything_may_come_back(value: object, seen: list[str]) -> None:
    observation = observe("any", lambda: value)
    assert [one.kind if isinstance(one, Numbers) else one for one in observation.entries] == seen


def test_what_comes_back_costs_little_however_large_it_is() -> None:
    """A student's process can name one tensor a hundred thousand times in a message of a few bytes."""
    tensor, huge = torch.ones(4096, requires_grad=True), torch.ones(1 << 22, requires_grad=True)
    key = torch.ones(1 << 20)
    for value in (
        [tensor] * 200_000,
        [[[tensor] * 500] * 500] * 500,
        [huge] * 100_000,
        {0: [[huge.detach().numpy()] * 9]},
    ):
        seen = observe("flood", lambda given, value=value: value, torch.ones(2))
        assert len(seen.entries) <= MAX_ENTRIES
        assert sum(one.values.numel() for one in seen.entries if isinstance(one, Numbers)) <= MAX_ENTRIES * 4096
    entries = observe("keys", lambda: {(key, number): key for number in range(200_000)}).entries
    assert entries == ("dict of a key", "Tensor, large")


def test_inputs_that_are_changed_harm_nobody() -> None:
    values = torch.ones(3)

    def spoil(given: Tensor) -> Tensor:
        with torch.no_grad():
            return given.mul_(2)

    first, second = (observe("spoilt", spoil, values, gradients=False) for _ in range(2))
    assert values.tolist() == [1, 1, 1]
    assert [one.values.tolist() for one in first.entries if isinstance(one, Numbers)] == [[2, 2, 2]]
    assert str(first) == str(second)


def test_exceptions_are_compared_by_kind_and_topic() -> None:
    """A student's process words them otherwise than this one."""

    def fail(error: Exception) -> Callable[[], None]:
        def call() -> None:
            raise error

        return call

    here = observe(
        "in place", fail(RuntimeError("a leaf Variable that requires grad is used in an in-place operation"))
    )
    there = observe("in place", fail(StudentError("RuntimeError", "a view of a leaf is used in an inplace operation")))
    assert here == there
    assert here.entries == ("raised RuntimeError, in place",)


def test_something_else_than_an_observation_is_refused() -> None:
    with pytest.raises(TypeError, match="what observe"):
        take_fingerprint(lambda submission: iter([submission]), 1)
