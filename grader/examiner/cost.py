"""What a call cost, as a check sees it: counts from the student's process, or of the reference solution here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from grader.sandbox.cost import measure

MAX_COUNT = 10**12  # nobody counts that far in the time of a check


@dataclass(frozen=True, slots=True)
class Cost:
    """How many operations of torch and opcodes of Python a call took, and which arguments it changed in place.

    The opcodes are those run in the submitted files. Arguments are named by position, or by name where they were passed
    by name. Counts from a student's process are evidence, not proof.
    """

    operations: int
    opcodes: int
    inputs_changed: tuple[int | str, ...] = ()


def read_cost(answer: Any, known: Collection[int | str]) -> Cost:
    """Return the cost that a student's process tells of a call whose arguments are ``known``.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(answer, list) or len(answer) != 3:
        raise ValueError("no cost")
    operations, opcodes, changed = answer
    for count in (operations, opcodes):
        if type(count) is not int or not 0 <= count <= MAX_COUNT:
            raise ValueError("bad count")
    if not isinstance(changed, list) or len(changed) > len(known):
        raise ValueError("bad arguments")
    if not all(type(name) in (int, str) and name in known for name in changed) or len(set(changed)) < len(changed):
        raise ValueError("unknown arguments")
    return Cost(operations, opcodes, tuple(changed))


def measure_here(file: str, function: Callable[..., object], *arguments: Any, **keywords: Any) -> Cost:
    """Return what a call of trusted code in ``file`` costs."""

    def make_arguments() -> tuple[list[Any], dict[str, Any]]:
        return [_copy(value) for value in arguments], {name: _copy(value) for name, value in keywords.items()}

    operations, opcodes, changed = measure(function, make_arguments, {file})
    return Cost(operations, opcodes, tuple(changed))


def _copy(value: Any) -> Any:
    """Copy what crosses to a student's process by value."""
    if isinstance(value, Tensor):
        copy = value.detach().clone().requires_grad_(value.requires_grad)
        return copy if value.is_leaf else copy.clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple):
        return type(value)(map(_copy, value)) if type(value) in (list, tuple) else value
    return {name: _copy(item) for name, item in value.items()} if type(value) is dict else value
