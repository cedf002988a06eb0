"""A stand-in for a GPU: tensors that say they are on another device, and hold their values on the CPU all the same.

Student code that makes a tensor on the CPU and combines it with its arguments works where it is written and breaks on a
GPU. Here it breaks without one. A shadow tensor has the device ``meta``, for which PyTorch needs no hardware; every
operation on one looks at the devices as CUDA would, computes on the CPU, and gives a shadow tensor again.

It runs in the student's process, which could forge it: it finds errors, and proves nothing.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map_only

DEVICE = torch.device("meta")
CPU = torch.device("cpu")
NAME = "shadow:0"

_aten = torch.ops.aten
_TO_NUMBER = _aten._local_scalar_dense.default
_TO_DEVICE = _aten._to_copy.default
_COPIES = {_aten.copy_.default, _aten.copy.default}
# What is indexed may be on the device and its indices on the CPU, not the other way round.
_INDEXING = {
    _aten.index.Tensor,
    _aten.index_put.default,
    _aten.index_put_.default,
    _aten._index_put_impl_.default,
    _aten._unsafe_index.Tensor,
    _aten._unsafe_index_put.default,
}
# These take a number from the CPU too, though not element by element.
_FILLING = {
    _aten.masked_fill.Tensor,
    _aten.masked_fill_.Tensor,
    _aten.index_fill.int_Tensor,
    _aten.index_fill_.int_Tensor,
}


class DeviceMismatch(RuntimeError):
    """Tensors of two devices met in one operation."""


class ShadowTensor(torch.Tensor):
    """A tensor on the shadow device; ``held`` has its values."""

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: Tensor) -> ShadowTensor:  # noqa: D102
        held = held.resolve_conj().resolve_neg()  # views of other values: nothing out here would know that they are
        tensor: ShadowTensor = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
            requires_grad=False,
        )
        tensor.held = held
        return tensor

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return _run(func, args, dict(kwargs or {}))

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"{repr(self.held)[:-1]}, device='{NAME}')"

    def __format__(self, spec: str) -> str:
        return format(self.held, spec) if self.dim() == 0 else repr(self)

    def tolist(self) -> Any:
        """Return the values, which a GPU would copy."""
        return self.held.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """Refuse, as a tensor on a GPU does."""
        if force:
            return self.held.numpy(force=True)
        return _refuse_numpy()

    def __array__(self, *_arguments: Any, **_keywords: Any) -> Any:
        return _refuse_numpy()


def _refuse_numpy() -> NoReturn:
    raise TypeError(
        f"can't convert {NAME} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
    )


def put_on_device(tensor: Tensor) -> Tensor:
    """Return a tensor on the shadow device, a leaf, that holds the values of ``tensor`` and shares them."""
    return tensor if isinstance(tensor, ShadowTensor) else ShadowTensor(tensor.detach())


def take_off_device(tensor: Tensor) -> Tensor:
    """Return the values of a tensor as a leaf on the CPU; whether it requires grad is kept."""
    if not isinstance(tensor, ShadowTensor):
        return tensor
    held = tensor.held.detach()
    return held.requires_grad_() if tensor.requires_grad else held


def is_on_device(value: object) -> bool:
    """Is it a tensor on the shadow device?"""
    return isinstance(value, ShadowTensor)


@contextlib.contextmanager
def shadow_device() -> Iterator[None]:
    """Let the code in this block meet the shadow device.

    It can name it by the device of a tensor that it was passed, as in ``torch.zeros(n, device=x.device)``.
    """
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(
        True
    )  # module.to(device) cannot replace what is in a parameter
    try:
        with _Functions(), _Operations():  # type: ignore[no-untyped-call]
            yield
    finally:
        torch.__future__.set_swap_module_params_on_conversion(swaps)


# Operations, below autograd


class OperationMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees the operations that torch runs below autograd, in the block that it is used for."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Keep torch from importing its compiler for this, which takes longer than all the rest of a submission."""
        return False


class _Operations(OperationMode):  # type: ignore[no-untyped-call]
    """Sees the operations that no shadow tensor takes part in, such as those that make one."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return _run(func, args, dict(kwargs or {}))


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run one operation on the values of its tensors, if their devices allow it on a GPU."""
    if func is _TO_NUMBER:
        return func(_held(args[0]))
    if func is _TO_DEVICE:
        return _copy_to_device(args[0], kwargs)
    tensors = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)]
    on_device = any(map(is_on_device, tensors))
    if on_device and func not in _COPIES:
        _check_devices(func, args, [tensor for tensor in tensors if not is_on_device(tensor)])
    stays = is_on_device(args[0]) if func in _COPIES else on_device
    if "device" in kwargs and (kwargs["device"] is not None or not on_device):
        stays = _is_the_device(kwargs["device"])
    if stays and "device" in kwargs:
        kwargs = {**kwargs, "device": CPU}
    result = func(*tree_map_only(ShadowTensor, _held, args), **tree_map_only(ShadowTensor, _held, kwargs))
    if not stays:
        return args[0] if func is _aten.copy_.default else result
    wrapped = tree_map_only(Tensor, ShadowTensor, result)
    if not on_device or not _has_aliases(func):
        return wrapped
    return return_and_correct_aliasing(func, args, kwargs, wrapped)  # type: ignore[no-untyped-call]


@functools.cache
def _has_aliases(func: Any) -> bool:
    """May what the operation returns share memory with what it is passed? Of the others nothing need be put right."""
    values = (*func._schema.arguments, *func._schema.returns)
    return any(value.alias_info is not None for value in values)


