"""The framed protocol that the examiner and the student's process speak: JSON headers and raw tensor bytes.

One frame is ``magic, u32 header length, u64 payload length, header, payload``. The header is JSON with a list
``tensors`` of ``[dtype, shape, requires_grad, stride or null]``; the payload is their bytes, one after another.
Nothing is ever unpickled. Whatever arrives is checked here before it is used, since the other end may be hostile: any
doubt is a ``ProtocolError``, after which the connection must not be used again.

Values travel as a tree. Plain JSON stands for itself; an object with one of these keys stands for the rest:
``t`` tensor (``g`` its ``.grad``), ``a`` numpy array, ``b`` bytes, ``i`` large integer, ``f`` non-finite float,
``c`` complex, ``l`` list, ``u`` tuple, ``d`` dict, ``s`` slice, ``e`` ellipsis, ``y`` dtype, ``v`` device,
``o`` an object that stays where it is, and ``r`` the dotted name of something in torch.
"""

from __future__ import annotations

import json
import math
import os
import select
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

FRAME = struct.Struct("<4sIQ")
MAGIC = b"GRD1"
MAX_HEADER_BYTES = 1 << 20
MAX_PAYLOAD_BYTES = 256 << 20
MAX_TENSORS = 4096
MAX_DIMENSIONS = 16
MAX_DEPTH = 32
MAX_INT_BITS = 14_000  # Python writes out no integer of many more
MAX_SAME_HASHES = 100

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    )
}  # fmt: skip

NAMES = {dtype: name for name, dtype in DTYPES.items()}
READ_BYTES = 1 << 14  # at once: most messages come whole
READABLE, WRITABLE = getattr(select, "POLLIN", 1), getattr(select, "POLLOUT", 4)  # Windows has neither

Node = Any  # a JSON value
Header = dict[str, Any]


class ProtocolError(Exception):
    """The other end sent something that is not a message, or too much of it."""


class ConnectionClosed(Exception):
    """The other end is gone."""


@dataclass(slots=True)
class Message:
    """A header and the tensors that came with it; ``requires_grad`` is what the sender's tensors said."""

    header: Header
    tensors: list[Tensor] = field(default_factory=list)
    requires_grad: list[bool] = field(default_factory=list)


