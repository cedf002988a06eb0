"""CSV files: those from outside, capped, in UTF-8 or UTF-16, with any of the usual separators; those for spreadsheets.

A spreadsheet takes a cell that begins with a sign such as = for a formula, so text from outside gets an apostrophe in
front of it; when such a file is read again, that is taken away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from grader.errors import InputError, reason_of

_SIGNS = (*"=+-@\t\r", *(chr(ord(sign) + 0xFEE0) for sign in "=+-@"))  # and their full-width forms
_GUARD = "'"


def guard(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return _GUARD + text if text.startswith((*_SIGNS, _GUARD)) else text


def unguard(text: str) -> str:
    """Return the text that ``guard`` was given."""
    return text[1:] if text.startswith(_GUARD) and text[1:].startswith((*_SIGNS, _GUARD)) else text


def write_rows(rows: Iterable[Iterable[str | int | float]]) -> bytes:
    """Return a CSV file for spreadsheets: texts are guarded, numbers are as they are."""
    stream = io.StringIO(newline="")
    stream.write("\ufeff")  # without it Excel takes UTF-8 for something else
    writer = csv.writer(stream)
    for row in rows:
        writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in row])
    return stream.getvalue().encode()


def read_text(path: Path, cap: int, hint: str) -> str:
    """Return the text of a file of at most ``cap`` bytes; ``hint`` says what such a file should be.

    Raises:
        InputError: it cannot be read, is larger, or is no text.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(cap + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}", "check the path") from None
    if len(data) > cap:
        raise InputError(f"{path} is larger than {cap:,} bytes", hint)
    return decode(data, str(path))


def decode(data: bytes, where: str) -> str:
    """Return text from UTF-8 or, with its byte order mark, UTF-16.

    Raises:
        InputError: it is neither; the message names the line.
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{where}:{line}: neither UTF-8 nor UTF-16 (byte 0x{data[min(error.start, len(data) - 1)]:02x})"
        raise InputError(message, "save it as UTF-8 (in Excel: CSV UTF-8)") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{where}:{line}: a NUL character; this is no text", "save it as CSV, in UTF-8")
    return text


def read_rows(
    text: str,
    where: str,
    *,
    name_columns: Callable[[list[str]], Sequence[str]],
    cell_length: int,
    hint: str,
    clean: Callable[[str], str] = str.strip,
) -> tuple[Sequence[str], list[tuple[int, dict[str, str]]]]:
    """Return the columns of a table, and its rows, each with its line; empty rows are left out.

    ``name_columns`` makes the columns' names of the first row; ``clean`` is what happens to every cell, of which none
    is longer than ``cell_length``. A row that is too short has empty cells at its end.

    Raises:
        InputError: it is no table; the message names the line, and ``hint`` says what it should be.
    """
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    header: Sequence[str] | None = None
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for row in reader:
            cells = [clean(cell) for cell in row]
            if not any(cells):
                continue
            if header is None:
                header = name_columns(cells)
                continue
            if len(cells) > len(header) or any(len(cell) > cell_length for cell in cells):
                raise InputError(f"{where}:{reader.line_num}: more cells than the header has, or one too long", hint)
            rows.append((reader.line_num, dict(zip(header, [*cells, *[""] * len(header)], strict=False))))
    except csv.Error as error:
        raise InputError(f"{where}:{reader.line_num}: this is not CSV ({error})", hint) from None
    if header is None:
        raise InputError(f"{where} is empty", hint)
    return header, rows
