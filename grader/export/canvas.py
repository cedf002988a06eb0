"""Scores become a CSV file that Canvas' gradebook imports.

Canvas takes more than it should without a word, so what it would misread is refused here. Students are named by their
SIS id alone: Canvas needs no more to find them, and no name means nothing personal and nothing a spreadsheet would
take for a formula in the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.display import clean_line, list_names
from grader.errors import InputError
from grader.export.scores import Column

HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POINTS_ROW = "    Points Possible"  # the four spaces are part of it
RESERVED_TITLES = (
    "Current Score",
    "Current Points",
    "Current Grade",
    "Final Score",
    "Final Points",
    "Final Grade",
    "Override Score",
    "Override Grade",
    "Override Status",
)

_TITLE_WITH_ID = re.compile(r"\A.*\s\(\d+\)\Z")
_NUMBER_LIKE = re.compile(r"\A-?[0-9.,]+%?\Z")
_CENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class CanvasExport:
    """The bytes of the CSV file, and what the instructor should know before importing it."""

    data: bytes
    warnings: tuple[str, ...]


def canvas_csv(columns: Sequence[Column]) -> CanvasExport:
    """Return the gradebook file of ``columns``: one row per student with a grade, sorted by id.

    Scores come as given (whether bonus points are in them is the caller's choice) and are rounded to two decimals,
    halves up: that is as fine as Canvas compares.

    Raises:
        InputError: a title, an id or a score that Canvas would drop, misread or take for another's; all are named.
    """
    if not columns:
        raise InputError("there is no assignment to export")
    students = sorted({student for column in columns for student in column.scores})
    _refuse(_title_faults(columns), "rename the assignment for Canvas")
    _refuse(_student_faults(students), "use the SIS ids that Canvas knows")
    _refuse(_score_faults(columns), None)
    rows = [student for student in students if any(column.scores.get(student) is not None for column in columns)]
    data = _write(columns, rows).encode("utf-8")
    return CanvasExport(data, tuple(_warnings(columns, students, rows)))


def format_score(score: Fraction) -> str:
    """Return a score of at least 0 with exactly two decimals, halves rounded up: ``9.50``."""
    hundredths = (score * 100 + Fraction(1, 2)).__floor__()
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _write(columns: Sequence[Column], students: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow([*HEADER, *(column.title for column in columns)])
    writer.writerow([POINTS_ROW, "", "", "", "", *(format_score(column.points) for column in columns)])
    for student in students:
        scores = [column.scores.get(student) for column in columns]
        cells = ["" if score is None else format_score(score) for score in scores]
        writer.writerow(["", "", student, student, "", *cells])
    return text.getvalue()


def _refuse(faults: Iterable[str], hint: str | None) -> None:
    found = list(faults)
    if found:
        raise InputError("Canvas cannot import this:\n" + "\n".join(f"  {fault}" for fault in found), hint)


def _title_faults(columns: Sequence[Column]) -> Iterable[str]:
    seen: set[str] = set()
    for column in columns:
        fault = _title_fault(column.title)
        if column.title in seen:
            fault = "two columns have this title"
        seen.add(column.title)
        if fault:
            yield f"title {clean_line(column.title)!r}: {fault}"
        if column.points < 0:
            yield f"title {clean_line(column.title)!r}: points below 0"
    if sum(column.title.count(";") for column in columns) >= len(HEADER):
        yield "the titles: so many semicolons that Canvas may take them for the ends of cells"


def _title_fault(title: str) -> str | None:
    reserved = [words for words in RESERVED_TITLES if words in title]
    if not title.strip() or title != title.strip():
        return "empty, or with spaces around it"
    if not _is_plain(title):
        return "holds a line break or another character that is not seen"
    if reserved:
        return f"Canvas takes {reserved[0]!r} for one of its own totals and drops the column"
    if _TITLE_WITH_ID.match(title):
        return "Canvas takes the number in brackets at its end for the id of an assignment of its own"
    if title in HEADER or title in ("Integration ID", "Root Account"):
        return "Canvas takes it for a column about the student"
    return _number_fault(title)


def _student_faults(students: Sequence[str]) -> Iterable[str]:
    for student in students:
        fault = _student_fault(student)
        if fault:
            yield f"student {clean_line(student)!r}: {fault}"


def _student_fault(student: str) -> str | None:
    if not any(character.isalnum() for character in student) or student != student.strip():
        return "an id needs a letter or a digit, and no spaces around it"
    if not _is_plain(student):
        return "holds a line break or another character that is not seen"
    if ";" in student:
        return "Canvas may take the semicolon for the end of a cell"
    return _number_fault(student)


def _number_fault(text: str) -> str | None:
    if _NUMBER_LIKE.match(text) and _as_canvas_reads(text) != text:
        return f"Canvas takes it for a number and reads {_as_canvas_reads(text)!r}"
    return None


def _as_canvas_reads(cell: str) -> str:
    """Return what Canvas makes of a cell that looks like a number: its last ``.`` or ``,`` is the decimal point."""
    digits = cell.rstrip("%")
    place = max(digits.rfind("."), digits.rfind(","))
    if place < 0:
        return digits
    whole = digits[:place].replace(".", "").replace(",", "")
    return f"{whole}.{digits[place + 1 :]}"


def _score_faults(columns: Sequence[Column]) -> Iterable[str]:
    for column in columns:
        below = [student for student, score in column.scores.items() if score is not None and score < 0]
        if below:
            yield f"{column.title!r}: a score below 0 for {list_names(sorted(below))}"


def _warnings(columns: Sequence[Column], students: Sequence[str], rows: Sequence[str]) -> Iterable[str]:
    kept = set(rows)
    left_out = [student for student in students if student not in kept]
    if left_out:
        yield f"left out, since they have no grade: {list_names(left_out)}"
    for column in columns:
        blank = [student for student in rows if column.scores.get(student) is None]
        if blank:
            yield (
                f"{column.title!r}: no grade for {list_names(blank)}. "
                "The cell is blank, and a blank cell clears a score that Canvas has already"
            )
        over = [student for student in rows if (column.scores.get(student) or 0) > column.points]
        if over:
            yield f"{column.title!r}: more than {format_score(column.points)} points for {list_names(over)}"
        if column.points % _CENT:
            yield f"{column.title!r}: its points are rounded to {format_score(column.points)}"


def _is_plain(text: str) -> bool:
    """Say whether ``text`` stays one physical line and can be written: no line breaks, controls or lone surrogates."""
    return text.isprintable()