def _copy_to_device(source: Tensor, kwargs: dict[str, Any]) -> Tensor:
    """Run ``_to_copy``, the one operation that moves tensors from device to device."""
    asked = kwargs.pop("device", None)
    stays = is_on_device(source) if asked is None else _is_the_device(asked)
    held = _held(source)
    copy: Tensor = _TO_DEVICE(held, **kwargs)
    return ShadowTensor(copy) if stays else copy


def _check_devices(func: Any, args: tuple[Any, ...], strangers: Sequence[Tensor]) -> None:
    """Raise what CUDA would where tensors of the device meet ``strangers`` from the CPU.

    A number on the CPU (a tensor without dimensions) may take part in what is done element by element, unless it is
    what the result is written to.
    """
    if not strangers:
        return
    if func in _INDEXING:
        values = args[2] if len(args) > 2 else None
        is_foreign = isinstance(values, Tensor) and not is_on_device(values) and values.dim() > 0
        if not is_on_device(args[0]) or is_foreign:
            _refuse(func)
        return
    written = [
        value
        for argument, value in zip(func._schema.arguments, args, strict=False)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    if any(isinstance(value, Tensor) and not is_on_device(value) for value in written):
        _refuse(func)
    takes_numbers = torch.Tag.pointwise in func.tags or func in _FILLING
    if not takes_numbers or any(tensor.dim() > 0 for tensor in strangers):
        _refuse(func)


def _refuse(func: Any) -> NoReturn:
    name = str(func._schema.name).removeprefix("aten::")
    raise DeviceMismatch(
        "Expected all tensors to be on the same device, "
        f"but found at least two devices, {NAME} and cpu! (when running {name})"
    )


def _held(value: Any) -> Any:
    return value.held if isinstance(value, ShadowTensor) else value


def _is_the_device(device: Any) -> bool:
    return device is not None and torch.device(device).type == DEVICE.type


# Functions that do their work before any operation is seen


class _Functions(TorchFunctionMode):
    """Replaces what PyTorch does in C++ with data of Python, which would land on no device at all."""

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        replacement = _REPLACED.get(func)
        if replacement is None:
            return func(*args, **(kwargs or {}))
        return replacement(func, *args, **(kwargs or {}))


def _index(func: Any, tensor: Tensor, index: Any, *value: Any) -> Any:
    if is_on_device(tensor):
        index = tuple(map(_as_index, index)) if isinstance(index, tuple) else _as_index(index)
    return func(tensor, index, *value)


def _as_index(index: Any) -> Any:
    """Return a list, range or array of an index as a tensor on the CPU, which a GPU accepts."""
    if isinstance(index, np.ndarray):
        return torch.from_numpy(index)
    if not isinstance(index, list | range):
        return index
    if not len(index):
        return torch.empty(0, dtype=torch.long)
    try:
        return torch.tensor(_without_shadows(list(index)))
    except (TypeError, ValueError, RuntimeError):
        return index  # slices among them, say: the operation itself knows what to say


def _make(func: Any, data: Any = (), *rest: Any, device: Any = None, requires_grad: bool = False, **others: Any) -> Any:
    """Stand in for ``torch.tensor``, ``torch.as_tensor`` and ``torch.asarray``."""
    if is_on_device(data):
        return _make_again(func, data, *rest, device=device, requires_grad=requires_grad, **others)
    made: Tensor = func(_without_shadows(data), *rest, **others)
    if device is not None:
        made = made.to(device)
    return made.requires_grad_() if requires_grad else made


def _make_again(func: Any, data: Tensor, *rest: Any, device: Any, requires_grad: bool, **others: Any) -> Tensor:
    dtype = rest[0] if rest else others.get("dtype")
    made = data.detach().clone() if func is torch.tensor else data
    made = made.to(device=data.device if device is None else device, dtype=dtype or data.dtype)
    return made.requires_grad_() if requires_grad else made


def _make_new(func: Any, tensor: Tensor, data: Any, **keywords: Any) -> Any:
    """Stand in for ``Tensor.new_tensor``."""
    if not is_on_device(tensor):
        return func(tensor, _without_shadows(data), **keywords)
    device = keywords.pop("device", None)
    keywords.setdefault("dtype", tensor.dtype)
    return _make(torch.tensor, _held(data), device=tensor.device if device is None else device, **keywords)


def _make_legacy(func: Any, tensor: Tensor, *data: Any, **keywords: Any) -> Any:
    """Stand in for ``Tensor.new``, which takes sizes or data."""
    if not is_on_device(tensor) or keywords or all(isinstance(size, int) for size in data):
        return func(tensor, *data, **keywords)
    return _make_new(torch.Tensor.new_tensor, tensor, *data)


def _set_data(func: Any, tensor: Tensor, new: Tensor) -> None:
    """Stand in for ``tensor.data = new``, which knows nothing of what a shadow tensor holds."""
    func(tensor, new)
    if isinstance(tensor, ShadowTensor) and isinstance(new, ShadowTensor):
        tensor.held = new.held


def _without_shadows(data: Any) -> Any:
    """Return nested lists of numbers with what shadow tensors hold in their place."""
    if isinstance(data, list | tuple):
        return [_without_shadows(item) for item in data]
    return _held(data)


_REPLACED: dict[Any, Callable[..., Any]] = {
    torch.Tensor.__getitem__: _index,
    torch.Tensor.__setitem__: _index,
    torch.tensor: _make,
    torch.as_tensor: _make,
    torch.asarray: _make,
    torch.Tensor.new_tensor: _make_new,
    torch.Tensor.new: _make_legacy,
    torch.Tensor.data.__set__: _set_data,  # type: ignore[attr-defined]
}
