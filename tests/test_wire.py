"""The framed protocol: what crosses, bit for bit, and what is refused."""

from __future__ import annotations

import json
import math
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import wire
from grader.wire import Channel, ConnectionClosed, ProtocolError, SocketChannel, decode, encode


@pytest.fixture(params=[Channel, SocketChannel])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Channel, socket.socket]]:
    left, right = socket.socketpair()
    channel: Channel = request.param(left)
    yield channel, right
    channel.close()
    right.close()


def cross(value: Any) -> Any:
    """Send a value through a real socket pair and return what arrives."""
    tensors: list[torch.Tensor] = []
    header = {"value": encode(value, tensors, refuse)}
    left, right = socket.socketpair()
    sender, receiver = Channel(left), Channel(right)
    thread = threading.Thread(target=sender.send, args=(header, tensors))
    thread.start()
    message = receiver.receive(time.monotonic() + 10)
    thread.join()
    sender.close()
    receiver.close()
    return decode(message.header["value"], message.tensors, refuse)


def refuse(value: Any) -> Any:
    raise TypeError(f"cannot cross: {type(value).__name__}")


@pytest.mark.parametrize("dtype", wire.DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_every_dtype_and_shape_crosses_bit_for_bit(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = (torch.randn(shape) * 3).to(dtype)
    arrived = cross(tensor)
    assert arrived.dtype == dtype
    assert arrived.shape == tensor.shape
    assert arrived.contiguous().view(-1).view(torch.uint8).tolist() == (
        tensor.contiguous().view(-1).view(torch.uint8).tolist()
    )


def test_special_floats_keep_their_bits() -> None:
    tensor = torch.tensor([math.nan, math.inf, -math.inf, -0.0, 5e-45])
    assert cross(tensor).view(torch.int32).tolist() == tensor.view(torch.int32).tolist()


def test_strides_of_a_transposed_tensor_cross() -> None:
    tensor = torch.randn(3, 4, 5).permute(2, 0, 1)
    arrived = cross(tensor)
    assert arrived.stride() == tensor.stride()
    assert torch.equal(arrived, tensor)


def test_expanded_and_sliced_tensors_arrive_as_plain_copies() -> None:
    for tensor in (torch.randn(3, 1).expand(3, 4), torch.randn(10, 10)[::2, 1:7]):
        assert torch.equal(cross(tensor), tensor)


@pytest.mark.parametrize("shape", [(1,), (1, 1), (3, 1), (1, 3)])
def test_strides_of_dimensions_of_size_one_do_not_matter(
    ends: tuple[Channel, socket.socket], shape: tuple[int, ...]
) -> None:
    tensor = torch.arange(float(math.prod(shape))).as_strided(shape, [0 if size == 1 else 1 for size in shape])
    assert torch.equal(cross(tensor), tensor)
    channel, other = ends
    other.sendall(frame(one("float32", shape, [7 if size == 1 else 1 for size in shape]), bytes(4 * math.prod(shape))))
    (arrived,) = channel.receive(time.monotonic() + 5).tensors
    assert arrived.stride() == tuple(1 for _ in shape)
    assert torch.equal(cross(arrived), arrived)


def test_numpy_arrays_arrive_as_arrays() -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    arrived = cross(array)
    assert isinstance(arrived, np.ndarray)
    assert arrived.dtype == np.int32
    assert arrived.tolist() == array.tolist()
    assert cross(np.array(1.5)).shape == ()
    assert cross(np.arange(6.0).reshape(2, 3).T).tolist() == [[0, 3], [1, 4], [2, 5]]


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=20)
    | st.complex_numbers(allow_nan=False)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(alphabet="abc", max_size=3) | st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(values)
def test_any_nested_value_crosses(value: Any) -> None:
    arrived = cross(value)
    assert arrived == value
    assert type(arrived) is type(value)


def test_large_integers_cross_and_larger_ones_are_refused() -> None:
    for number in (2**63, -(2**63) - 1, math.factorial(1000), -(2**wire.MAX_INT_BITS) + 1):
        assert cross(number) == number
        assert str(number)
    with pytest.raises(TypeError, match="cannot cross"):
        cross(2**wire.MAX_INT_BITS)


def test_other_values_cross() -> None:
    for value in (slice(1, None, 2), ..., torch.float64, torch.device("cpu")):
        assert cross(value) == value
    assert math.isnan(cross(math.nan))
    assert cross(torch.Size([2, 3])) == (2, 3)


def test_sparse_tensors_and_deep_nesting_are_refused() -> None:
    left, right = socket.socketpair()
    with left, right, pytest.raises(TypeError, match="cannot cross"):
        Channel(left).send({}, [torch.eye(3).to_sparse()])
    nested: list[Any] = []
    for _ in range(wire.MAX_DEPTH + 5):
        nested = [nested]
    with pytest.raises(TypeError, match="deep"):
        cross(nested)


def frame(header: object, payload: bytes = b"", claim: int | None = None) -> bytes:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return wire.FRAME.pack(wire.MAGIC, len(head), len(payload) if claim is None else claim) + head + payload


def one(name: object, shape: object, stride: object = None) -> dict[str, object]:
    return {"tensors": [[name, shape, False, stride]]}


HOSTILE = {
    "no magic": b"XXXX" + bytes(12),
    "header too long": wire.FRAME.pack(wire.MAGIC, wire.MAX_HEADER_BYTES + 1, 0),
    "payload of 10 GB": wire.FRAME.pack(wire.MAGIC, 2, 10 << 30) + b"{}",
    "no JSON": frame(b"\xff\xfe{"),
    "no object": frame([1, 2]),
    "no tensors": frame({"value": 1}),
    "tensors no list": frame({"tensors": 7}),
    "too many tensors": frame({"tensors": [["float32", [0], False, None]] * (wire.MAX_TENSORS + 1)}),
    "deep JSON": frame(b'{"tensors":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "NaN in JSON": frame(b'{"tensors":[],"value":NaN}'),
    "unknown dtype": frame(one("qint8", [1]), b"1"),
    "dtype no text": frame(one(["float32"], [1]), b"1234"),
    "negative size": frame(one("float32", [-1]), b""),
    "size no integer": frame(one("float32", [1.0]), b"1234"),
    "size a bool": frame(one("float32", [True]), b"1234"),
    "payload too short": frame(one("float32", [2]), b"1234"),
    "payload too long": frame(one("float32", [1]), b"12345678"),
    "product overflows": frame(one("float32", [2**31 - 1] * 4), b""),
    "strides overflow behind a zero": frame(one("float32", [0, 2**31 - 1, 2**31 - 1, 2**31 - 1]), b""),
    "too many dimensions": frame(one("float32", [1] * 17), b"1234"),
    "stride of another length": frame(one("float32", [2], [1, 1]), b"12345678"),
    "negative stride": frame(one("float32", [2], [-1]), b"12345678"),
    "shape an object": frame(one("float32", {}), b"1234"),
    "shape a text": frame(one("float32", ""), b"1234"),
    "stride an object": frame(one("float32", [], {}), b"1234"),
    "four fields missing": frame({"tensors": [["float32", [1]]]}, b"1234"),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_frames_are_protocol_errors(ends: tuple[Channel, socket.socket], data: bytes) -> None:
    channel, other = ends
    threading.Thread(target=other.sendall, args=(data,), daemon=True).start()
    with pytest.raises(ProtocolError):
        channel.receive(time.monotonic() + 5)


def test_a_stride_that_reads_beyond_the_data_is_not_kept(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.sendall(frame(one("float32", [2, 2], [1000, 1]), bytes(16)))
    (tensor,) = channel.receive(time.monotonic() + 5).tensors
    assert tensor.stride() == (2, 1)
    assert tensor.tolist() == [[0, 0], [0, 0]]


def test_bool_bytes_become_true_or_false(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.sendall(frame(one("bool", [4]), bytes([0, 1, 2, 255])))
    (tensor,) = channel.receive(time.monotonic() + 5).tensors
    assert tensor.view(torch.uint8).tolist() == [0, 1, 1, 1]


NODES = [
    {"t": 0}, {"t": -1}, {"t": True}, {"t": "0"}, {"a": 3}, {"b": None}, {}, {"q": 1}, {"l": 5}, {"u": None},
    {"d": [[1]]}, {"d": [[1, 2, 3]]}, {"d": [[{"l": []}, 1]]}, {"s": [1, 2, 3, 4]}, {"i": "zz"}, {"i": 5}, {"f": "x"},
    {"c": ["1"]}, {"y": "object"}, {"v": "nonsense"}, [1], {"o": None}, {"l": [[]]}, {"d": [1]}, 10**4250,
    {"i": "1" + "0" * 3501},
]  # fmt: skip


@pytest.mark.parametrize("node", NODES, ids=lambda node: str(node)[:40])
def test_hostile_values_are_protocol_errors(node: object) -> None:
    with pytest.raises(ProtocolError):
        decode(node, [], refuse)


def test_bytes_that_are_named_many_times_are_copied_once() -> None:
    first, *others = decode({"l": [{"b": 0}] * 1000}, [torch.zeros(1000, dtype=torch.uint8)], refuse)
    assert len(first) == 1000
    assert all(other is first for other in others)


@pytest.mark.parametrize(
    "key", [lambda n: n * (2**61 - 1), lambda n: {"u": [-1 - (n >> bit & 1) for bit in range(10)]}]
)
def test_keys_that_were_chosen_to_have_one_hash_are_refused(key: Callable[[int], Any]) -> None:
    assert len(decode({"d": [[key(n), n] for n in range(100)]}, [], refuse)) == 100
    with pytest.raises(ProtocolError):
        decode({"d": [[key(n), n] for n in range(1000)]}, [], refuse)


def test_a_deep_value_is_a_protocol_error() -> None:
    node: Any = 1
    for _ in range(5000):
        node = {"l": [node]}
    with pytest.raises(ProtocolError):
        decode(node, [], refuse)


def test_lone_surrogates_are_replaced() -> None:
    assert decode("a\ud800b", [], refuse) == "a?b"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=64), st.binary(max_size=64))
def test_random_bytes_never_do_worse_than_a_protocol_error(head: bytes, payload: bytes) -> None:
    left, right = socket.socketpair()
    channel = Channel(left)
    right.sendall(wire.FRAME.pack(wire.MAGIC, len(head), len(payload)) + head + payload)
    right.close()
    with pytest.raises((ProtocolError, ConnectionClosed)):
        channel.receive(time.monotonic() + 5)
    channel.close()


def test_mutated_messages_never_do_worse_than_a_protocol_error() -> None:
    tensors: list[torch.Tensor] = []
    header: dict[str, Any] = {"value": encode({"a": [torch.ones(2, 3), 1.5]}, tensors, refuse)}
    header["tensors"] = [["float32", [2, 3], False, None]]
    good = bytearray(frame(header, torch.ones(2, 3).numpy().tobytes()))
    chance = random.Random(0)
    for _ in range(500):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        left, right = socket.socketpair()
        channel = Channel(left)
        right.sendall(data)
        right.close()
        try:
            message = channel.receive(time.monotonic() + 5)
            decode(message.header.get("value"), message.tensors, refuse)
        except (ProtocolError, ConnectionClosed):
            pass
        channel.close()


def test_a_deadline_is_for_the_whole_message(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    data = frame({"tensors": [], "value": "x" * 1000})
    stop = threading.Event()

    def trickle() -> None:
        for byte in data:
            if stop.wait(0.02):
                return
            os.write(other.fileno(), bytes([byte]))

    thread = threading.Thread(target=trickle)
    thread.start()
    with pytest.raises(TimeoutError):
        channel.receive(time.monotonic() + 0.3)
    stop.set()
    thread.join()


def test_sending_to_someone_who_does_not_read_times_out(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.send({"value": None}, [torch.zeros(8 << 20)], time.monotonic() + 0.2)


def test_a_closed_end_is_told_apart_from_a_bad_message(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.close()
    with pytest.raises(ConnectionClosed):
        channel.receive(time.monotonic() + 5)
    with pytest.raises(ConnectionClosed):
        channel.send({"value": 1}, [torch.zeros(1 << 20)], time.monotonic() + 5)


def test_messages_that_come_at_once_are_told_apart(ends: tuple[Channel, socket.socket]) -> None:
    """What follows a message belongs to the next one, wherever the pieces that arrive end."""
    channel, other = ends
    left, right = socket.socketpair()
    sender = type(channel)(left)
    tensors = [torch.arange(size, dtype=torch.float64) for size in (0, 3, wire.READ_BYTES // 8, 5)]
    for number, tensor in enumerate(tensors):
        sender.send({"number": number}, [tensor, tensor + 1])
    sender.close()
    data = b""
    while piece := right.recv(1 << 16):
        data += piece
    right.close()

    def trickle() -> None:
        for start in range(0, len(data), 1237):
            other.sendall(data[start : start + 1237])

    thread = threading.Thread(target=trickle)
    thread.start()
    for number, tensor in enumerate(tensors):
        message = channel.receive(time.monotonic() + 10)
        assert message.header == {"number": number}
        assert [arrived.tolist() for arrived in message.tensors] == [tensor.tolist(), (tensor + 1).tolist()]
    thread.join()
