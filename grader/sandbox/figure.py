"""A matplotlib figure as plain data: what is drawn in it, and its pixels.

Nothing here is trusted: whoever receives it checks it again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

MAX_AXES = 16
MAX_SERIES = 100
MAX_POINTS = 10_000
MAX_ENTRIES = 100
MAX_TEXT = 200
MAX_WIDTH = 640
MAX_HEIGHT = 480
DOTS_PER_INCH = 80.0


def describe(figure: Any) -> dict[str, Any] | None:
    """Return what a figure shows, None where it is no figure; not ``whole`` where axes or series are left out."""
    module = sys.modules.get("matplotlib.figure")  # where it was not imported, nothing is a figure
    if module is None or not isinstance(figure, module.Figure):
        return None
    return {
        "title": _text(figure.get_suptitle()),
        "axes": [_describe_axes(axes) for axes in figure.axes[:MAX_AXES]],
        "legend": _entries(figure.legends),
        "whole": len(figure.axes) <= MAX_AXES and all(map(_is_whole, figure.axes)),
    }


def _is_whole(axes: Any) -> bool:
    return len(axes.get_lines()) <= MAX_SERIES and len(list(axes.collections)) <= MAX_SERIES


def _describe_axes(axes: Any) -> dict[str, Any]:
    return {
        "title": _text(axes.get_title()),
        "x_label": _text(axes.get_xlabel()),
        "y_label": _text(axes.get_ylabel()),
        "lines": [_describe_line(line, axes) for line in axes.get_lines()[:MAX_SERIES]],
        "clouds": [
            {"label": _text(cloud.get_label()), "points": _points(cloud.get_offsets()), "joined": False}
            for cloud in list(axes.collections)[:MAX_SERIES]
        ],
        "legend": _entries([axes.get_legend()]),
    }


def _describe_line(line: Any, axes: Any) -> dict[str, Any]:
    points = line.get_xydata()
    if hasattr(line, "get_slope"):  # axline()
        (x, y), slope, second = line.get_xy1(), line.get_slope(), line.get_xy2()
        if slope is None and second[0] == x:  # upright
            points = [(x, end) for end in axes.get_ylim()]
        else:
            slope = (second[1] - y) / (second[0] - x) if slope is None else slope
            points = [(end, y + slope * (end - x)) for end in axes.get_xlim()]
    return {
        "label": _text(line.get_label()),
        "points": _points(points),
        "joined": str(line.get_linestyle()) not in ("None", "none", "", " "),
    }


def _points(data: Any) -> Tensor:
    array = np.ma.filled(np.ma.asarray(data, dtype=np.float64), np.nan).reshape(-1, 2)[:MAX_POINTS]
    return torch.from_numpy(np.array(array))


def _entries(legends: Iterable[Any]) -> list[str]:
    texts = [text for legend in legends if legend is not None for text in legend.get_texts()]
    return [_text(text.get_text()) for text in texts[:MAX_ENTRIES]]


def _text(value: Any) -> str:
    return str(value)[:MAX_TEXT]


def draw(figure: Any) -> Tensor | None:
    """Return a figure's pixels (height, width, 4), small enough for a report; None where it cannot be drawn."""
    from matplotlib.backends import backend_agg

    canvas: Any
    before = figure.get_dpi(), figure.canvas
    try:
        width, height = figure.get_size_inches()
        figure.set_dpi(min(DOTS_PER_INCH, MAX_WIDTH / width, MAX_HEIGHT / height))
        canvas = backend_agg.FigureCanvasAgg(figure)
        canvas.draw()
        return torch.from_numpy(np.array(canvas.buffer_rgba())[:MAX_HEIGHT, :MAX_WIDTH])
    except Exception:
        return None
    finally:
        figure.set_dpi(before[0])
        figure.set_canvas(before[1])
