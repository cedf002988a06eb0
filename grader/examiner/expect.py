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
from grader.language import _, later
from grader.sandbox.figure import MAX_AXES, MAX_SERIES

RESULT = later("the result")
LOSS = later("the loss")
# What checks often call what came back, marked for the catalogs.
_NAMES = (
    later("the gradient"),
    later("the gradient of the logits"),
    later("the gradient of the predictions"),
    later("the loss of one sample"),
    later("the total"),
    later("the slope"),
    later("the weight"),
    later("the bias"),
)
# The same, around a name that is code.
_AROUND = (
    later("the result of {name}"),
    later("the gradient of {name}"),
    later("the tensor {name}"),
    later("what {name} returns"),
)
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
    ``came`` is the part of the message that tells of what came back: of hidden checks it is shown without sizes that
    only the submission's code chose.
    """

    def __init__(self, message: str, detail: str | None = None, *, came: str = "") -> None:
        super().__init__(message if detail is None else f"{message}\n{detail}")
        self.message = message
        self.detail = detail
        self.came = came


def describe(value: Any) -> str:
    """Return what kind of thing a value is, without showing what is in it."""
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return _("a tensor of shape {shape} and dtype {dtype}", shape=tuple(value.shape), dtype=dtype)
    if isinstance(value, np.ndarray):
        return _("a numpy array of shape {shape} and dtype {dtype}", shape=value.shape, dtype=value.dtype)
    if isinstance(value, list | tuple | dict | str):
        return _("a {type} of length {length}", type=type(value).__name__, length=len(value))
    if getattr(type(value), "handle_number", None) is not None:
        return _("an object ({object})", object=repr(value))
    name = type(value).__name__
    return _("an {type}", type=name) if name[0] in "aeiou" else _("a {type}", type=name)


def expect_tensor(
    value: Any, shape: Sequence[int] | None = None, dtype: torch.dtype | None = None, name: str = RESULT
) -> Tensor:
    """Return ``value`` if it is a tensor, of ``shape`` and ``dtype`` where given.

    Raises:
        Expectation: it is something else; the message says what.
    """
    if not isinstance(value, Tensor):
        raise _explain_kind(later("{name} should be a tensor, but it is {came}."), name, value)
    if shape is not None and tuple(value.shape) != tuple(shape):
        told = {"name": _begin(name), "shape": tuple(shape), "came": str(tuple(value.shape))}
        raise Expectation(_("{name} should have shape {shape}, but it has {came}.", **told), came=str(told["came"]))
    if dtype is not None and value.dtype != dtype:
        wanted, got = (str(kind).removeprefix("torch.") for kind in (dtype, value.dtype))
        raise Expectation(
            _("{name} should have dtype {dtype}, but it has {came}.", name=_begin(name), dtype=wanted, came=got)
        )
    return value


def expect_scalar(value: Any, name: str = LOSS) -> Tensor:
    """Return ``value`` if it is a floating tensor with no dimensions, shape ``()``.

    Raises:
        Expectation: it is something else; the message says what.
    """
    tensor = expect_tensor(value, name=name)
    if tensor.shape != ():
        shape = str(tuple(tensor.shape))
        message = _(
            "{name} should be one number, a tensor of shape (), but it has shape {came}.", name=_begin(name), came=shape
        )
        raise Expectation(message, came=shape)
    if not tensor.is_floating_point():
        kind = str(tensor.dtype).removeprefix("torch.")
        raise Expectation(
            _("{name} should be a floating point number, but its dtype is {dtype}.", name=_begin(name), dtype=kind)
        )
    return tensor


def expect_number(value: Any, name: str = RESULT) -> float:
    """Return a Python number or a tensor with one element as a float.

    Raises:
        Expectation: it is something else, or not finite.
    """
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _explain_kind(later("{name} should be a number, but it is {came}."), name, value)
    try:
        number = float(value)
    except OverflowError:
        raise Expectation(_("{name} is too large a number.", name=_begin(name))) from None
    if not math.isfinite(number):
        raise Expectation(_("{name} should be a finite number, but it is {number}.", name=_begin(name), number=number))
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
    name: str = RESULT,
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
            raise Expectation(_describe_wrong(name, None), _tell_values(expected, number))
        return
    tensor = expect_tensor(actual, tuple(expected.shape), name=name).detach()
    if tensor.is_complex() != expected.is_complex():
        told = {"name": _begin(name), "wanted": describe(expected), "came": describe(tensor)}
        raise Expectation(_("{name} should be {wanted}, but it is {came}.", **told), came=told["came"])
    kind = torch.complex128 if expected.is_complex() else torch.float64
    got, wanted = tensor.to(kind), expected.detach().to(kind)
    if got.isnan().any() and not wanted.isnan().any():
        if got.ndim == 0:
            raise Expectation(_("{name} is NaN (not a number).", name=_begin(name)))
        raise Expectation(_("{name} is NaN (not a number) in places.", name=_begin(name)))
    relative, absolute = _choose_tolerances(rtol, atol, tensor.dtype, expected.dtype)
    close = torch.isclose(got, wanted, rtol=relative, atol=absolute, equal_nan=True)
    if not close.all():
        raise Expectation(_describe_wrong(name, close), _compare(got, wanted, close))


def _choose_tolerances(rtol: float | None, atol: float | None, *dtypes: torch.dtype) -> tuple[float, float]:
    relative, absolute = max(TOLERANCES.get(dtype, SINGLE) for dtype in dtypes)
    return relative if rtol is None else rtol, absolute if atol is None else atol


def expect_gradient(value: Any, inputs: Tensor | Sequence[Tensor], name: str = RESULT) -> tuple[Tensor, ...]:
    """Return the gradient of ``value`` (summed) with respect to each of ``inputs``; zeros where it does not depend.

    Raises:
        Expectation: the value is complex, or detached from the graph, or no gradient reaches any of the inputs.
    """
    tensor = expect_tensor(value, name=name)
    if tensor.is_complex():
        came = describe(tensor)
        raise Expectation(_("{name} should be real, but it is {came}.", name=_begin(name), came=came), came=came)
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not tensor.requires_grad:
        raise Expectation(
            _(
                "No gradient flows back from {name}: it is detached from the graph "
                "(by .detach(), .data, .item(), numpy or torch.no_grad).",
                name=_say(name),
            )
        )
    gradients = torch.autograd.grad(tensor.sum(), wanted, allow_unused=True, retain_graph=True)
    if all(gradient is None for gradient in gradients):
        raise Expectation(_("No gradient flows from {name} back to its inputs.", name=_say(name)))
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
        _("operations on tensors"): [cost.operations for cost in costs],
        _("steps of Python"): [cost.opcodes for cost in costs],
    }
    growing = [kind for kind, (before, after) in kinds.items() if after - before >= many - few]
    if growing:
        counts = (
            _(
                "{before} {kind} for {few} samples, {after} for {many}",
                before=kinds[kind][0],
                kind=kind,
                few=few,
                after=kinds[kind][1],
                many=many,
            )
            for kind in growing
        )
        # The counts come from the student's process, which could write anything into them: not for every reader.
        raise Expectation(
            _(
                "The larger the batch, the more {steps}: is there a loop over samples? "
                "Compute with whole tensors instead.",
                steps=_join(growing),
            ),
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
        raise Expectation(
            _(
                "The code changes {arguments} in place, and whoever passed it still needs it. "
                "Make a new tensor: x = x - 1 does, while x -= 1, x[0] = 1 and x.sub_(1) change what was passed.",
                arguments=_join([_name_argument(name) for name in changed]),
            )
        )


def _name_argument(name: int | str) -> str:
    if isinstance(name, str):
        return _("its argument {name}", name=repr(name))
    return _(_ORDINALS[name]) if name < len(_ORDINALS) else _("its argument number {number}", number=name + 1)


_ORDINALS = (
    later("its first argument"),
    later("its second argument"),
    later("its third argument"),
    later("its fourth argument"),
    later("its fifth argument"),
)


def expect_figure(value: Any, name: str = RESULT) -> Figure:
    """Return what a matplotlib figure shows, as plain data; the report then shows a picture of it.

    Raises:
        Expectation: it is something else; the message says what.
    """
    remote = getattr(type(value), "handle_figure", None)
    figure: Figure | None = remote(value) if remote is not None else describe_here(value)
    if figure is None:
        raise _explain_kind(later("{name} should be a matplotlib figure, but it is {came}."), name, value)
    if not figure.whole:
        raise Expectation(
            _(
                "{name} has more than {axes} axes, or more than {lines} lines in one: draw points that "
                "belong together with one call of scatter() or plot().",
                name=_begin(name),
                axes=MAX_AXES,
                lines=MAX_SERIES,
            )
        )
    return figure


def _explain_kind(message: str, name: str, value: Any) -> Expectation:
    """Return what is raised where something of another kind came back: nothing, often."""
    came = describe(value)
    told = _(message, name=_begin(name), came=came)
    if value is None:
        told = _("{sentence}: is a return statement missing?", sentence=told.removesuffix("."))
    return Expectation(told, came=came)


def _begin(name: str) -> str:
    """Return a name as it begins a sentence."""
    # The name of a function stands there as it is written in code.
    name = _say(name)
    return name if "_" in name.partition(" ")[0] else name[:1].upper() + name[1:]


def _say(name: str) -> str:
    """Return a name in the language that is spoken, where it is one that checks often use."""
    said = _(name)
    for around in _AROUND if said == name else ():
        before, _place, after = around.partition("{name}")
        inner = name.removeprefix(before).removesuffix(after)
        if inner.isidentifier() and name == f"{before}{inner}{after}":
            return _(around, name=inner)
    return said


def _join(parts: Sequence[str]) -> str:
    word = _("and")
    return f" {word} ".join(parts)


def _describe_wrong(name: str, close: Tensor | None) -> str:
    if close is None or close.ndim == 0:
        return _("{name} has a wrong value.", name=_begin(name))
    wrong = int((~close).sum())
    return _("{name} has wrong values: {wrong} of {number}.", name=_begin(name), wrong=wrong, number=close.numel())


def _tell_values(wanted: float, got: float) -> str:
    return _("expected {wanted}, got {got}", wanted=f"{wanted:.6g}", got=f"{got:.6g}")


def _compare(got: Tensor, wanted: Tensor, close: Tensor) -> str:
    if close.ndim == 0:
        return _tell_values(wanted.item(), got.item())
    place = tuple(int(index) for index in (~close).nonzero()[0])
    where = ", ".join(map(str, place))
    values = _tell_values(wanted[place].item(), got[place].item())
    return _("at [{place}]: {values}", place=where, values=values)
