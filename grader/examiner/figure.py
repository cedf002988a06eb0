"""Figures as checks and reports see them. Nothing that a student's process says of one is taken as it comes.

Its pixels cross as a tensor, and the picture of a report is made of them here: no image format is ever read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grader.sandbox.figure import (
    MAX_AXES,
    MAX_ENTRIES,
    MAX_HEIGHT,
    MAX_POINTS,
    MAX_SERIES,
    MAX_TEXT,
    MAX_WIDTH,
    describe,
)

MAX_PICTURE_BYTES = 128 << 10


@dataclass(frozen=True, slots=True)
class Series:
    """Points that are drawn together: their coordinates (n, 2), and whether a line joins them."""

    label: str
    points: Tensor
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Axes:
    """One plot of a figure. ``clouds`` are what ``scatter`` drew, ``legend`` the entries of its legend."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Series, ...]
    clouds: tuple[Series, ...]
    legend: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """What a figure shows. All its texts are the student's own: short, but anything may stand in them.

    It is not ``whole`` where there were more axes or series than are looked at.
    """

    title: str
    axes: tuple[Axes, ...]
    own_legend: tuple[str, ...] = ()
    whole: bool = True

    @property
    def lines(self) -> tuple[Series, ...]:
        """All that ``plot`` drew as lines."""
        return tuple(line for axes in self.axes for line in axes.lines if line.joined)

    @property
    def clouds(self) -> tuple[Series, ...]:
        """All points that no line joins, however they were drawn."""
        return tuple(
            one for axes in self.axes for one in (*axes.clouds, *(line for line in axes.lines if not line.joined))
        )

    @property
    def legend(self) -> tuple[str, ...]:
        """The entries of all legends."""
        return tuple(entry for axes in self.axes for entry in axes.legend) + self.own_legend


def read_figure(value: Any) -> Figure:
    """Return the figure that a student's process describes.

    Raises:
        ValueError: it is no description of one, or larger than may be.
    """
    fields = _fields(value, "title", "axes", "legend", "whole")
    axes = _list(fields["axes"], MAX_AXES, _read_axes)
    if type(fields["whole"]) is not bool:
        raise ValueError("bad fields")
    return Figure(_text(fields["title"]), axes, _list(fields["legend"], MAX_ENTRIES, _text), fields["whole"])


def describe_here(figure: object) -> Figure | None:
    """Return what a figure of trusted code shows; None where it is none."""
    found = describe(figure)
    return None if found is None else read_figure(found)


def _read_axes(value: Any) -> Axes:
    fields = _fields(value, "title", "x_label", "y_label", "lines", "clouds", "legend")
    return Axes(
        _text(fields["title"]),
        _text(fields["x_label"]),
        _text(fields["y_label"]),
        _list(fields["lines"], MAX_SERIES, _read_series),
        _list(fields["clouds"], MAX_SERIES, _read_series),
        _list(fields["legend"], MAX_ENTRIES, _text),
    )


def _read_series(value: Any) -> Series:
    fields = _fields(value, "label", "points", "joined")
    points = fields["points"]
    is_right = isinstance(points, Tensor) and points.dtype == torch.float64 and points.ndim == 2
    if not is_right or points.shape[1] != 2 or len(points) > MAX_POINTS or type(fields["joined"]) is not bool:
        raise ValueError("bad points")
    return Series(_text(fields["label"]), points.detach(), fields["joined"])


def _fields(value: Any, *names: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise ValueError("bad fields")
    return value


def _list(value: Any, longest: int, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > longest:
        raise ValueError("bad list")
    return tuple(map(read, value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError("bad text")
    return value


def make_picture(pixels: Any) -> bytes | None:
    """Return the PNG of pixels that a student's process sent, on white; None where there are none, or too many bytes.

    Raises:
        ValueError: they are no pixels.
    """
    if pixels is None:
        return None
    if not isinstance(pixels, Tensor) or pixels.dtype != torch.uint8 or pixels.ndim != 3:
        raise ValueError("no pixels")
    height, width, channels = pixels.shape
    if not (0 < height <= MAX_HEIGHT and 0 < width <= MAX_WIDTH and channels == 4):
        raise ValueError("bad size")
    alpha = pixels[..., 3:].to(torch.int32)
    colours = (pixels[..., :3].to(torch.int32) * alpha + 255 * (255 - alpha) + 127) // 255
    rows = torch.cat([torch.zeros(height, 1, dtype=torch.uint8), colours.to(torch.uint8).reshape(height, -1)], dim=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # eight bits of red, green and blue
    data = zlib.compress(rows.numpy().tobytes(), 6)
    picture = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return picture if len(picture) <= MAX_PICTURE_BYTES else None


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
