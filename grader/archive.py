"""Zips that are written: the same content makes the same bytes, and no name in one leads out of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grader.files import replacing
from grader.language import later

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # zips know no earlier one; any other would tell when they were made
_HINT = later("give a place that you may write to, on a disk with room")


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A file in a zip: its path inside, what makes its content, and whether it is a program."""

    name: str
    read: Callable[[], bytes]
    is_program: bool = False


def write_archive(path: Path, entries: Iterable[ZipEntry]) -> None:
    """Write a zip with its entries sorted by name; it is there whole, or not at all.

    Raises:
        InputError: it cannot be written.
        ValueError: a name leads out of the zip, or is there twice.
    """
    with replacing(path, _HINT) as file:
        _write_entries(file, entries)


def pack_archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip with these files, by name.

    Raises:
        ValueError: a name leads out of the zip.
    """
    stream = io.BytesIO()
    _write_entries(stream, [ZipEntry(name, lambda content=content: content) for name, content in files.items()])  # type: ignore[misc]
    return stream.getvalue()


def _write_entries(file: IO[bytes], entries: Iterable[ZipEntry]) -> None:
    names = set()
    with zipfile.ZipFile(file, "w") as archive:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not is_plain(entry.name) or entry.name in names:
                raise ValueError(f"{entry.name!a} cannot be a name in this zip")
            names.add(entry.name)
            info = zipfile.ZipInfo(entry.name, _FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # the modes below are Unix'
            info.external_attr = (0o100755 if entry.is_program else 0o100644) << 16
            archive.writestr(info, entry.read(), compresslevel=6)


def is_plain(name: str) -> bool:
    """Say whether a path in a zip stays inside it on every system, and can be printed."""
    parts = name.split("/")
    return name.isprintable() and not any(part in ("", ".", "..") or set(part) & set('\\:"<>|?*') for part in parts)