class Channel:
    """Sends and receives messages over one end of a socket pair.

    Without a deadline it uses plain ``read`` and ``write`` only, as a locked-down process must.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._ahead = memoryview(b"")  # what was read and not asked for yet
        self.fd = connection.fileno()

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def send(self, header: Header, tensors: Sequence[Tensor] = (), deadline: float | None = None) -> None:
        """Send one message before ``deadline`` (``time.monotonic()`` seconds).

        Raises:
            TypeError: a tensor cannot cross (sparse, quantised), or the message is too large.
            TimeoutError, ConnectionClosed: the other end does not read, or is gone.
        """
        described = [_describe(tensor) for tensor in tensors]
        head = _write_json({**header, "tensors": described}).encode()
        payload = [_raw_bytes(tensor) for tensor in tensors]
        size = sum(len(part) for part in payload)
        if len(head) > MAX_HEADER_BYTES or size > MAX_PAYLOAD_BYTES or len(payload) > MAX_TENSORS:
            raise TypeError(f"too much to send: {len(payload)} tensors, {size + len(head)} bytes")
        parts = [memoryview(FRAME.pack(MAGIC, len(head), size) + head), *(part for part in payload if len(part))]
        while parts:
            sent = self._write(parts[:64], deadline)
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if sent:
                parts[0] = parts[0][sent:]

    def receive(self, deadline: float | None = None) -> Message:
        """Receive one whole message before ``deadline``.

        Raises:
            ProtocolError: what came is not a message within the limits.
            TimeoutError, ConnectionClosed: no whole message came.
        """
        frame = bytearray(FRAME.size)
        self._fill(memoryview(frame), deadline)
        magic, header_bytes, payload_bytes = FRAME.unpack(frame)
        if magic != MAGIC or header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
            raise ProtocolError(f"bad frame: {header_bytes} header bytes, {payload_bytes} payload bytes")
        head = bytearray(header_bytes)
        self._fill(memoryview(head), deadline)
        header, layouts = _parse_header(bytes(head), payload_bytes)
        message = Message(header)
        for layout in layouts:
            message.tensors.append(self._receive_tensor(layout, deadline))
            message.requires_grad.append(layout.requires_grad)
        return message

    def _receive_tensor(self, layout: _Layout, deadline: float | None) -> Tensor:
        size = math.prod(layout.shape) * layout.dtype.itemsize
        buffer = torch.empty(size, dtype=torch.uint8)
        if size:
            self._fill(_view(buffer), deadline)
        if layout.dtype is torch.bool:
            buffer = buffer.ne(0).view(torch.uint8)  # a bool that is neither 0 nor 1 is undefined behaviour
        tensor = buffer.view(layout.dtype).reshape(layout.shape)
        if layout.stride is not None:
            tensor = torch.empty_strided(layout.shape, layout.stride, dtype=layout.dtype).copy_(tensor)
        return tensor

    def _write(self, parts: Sequence[memoryview], deadline: float | None) -> int:
        try:
            if deadline is None:
                return os.writev(self.fd, parts)
            self._wait(WRITABLE, deadline)
            return self._socket.sendmsg(parts, [], socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            raise ConnectionClosed("the other end is gone") from None

    def _fill(self, view: memoryview, deadline: float | None) -> None:
        while len(view):
            if not self._ahead:
                if deadline is not None:
                    self._wait(READABLE, deadline)
                if len(view) >= READ_BYTES:
                    view = view[self._read_into(view) :]
                    continue
                buffer = memoryview(bytearray(READ_BYTES))
                self._ahead = buffer[: self._read_into(buffer)]
            part = self._ahead[: len(view)]
            view[: len(part)] = part
            view, self._ahead = view[len(part) :], self._ahead[len(part) :]

    def _read_into(self, view: memoryview) -> int:
        try:
            count = os.readv(self.fd, [view])
        except ConnectionResetError:
            count = 0
        if count == 0:
            raise ConnectionClosed("the other end is gone")
        return count

    def _wait(self, event: int, deadline: float) -> None:
        """Wait until the socket is ready; a deadline is for the whole message, so trickling does not help."""
        poll = select.poll()
        poll.register(self.fd, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError("no answer in time")


class SocketChannel(Channel):
    """A channel by what sockets can do on every system, also where they are no files to read and write (Windows)."""

    def _write(self, parts: Sequence[memoryview], deadline: float | None) -> int:
        try:
            self._give_time(deadline)
            return self._socket.send(parts[0])
        except ConnectionError:
            raise ConnectionClosed("the other end is gone") from None

    def _read_into(self, view: memoryview) -> int:
        try:
            count = self._socket.recv_into(view)
        except ConnectionError:
            count = 0
        if count == 0:
            raise ConnectionClosed("the other end is gone")
        return count

    def _wait(self, event: int, deadline: float) -> None:
        """Let the next call wait, and no longer than until the deadline."""
        self._give_time(deadline)

    def _give_time(self, deadline: float | None) -> None:
        seconds = None if deadline is None else deadline - time.monotonic()
        if seconds is not None and seconds <= 0:
            raise TimeoutError("no answer in time")
        self._socket.settimeout(seconds)


@dataclass(frozen=True, slots=True)
class _Layout:
    dtype: torch.dtype
    shape: list[int]
    requires_grad: bool
    stride: list[int] | None


def _describe(tensor: Tensor) -> list[Any]:
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise TypeError(f"a tensor with layout {tensor.layout} cannot cross; only plain dense tensors can")
    name = NAMES.get(tensor.dtype)
    if name is None:
        raise TypeError(f"a tensor of dtype {str(tensor.dtype).removeprefix('torch.')} cannot cross")
    stride = None if tensor.is_contiguous() or not tensor.numel() else list(tensor.stride())
    return [name, list(tensor.shape), bool(tensor.requires_grad), stride]


def _raw_bytes(tensor: Tensor) -> memoryview:
    tensor = tensor.detach()
    is_plain = type(tensor) is Tensor and tensor.is_cpu and not (tensor.is_conj() or tensor.is_neg())
    if not is_plain or not tensor.is_contiguous():
        tensor = tensor.as_subclass(Tensor).cpu().resolve_conj().resolve_neg().contiguous()
    # Not reshape: what has one element may have any stride, such as 0 once it was expanded, and keeps it.
    flat = tensor.as_strided((tensor.numel(),), (1,))
    return _view(flat.view(torch.uint8)) if tensor.numel() else memoryview(b"")


def _view(data: Tensor) -> memoryview:
    array: Any = data.numpy()
    return memoryview(array)


def _parse_header(data: bytes, payload_bytes: int) -> tuple[Header, list[_Layout]]:
    try:
        header = _read_json(data.decode())
        described = header.pop("tensors")
        if len(described) > MAX_TENSORS:
            raise ValueError("too many tensors")
        layouts = [_parse_layout(*item) for item in described]
    except Exception as error:  # RecursionError, KeyError, TypeError …: all mean that this is no message
        raise ProtocolError(f"bad header: {type(error).__name__}") from None
    expected = sum(math.prod(layout.shape) * layout.dtype.itemsize for layout in layouts)
    if expected != payload_bytes:
        raise ProtocolError(f"the shapes need {expected} bytes, the payload has {payload_bytes}")
    return header, layouts


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


_write_json = json.JSONEncoder(separators=(",", ":")).encode
_read_json = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _parse_layout(name: str, shape: list[int], requires_grad: bool, stride: list[int] | None) -> _Layout:
    dtype = DTYPES[name]
    if len(shape) > MAX_DIMENSIONS or not _are_sizes(shape):
        raise ValueError("bad shape")
    if math.prod(size for size in shape if size) * dtype.itemsize > MAX_PAYLOAD_BYTES:
        raise ValueError("a shape whose strides would overflow")
    if stride is not None:
        if len(stride) != len(shape) or not _are_sizes(stride):
            raise ValueError("bad stride")
        # Only a permuted block keeps its strides; an expanded tensor or a slice arrives as a plain copy of its values.
        stride = None if 0 in shape or not _is_dense(shape, stride) else _settle(shape, stride)
    return _Layout(dtype, shape, bool(requires_grad) and (dtype.is_floating_point or dtype.is_complex), stride)


def _are_sizes(items: Any) -> bool:
    return type(items) is list and all(type(item) is int and 0 <= item < 2**31 for item in items)


def _is_dense(shape: list[int], stride: list[int]) -> bool:
    """Is this a permuted block without gaps or overlaps? Only such strides are kept."""
    expected = 1
    for step, size in sorted((step, size) for step, size in zip(stride, shape, strict=True) if size > 1):
        if step != expected:
            return False
        expected *= size
    return True


def _settle(shape: list[int], stride: list[int]) -> list[int]:
    """Return strides without those that say nothing, for dimensions of size 1: they could be any number."""
    return [step if size > 1 else 1 for size, step in zip(shape, stride, strict=True)]


def encode(value: Any, tensors: list[Tensor], refer: Callable[[Any], Node], depth: int = 0) -> Node:
    """Return the value tree of ``value``, appending its tensors to ``tensors``.

    ``refer`` makes the node of an object that cannot cross by value.

    Raises:
        TypeError: the value is nested too deep, an integer is too large, or ``refer`` refuses it.
    """
    if depth > MAX_DEPTH:
        raise TypeError(f"nested more than {MAX_DEPTH} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Tensor):
        return _encode_tensor(value, tensors)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int | float | complex):
        return _encode_number(value)
    if isinstance(value, bytes):
        tensors.append(torch.frombuffer(bytearray(value), dtype=torch.uint8) if value else torch.empty(0).byte())
        return {"b": len(tensors) - 1}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        tensors.append(torch.from_numpy(np.array(value, order="C")))
        return {"a": len(tensors) - 1}
    return _encode_structure(value, tensors, refer, depth)


def _encode_tensor(value: Tensor, tensors: list[Tensor]) -> Node:
    tensors.append(value)
    node = {"t": len(tensors) - 1}
    if value.is_leaf and value.requires_grad and value.grad is not None:
        tensors.append(value.grad)
        node["g"] = len(tensors) - 1
    return node


def _encode_number(value: complex) -> Node:
    if isinstance(value, int):
        if value.bit_length() > MAX_INT_BITS:
            raise TypeError(f"an integer of more than {MAX_INT_BITS} bits cannot cross")
        return int(value) if -(2**63) <= value < 2**63 else {"i": hex(value)}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"f": repr(float(value))}
    return {"c": [repr(value.real), repr(value.imag)]}


def _encode_structure(value: Any, tensors: list[Tensor], refer: Callable[[Any], Node], depth: int) -> Node:
    def each(items: Any) -> list[Node]:
        return [encode(item, tensors, refer, depth + 1) for item in items]

    if type(value) in (dict, OrderedDict):
        return {"d": [each(pair) for pair in value.items()]}
    if isinstance(value, tuple):
        return {"u": each(value)}
    if type(value) is list:
        return {"l": each(value)}
    if isinstance(value, slice):
        return {"s": each((value.start, value.stop, value.step))}
    if value is Ellipsis:
        return {"e": 1}
    if isinstance(value, torch.dtype):
        return {"y": str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {"v": str(value)}
    return refer(value)


Resolve = Callable[[dict[str, Any]], Any]


def decode(node: Node, tensors: Sequence[Tensor], resolve: Resolve) -> Any:
    """Return the value of a tree that came from the other end. ``resolve`` answers the nodes ``o`` and ``r``.

    Raises:
        ProtocolError: the tree is not one.
    """
    try:
        return _Decoder(tensors, resolve).value(node, 0)
    except Exception as error:
        raise ProtocolError(f"bad value: {type(error).__name__}") from None


def list_tensors(node: Node) -> list[int]:
    """Return which of a message's tensors a tree holds as tensors, and not as numpy arrays or bytes."""
    found: list[int] = []
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            kind = next(iter(node), "")
            if kind == "t":
                found += [node[key] for key in ("t", "g") if type(node.get(key)) is int]
            elif kind in ("l", "u", "s", "d"):
                waiting.append(node[kind])
    return found


