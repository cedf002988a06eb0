"""A CSV file that somebody else's program wrote, kept byte for byte but for the cells that are replaced.

Its byte order mark, encoding, delimiter, quotes, ends of lines and blank lines stay as they are. A csv.writer would
write all of them in its own way, and what reads the file next may care.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.errors import InputError, reason_of
from grader.tables import decode

MAX_SHEET_BYTES = 50_000_000
MAX_CELLS = 5_000_000
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_DELIMITERS = ",;\t"
_QUOTED = re.compile('"[^"]*(?:""[^"]*)*"')
_END = re.compile("\r\n|\r|\n")
_HINT = "export it from the LMS once more, and do not save it in a spreadsheet before"


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell: where its characters stand in the text, quotes included, and what they say."""

    start: int
    end: int
    value: str
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row. ``line`` is the line of the file that it begins on, from 1; a blank line is one empty cell."""

    line: int
    cells: tuple[SheetCell, ...]

    def value(self, index: int | None) -> str:
        """Return what a cell says, without blanks around it; nothing where the row has no such cell."""
        return self.cells[index].value.strip() if index is not None and index < len(self.cells) else ""

    @property
    def is_blank(self) -> bool:
        """Does no cell say anything?"""
        return not any(cell.value.strip() for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """The cells of a CSV file, and all that it takes to write it again as it was."""

    where: str
    text: str
    mark: bytes
    encoding: str
    delimiter: str
    rows: tuple[SheetRow, ...]

    @cached_property
    def header(self) -> SheetRow:
        """The first row that says anything."""
        return next(row for row in self.rows if not row.is_blank)

    @cached_property
    def body(self) -> tuple[tuple[int, SheetRow], ...]:
        """The rows below the header that say anything, each with its place among all rows."""
        top = self.rows.index(self.header)
        return tuple((place, row) for place, row in enumerate(self.rows) if place > top and not row.is_blank)

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """What the header's cells say, without blanks around it."""
        return tuple(cell.value.strip() for cell in self.header.cells)

    def find(self, title: str) -> int | None:
        """Return the place of a column by its title, without regard to case."""
        return self._places.get(title.casefold())

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {title.casefold(): place for place, title in reversed([*enumerate(self.titles)])}

    def fill(self, changes: Mapping[tuple[int, int], str]) -> bytes:
        """Return the file with some cells, given by row and column, replaced by texts, quoted as cells near them are.

        Raises:
            InputError: a text cannot be written in the file's encoding.
        """
        parts, at = [], 0
        columns = {column: self._list_filled(column) for column in {column for _, column in changes}}
        for row, column in sorted(changes):
            cell = self.rows[row].cells[column]
            if changes[row, column] == cell.value:
                continue
            quoted = cell.is_quoted
            if not cell.value and not quoted:  # there is nothing to see from it: as in its column, else as in its row
                near = columns[column] or [one.is_quoted for one in self.rows[row].cells if one.value]
                quoted = bool(near) and all(near)
            parts += [self.text[at : cell.start], self._write(changes[row, column], quoted)]
            at = cell.end
        text = "".join([*parts, self.text[at:]])
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError:
            raise InputError(f"{self.where}: a text for it cannot be written as {self.encoding}") from None

    def _list_filled(self, column: int) -> list[bool]:
        """Say of the cells of a column that hold anything whether they are quoted."""
        cells = [row.cells[column] for _, row in self.body if column < len(row.cells)]
        return [cell.is_quoted for cell in cells if cell.value]

    def _write(self, text: str, quoted: bool) -> str:
        special = any(sign in text for sign in (self.delimiter, '"', "\r", "\n")) or text != text.strip()
        return '"' + text.replace('"', '""') + '"' if quoted or special else text


def read_sheet(source: Path | bytes, where: str = "") -> Sheet:
    """Read a CSV file in UTF-8, or UTF-16 with its byte order mark, its cells separated by ``,``, ``;`` or tabs.

    Raises:
        InputError: it cannot be read, is too large, or is not CSV; the message names the line.
    """
    where = where or (str(source) if isinstance(source, Path) else "the template")
    data = _read_bytes(source) if isinstance(source, Path) else source
    text = decode(data, where)
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    encoding = _MARKS.get(mark, "utf-8")
    if mark + text.encode(encoding) != data:  # it has been read otherwise than it was written
        raise InputError(f"{where} cannot be kept byte for byte", _HINT)
    first = re.sub(r'"[^"]*"', "", text.lstrip("\r\n"))  # what is quoted separates nothing
    line = re.split(r"[\r\n]", first, maxsplit=1)[0]
    delimiter = max(_DELIMITERS, key=line.count)
    rows = _scan(text, delimiter, where)
    if all(row.is_blank for row in rows):
        raise InputError(f"{where} is empty", _HINT)
    return Sheet(where, text, mark, encoding, delimiter, tuple(rows))


def _read_bytes(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SHEET_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}", "check the path") from None
    if len(data) > MAX_SHEET_BYTES:
        raise InputError(f"{path} is larger than {MAX_SHEET_BYTES:,} bytes", "give the file that the LMS exported")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(f"{path} is a workbook of a spreadsheet, not CSV", "export it from the LMS as CSV")
    return data


def _scan(text: str, delimiter: str, where: str) -> list[SheetRow]:
    """Return the rows of a text. A quote opens a quoted cell only as its first character, as csv.reader reads it."""
    plain = re.compile(f"[^{delimiter}\r\n]*")
    rows: list[SheetRow] = []
    cells: list[SheetCell] = []
    at, line, first, count = 0, 1, 1, 0
    while at < len(text) or cells:
        is_quoted = text.startswith('"', at)
        match = (_QUOTED if is_quoted else plain).match(text, at)
        if match is None:
            raise InputError(f"{where}:{line}: a quote that is never closed; this is not CSV", _HINT)
        value = match[0][1:-1].replace('""', '"') if is_quoted else match[0]
        cells.append(SheetCell(at, match.end(), value, is_quoted))
        at, line, count = match.end(), line + (len(_END.findall(value)) if is_quoted else 0), count + 1
        if count > MAX_CELLS:
            raise InputError(f"{where} has more than {MAX_CELLS:,} cells", "export fewer columns from the LMS")
        if text.startswith(delimiter, at):
            at += 1
            continue
        end = _END.match(text, at)
        if end is None and at < len(text):
            raise InputError(f"{where}:{line}: text behind a closing quote; this is not CSV", _HINT)
        rows.append(SheetRow(first, tuple(cells)))
        cells = []
        at, line = (end.end(), line + 1) if end is not None else (at, line)
        first = line
    return rows


def list_titles(titles: Sequence[str], most: int = 12) -> str:
    """Return columns' titles for a message."""
    more = f" and {len(titles) - most} more" if len(titles) > most else ""
    return ", ".join(repr(title) for title in titles[:most]) + more
