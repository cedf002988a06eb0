"""What a call costs, counted rather than timed: operations of torch and steps of Python, the same in every run.

Both are the same for a small and a large batch where code computes with whole tensors, and grow where it loops over
samples. They are counted in the student's process, which could forge them: evidence, and no proof.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grader.sandbox import shadow

MAX_DEPTH = 32

Arguments = tuple[Sequence[Any], Mapping[str, Any]]


def measure(
    function: Callable[..., object], make_arguments: Callable[[], Arguments], files: Collection[str]
) -> tuple[int, int, list[int | str]]:
    """Call a function twice, since the first call may set things up, and count what the second does.

    ``make_arguments`` returns fresh ones for each call. Returns the operations of torch, the opcodes of Python run in
    ``files``, and the positions and names of the arguments that are not as they were before.
    """
    arguments, keywords = make_arguments()
    function(*arguments, **keywords)
    arguments, keywords = make_arguments()
    named: list[tuple[int | str, Any]] = [*enumerate(arguments), *keywords.items()]
    before = [_snapshot(value) for _, value in named]
    with _counted_steps(files) as steps, _Operations() as operations:
        function(*arguments, **keywords)
    changed = [name for (name, value), old in zip(named, before, strict=True) if _snapshot(value) != old]
    return operations.count, steps.count, changed


class _Operations(shadow.OperationMode):
    """Counts the operations that torch runs below autograd."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


class _Steps:
    """Counts the opcodes that are run in frames of some files."""

    def __init__(self, files: Collection[str]) -> None:
        self.files = files
        self.count = 0

    def enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in self.files:
            return None
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return self.step

    def step(self, _frame: FrameType, event: str, _argument: object) -> Any:
        self.count += event == "opcode"
        return self.step


@contextlib.contextmanager
def _counted_steps(files: Collection[str]) -> Iterator[_Steps]:
    steps = _Steps(files)
    previous = sys.gettrace()
    sys.settrace(steps.enter)
    try:
        yield steps
    finally:
        sys.settrace(previous)


def _snapshot(value: Any, depth: int = 0) -> Any:
    """Return what can be compared later, to tell whether the value was changed."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, Tensor):
        held = shadow.take_off_device(value).detach()
        return str(held.dtype), tuple(held.shape), held.reshape(-1).view(torch.uint8).numpy().tobytes()
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return [_snapshot(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return [(key, _snapshot(item, depth + 1)) for key, item in value.items()]
    return repr(value) if isinstance(value, bool | int | float | complex | str | bytes) else id(value)