class _Decoder:
    """Builds the value of one tree."""

    def __init__(self, tensors: Sequence[Tensor], resolve: Resolve) -> None:
        self.tensors = tensors
        self.resolve = resolve
        self.blobs: dict[int, bytes] = {}  # copied once each, for a short tree can name one of them many times

    def value(self, node: Node, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        if node is None or isinstance(node, bool | float):
            return node
        if isinstance(node, int):
            return _small(node)
        if isinstance(node, str):
            return node.encode("utf-8", "replace").decode("utf-8")  # lone surrogates would break every later use
        if not isinstance(node, dict):
            raise ValueError("bad node")
        kind = next(iter(node))
        content = node[kind]
        if kind in ("t", "a", "b"):
            return self.buffer(kind, node)
        if kind in ("l", "u", "s"):
            items = self.each(content, depth)
            return items if kind == "l" else tuple(items) if kind == "u" else slice(*items)
        if kind == "d":
            return _pair_up([self.each(pair, depth) for pair in content])
        if kind in ("o", "r"):
            return self.resolve(node)
        return _decode_scalar(kind, content)

    def each(self, items: Any, depth: int) -> list[Any]:
        if not isinstance(items, list):
            raise ValueError("bad node")
        return [self.value(item, depth + 1) for item in items]

    def buffer(self, kind: str, node: dict[str, Any]) -> Any:
        tensor = self.tensor(node[kind])
        if kind == "a":
            return tensor.numpy()
        if kind == "b":
            return self.blob(node[kind])
        if "g" in node and tensor.is_leaf and tensor.requires_grad:
            tensor.grad = self.tensor(node["g"]).detach()
        return tensor

    def blob(self, index: int) -> bytes:
        if index not in self.blobs:
            self.blobs[index] = bytes(self.tensors[index].numpy())
        return self.blobs[index]

    def tensor(self, index: Any) -> Tensor:
        if type(index) is not int or not 0 <= index < len(self.tensors):
            raise ValueError("no such tensor")
        return self.tensors[index]


def _pair_up(pairs: list[list[Any]]) -> dict[Any, Any]:
    """Return a dict, unless its keys (numbers, tuples) were chosen to have one hash: that takes quadratic time."""
    if len({hash(key) for key, _ in pairs}) < len(pairs) - MAX_SAME_HASHES:
        raise ValueError("too many keys of the same hash")
    return dict(pairs)


def _small(value: int) -> int:
    if value.bit_length() > MAX_INT_BITS:
        raise ValueError("an integer too large")
    return value


def _decode_scalar(kind: str, content: Any) -> Any:
    if kind == "i":
        return _small(int(content, 16))
    if kind == "f":
        return float(content)
    if kind == "c":
        return complex(float(content[0]), float(content[1]))
    if kind == "e":
        return Ellipsis
    if kind == "y":
        return DTYPES[content]
    if kind == "v":
        return torch.device(content)
    raise ValueError("bad node")
