"""Expectations for checks: each failure says in words what came back, and is safe for a student to read.

Use them instead of a bare ``assert`` wherever the words help; a bare assert shows the student title and hint only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grader.examiner.figure import Figure, describe_here
from grader.sandbox.figure import MAX_AXES, MAX_SERIES

# Relative and absolute: room for every right way to compute a loss, and for sums over thousands of terms.
SINGLE = (1e-4, 1e-6)
DOUBLE = (1e-8, 1e-10)
TOLERANCES = {
    torch.float16: (1e-2, 1e-3),
    torch.bfloat16: (5e-2, 1e-2),
    torch.float64: DOUBLE,
    torch.complex128: DOUBLE,
}


class Expectation(AssertionError):
    """A check's expectation that does not hold.

    ``message`` holds neither inputs nor expected values, so it is shown of hidden checks too; ``detail`` may hold them.
    """

    def __init__(self, message: str, detail: str | None = None) -> None:
        super().__init__(message if detail is None else f"{message}\n{detail}")
        self.message = message
        self.detail = detail


def describe(value: Any) -> str:
    """Return what kind of thing a value is, without showing what is in it."""
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)} and dtype {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, np.ndarray):
        return f"a numpy array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, list | tuple | dict | str):
        return f"a {type(value).__name__} of length {len(value)}"
    if getattr(type(value), "handle_number", None) is not None:
        return f"an object ({value!r})"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def expect_tensor(
    value: Any, shape: Sequence[int] | None = None, dtype: torch.dtype | None = None, name: str = "the result"
) -> Tensor:
    """Return ``value`` if it is a tensor, of ``shape`` and ``dtype`` where given.

    Raises:
        Expectation: it is something else; the message says what.
    """
    if not isinstance(value, Tensor):
        advice = ": is a return statement missing?" if value is None else "."
        raise Expectation(f"{_capital(name)} should be a tensor, but it is {describe(value)}{advice}")
    if shape is not None and tuple(value.shape) != tuple(shape):
        raise Expectation(f"{_capital(name)} should have shape {tuple(shape)}, but it has {tuple(value.shape)}.")
    if dtype is not None and value.dtype != dtype:
        wanted, got = (str(kind).removeprefix("torch.") for kind in (dtype, value.dtype))
        raise Expectation(f"{_capital(name)} should have dtype {wanted}, but it has {got}.")
    return value


def expect_scalar(value: Any, name: str = "the loss") -> Tensor:
    """Return ``value`` if it is a floating tensor with no dimensions, shape ``()``.

    Raises:
        Expectation: it is something else; the message says what.
    """
    tensor = expect_tensor(value, name=name)
    if tensor.shape != ():
        shape = tuple(tensor.shape)
        raise Expectation(f"{_capital(name)} should be one number, a tensor of shape (), but it has shape {shape}.")
    if not tensor.is_floating_point():
        kind = str(tensor.dtype).removeprefix("torch.")
        raise Expectation(f"{_capital(name)} should be a floating point number, but its dtype is {kind}.")
    return tensor


def expect_number(value: Any, name: str = "the result") -> float:
    """Return a Python number or a tensor with one element as a float.

    Raises:
        Expectation: it is something else, or not finite.
    """
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        advice = ": is a return statement missing?" if value is None else "."
        raise Expectation(f"{_capital(name)} should be a number, but it is {describe(value)}{advice}")
    try:
        number = float(value)
    except OverflowError:
        raise Expectation(f"{_capital(name)} is too large a number.") from None
    if not math.isfinite(number):
        raise Expectation(f"{_capital(name)} should be a finite number, but it is {number}.")
    return number


def expect_parts(value: Any, count: int, message: str) -> tuple[Any, ...]:
    """Return the ``count`` parts of a tuple, a list or whatever else can be unpacked.

    Raises:
        Expectation: it cannot, or has another number of parts; ``message`` says so to the student.
    """
    try:
        parts = tuple(value)
    except TypeError:
        parts = ()
    if len(parts) != count:
        raise Expectation(message)
    return parts


def expect_close(
    actual: Any,
    expected: Tensor | float,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    name: str = "the result",
) -> None:
    """Expect a tensor (or a number, where ``expected`` is one) within ``atol + rtol * |expected|`` of ``expected``.

    The dtypes may differ: the comparison is made in double precision. Without tolerances, those of the less exact of
    the two dtypes count (see ``TOLERANCES``); those of single precision for numbers. In double precision they tell a
    result that was computed in single precision on the way.

    Raises:
        Expectation: another kind, shape or value, or NaN where none is expected.
        ValueError: ``expected`` is a number that is not finite, which no number could be told from.
    """
    if not isinstance(expected, Tensor):
        if not math.isfinite(expected):
            raise ValueError(f"the expected number is {expected}")
        number = expect_number(actual, name)
        relative, absolute = _choose_tolerances(rtol, atol, torch.float32)
        if abs(number - expected) > absolute + relative * abs(expected):
            raise Expectation(f"{_capital(name)} has a wrong value.", f"expected {expected:.6g}, got {number:.6g}")
        return
    tensor = expect_tensor(actual, tuple(expected.shape), name=name).detach()
    if tensor.is_complex() != expected.is_complex():
        raise Expectation(f"{_capital(name)} should be {describe(expected)}, but it is {describe(tensor)}.")
    kind = torch.complex128 if expected.is_complex() else torch.float64
    got, wanted = tensor.to(kind), expected.detach().to(kind)
    if got.isnan().any() and not wanted.isnan().any():
        raise Expectation(f"{_capital(name)} is NaN (not a number){'' if got.ndim == 0 else ' in places'}.")
    relative, absolute = _choose_tolerances(rtol, atol, tensor.dtype, expected.dtype)
    close = torch.isclose(got, wanted, rtol=relative, atol=absolute, equal_nan=True)
    if not close.all():
        raise Expectation(_describe_wrong(name, close), _compare(got, wanted, close))


def _choose_tolerances(rtol: float | None, atol: float | None, *dtypes: torch.dtype) -> tuple[float, float]:
    relative, absolute = max(TOLERANCES.get(dtype, SINGLE) for dtype in dtypes)
    return relative if rtol is None else rtol, absolute if atol is None else atol


def expect_gradient(value: Any, inputs: Tensor | Sequence[Tensor], name: str = "the result") -> tuple[Tensor, ...]:
    """Return the gradient of ``value`` (summed) with respect to each of ``inputs``; zeros where it does not depend.

    Raises:
        Expectation: the value is complex, or detached from the graph, or no gradient reaches any of the inputs.
    """
    tensor = expect_tensor(value, name=name)
    if tensor.is_complex():
        raise Expectation(f"{_capital(name)} should be real, but it is {describe(tensor)}.")
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not tensor.requires_grad:
        raise Expectation(
            f"No gradient flows back from {name}: it is detached from the graph "
            "(by .detach(), .data, .item(), numpy or torch.no_grad)."
        )
    gradients = torch.autograd.grad(tensor.sum(), wanted, allow_unused=True, retain_graph=True)
    if all(gradient is None for gradient in gradients):
        raise Expectation(f"No gradient flows from {name} back to its inputs.")
    return tuple(
        torch.zeros_like(tensor) if gradient is None else gradient
        for tensor, gradient in zip(wanted, gradients, strict=True)
    )


def expect_vectorised(submission: Any, function: Any, small: Sequence[Any], large: Sequence[Any]) -> None:
    """Expect that a function takes as many steps for the arguments ``large`` as for ``small``, a smaller batch.

    Samples are counted along the first dimension of the first tensor that has one. A loop over samples adds at least a
    step for each; what differs by less (a branch that was taken) is no matter. This is evidence and no proof, since
    the steps are counted in the student's process.

    Raises:
        Expectation: operations of torch or steps of Python grow with the batch.
        ValueError: ``large`` has no more samples than ``small``.
    """
    few, many = _count_samples(small), _count_samples(large)
    if many <= few:
        raise ValueError(f"the larger batch has {many} samples, the smaller {few}")
    costs = submission.cost(function, *small), submission.cost(function, *large)
    kinds = {
        "operations on tensors": [cost.operations for cost in costs],
        "steps of Python": [cost.opcodes for cost in costs],
    }
    growing = [kind for kind, (before, after) in kinds.items() if after - before >= many - few]
    if growing:
        counts = (f"{kinds[kind][0]} {kind} for {few} samples, {kinds[kind][1]} for {many}" for kind in growing)
        # The counts come from the student's process, which could write anything into them: not for every reader.
        raise Expectation(
            f"The larger the batch, the more {' and '.join(growing)}: is there a loop over samples? "
            "Compute with whole tensors instead.",
            "; ".join(counts),
        )


def _count_samples(arguments: Sequence[Any]) -> int:
    for value in arguments:
        if isinstance(value, Tensor) and value.ndim:
            return len(value)
    raise ValueError("none of the arguments is a tensor with a dimension of samples")


def expect_unchanged(submission: Any, function: Any, /, *arguments: Any, **keywords: Any) -> None:
    """Expect that a function leaves what it is passed as it was. This is evidence: the student's process looks.

    Raises:
        Expectation: it changes an argument in place; the message says which.
    """
    changed = submission.cost(function, *arguments, **keywords).inputs_changed
    if changed:
        listed = " and ".join(_name_argument(name) for name in changed)
        raise Expectation(
            f"The code changes {listed} in place, and whoever passed it still needs it. "
            "Make a new tensor: x = x - 1 does, while x -= 1, x[0] = 1 and x.sub_(1) change what was passed."
        )


def _name_argument(name: int | str) -> str:
    if isinstance(name, str):
        return f"its argument {name!r}"
    ordinals = ("first", "second", "third", "fourth", "fifth")
    return f"its {ordinals[name]} argument" if name < len(ordinals) else f"its argument number {name + 1}"


def expect_figure(value: Any, name: str = "the result") -> Figure:
    """Return what a matplotlib figure shows, as plain data; the report then shows a picture of it.

    Raises:
        Expectation: it is something else; the message says what.
    """
    remote = getattr(type(value), "handle_figure", None)
    figure: Figure | None = remote(value) if remote is not None else describe_here(value)
    if figure is None:
        advice = ": is a return statement missing?" if value is None else "."
        raise Expectation(f"{_capital(name)} should be a matplotlib figure, but it is {describe(value)}{advice}")
    if not figure.whole:
        raise Expectation(
            f"{_capital(name)} has more than {MAX_AXES} axes, or more than {MAX_SERIES} lines in one: draw points that "
            "belong together with one call of scatter() or plot()."
        )
    return figure


def _capital(name: str) -> str:
    # The name of a function begins a sentence as it is written in code.
    return name if "_" in name.partition(" ")[0] else name[:1].upper() + name[1:]


def _describe_wrong(name: str, close: Tensor) -> str:
    if close.ndim == 0:
        return f"{_capital(name)} has a wrong value."
    wrong = int((~close).sum())
    return f"{_capital(name)} has wrong values: {wrong} of {close.numel()}."


def _compare(got: Tensor, wanted: Tensor, close: Tensor) -> str:
    if close.ndim == 0:
        return f"expected {wanted.item():.6g}, got {got.item():.6g}"
    place = tuple(int(index) for index in (~close).nonzero()[0])
    where = ", ".join(map(str, place))
    return f"at [{where}]: expected {wanted[place].item():.6g}, got {got[place].item():.6g}"
