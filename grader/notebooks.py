"""A Jupyter notebook as a file: its cells, and what its metadata says of the assignment. Nothing in it is run.

The file comes from outside. Its size is capped before it is parsed; outputs, attachments and widgets are never looked
at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.errors import SubmissionError
from grader.language import _, later
from grader.places import shown

SUFFIX = ".ipynb"
METADATA = "grader"  # the key of ours in a notebook's metadata
TAG = "grader:"  # before the question's id, in the tags of the cell that answers it
CHECK_TAG = "grader-check"  # of the cell that runs the public checks

MAX_NOTEBOOK_BYTES = 10_000_000  # with its figures
MAX_CELLS = 2_000
MAX_CODE_BYTES = 1_000_000  # of all code cells together
MAX_CONTAINERS = 300_000  # objects and arrays: each takes far more memory than its two bytes
_HINT = later("open it in Jupyter, save it, and try again")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its place in the notebook, counted from 1, its kind, its text and the ids of questions in its tags."""

    number: int
    kind: str
    source: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells of a notebook; ``marker`` is what its metadata says of the assignment, as it stands there."""

    cells: tuple[Cell, ...]
    marker: Mapping[str, Any] | None = None


def is_notebook_name(name: str) -> bool:
    """Say whether a file is taken for a notebook by its name."""
    return name.casefold().endswith(SUFFIX) and not name.startswith((".", "__"))


def read_notebook(data: bytes, name: str) -> Notebook:
    """Read a notebook (nbformat 4); ``name`` is what errors call it.

    Raises:
        SubmissionError: it is none, or holds more than any answer needs.
    """
    where = shown(name)
    document = _parse(data, where)
    if not isinstance(document, dict) or type(document.get("nbformat")) is not int:
        message = _("{name} is not a notebook: it does not say which nbformat it has", name=where)
        raise SubmissionError(message, _(_HINT))
    if document["nbformat"] != 4:
        found = shown(document["nbformat"])
        message = _("{name} has nbformat {number}, and only 4 can be read", name=where, number=found)
        raise SubmissionError(message, _("open it in a current Jupyter, and save it"))
    listing = document.get("cells")
    if not isinstance(listing, list):
        raise SubmissionError(_("{name} is not a notebook: it has no list of cells", name=where), _(_HINT))
    if len(listing) > MAX_CELLS:
        values = {"name": where, "count": len(listing), "most": MAX_CELLS}
        message = _("{name} has {count:,} cells, and at most {most:,} are taken", **values)
        raise SubmissionError(message, _("keep only the cells of your answer"))
    cells = tuple(_read_cell(cell, number, where) for number, cell in enumerate(listing, 1))
    if sum(len(cell.source) for cell in cells if cell.kind == "code") > MAX_CODE_BYTES:
        message = _("the code cells of {name} hold more than {most:,} characters", name=where, most=MAX_CODE_BYTES)
        raise SubmissionError(message, _("keep only the code of your answer"))
    metadata = document.get("metadata")
    marker = metadata.get(METADATA) if isinstance(metadata, dict) else None
    return Notebook(cells, marker if isinstance(marker, dict) else None)


def _parse(data: bytes, where: str) -> Any:
    if len(data) > MAX_NOTEBOOK_BYTES:
        values = {"name": where, "size": len(data), "most": MAX_NOTEBOOK_BYTES}
        message = _("{name} is too large: {size:,} bytes, and at most {most:,} are taken", **values)
        raise SubmissionError(message, _("clear its outputs, save it, and try again"))
    if data.count(b"{") + data.count(b"[") > MAX_CONTAINERS:
        message = _("{name} holds too much", name=where)
        raise SubmissionError(message, _("clear its outputs, save it, and try again"))
    try:
        return json.loads(data)
    except (ValueError, RecursionError, MemoryError):
        message = _("{name} is not a notebook: it is not valid JSON", name=where)
        raise SubmissionError(message, _(_HINT)) from None


def _read_cell(cell: object, number: int, where: str) -> Cell:
    if not isinstance(cell, dict):
        raise SubmissionError(_("cell {number} of {name} is no cell", number=number, name=where), _(_HINT))
    kind, source = cell.get("cell_type"), cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str) or not isinstance(kind, str):
        raise SubmissionError(_("cell {number} of {name} holds no text", number=number, name=where), _(_HINT))
    if kind == "code":
        _refuse_odd_text(source, number, where)
    return Cell(number, kind, source.replace("\r\n", "\n").replace("\r", "\n"), _read_tags(cell.get("metadata")))


def _read_tags(metadata: object) -> tuple[str, ...]:
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if not isinstance(tags, list):
        return ()
    return tuple(tag[len(TAG) :] for tag in tags if isinstance(tag, str) and tag.startswith(TAG))


def _refuse_odd_text(source: str, number: int, where: str) -> None:
    """Refuse what cannot be written into a file, or read from one as Python."""
    try:
        source.encode()
    except UnicodeEncodeError:
        odd = later("cell {number} of {name} holds half of a character (a lone surrogate), which text has not")
    else:
        if "\0" not in source:
            return
        odd = later("cell {number} of {name} holds a NUL character, which text has not")
    raise SubmissionError(_(odd, number=number, name=where), _("delete it, and save again"))
