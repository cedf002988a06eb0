"""Imports the course's own files and torch's own things: in this process, where no student's code is."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.examiner.cost import measure_here


def import_file(path: Path) -> ModuleType:
    """Return a solution or a known mistake as a module that nothing else shares."""
    spec = importlib.util.spec_from_file_location(f"grader_reference_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).setdefault("cost", partial(measure_here, str(path)))  # as a submission has
    return module


def close_figures() -> None:
    """Close what trusted code drew: pyplot keeps every figure, and draws the next into the last."""
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")


def import_dotted(dotted: str) -> Any:
    """Return something by its dotted name, such as ``torch.nn.MSELoss``."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)
