"""Scores for Canvas: a CSV file that its gradebook imports, from scratch or filled into the one that it exported.

Canvas takes more than it should without a word, so what it would misread is refused here. Students are named by their
ids alone: Canvas needs no more to find them, and no name means nothing personal and nothing a spreadsheet would take
for a formula in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.decimals import format_score, is_rounded, parse_decimal
from grader.export.findings import Export, Finding, Severity
from grader.export.gradesheet import check_gaps, check_maximum, finish
from grader.export.scores import Column, ScoreTable
from grader.export.sheet import Sheet, list_titles
from grader.export.template import Target, Template, TemplateRow
from grader.roster import RosterStudent, is_test_student

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
ABOUT_STUDENTS = (*HEADER, "LastName", "FirstName", "Integration ID", "Root Account")
PLACES = 2  # as fine as Canvas compares

_TITLE_WITH_ID = re.compile(r"(.*)\s\((\d+)\)", re.DOTALL | re.ASCII)
_NUMBER_LIKE = re.compile(r"\A-?[0-9.,]+%?\Z")
_RENAME = "rename the assignment for Canvas"
_BLANK = Finding(
    Severity.CHANGED,
    "the cell is blank, and a blank cell clears a score that Canvas has already",
    "export assignments one at a time, or fill in Canvas' own export with --template",
)
_OVER = Finding(Severity.NOTE, "more than the points")


def export_scores(table: ScoreTable, _choices: Choices | None = None) -> Export:
    """Return the gradebook file of a table: one row per student with a grade, sorted by id.

    Scores come as given (whether bonus points are in them is the caller's choice) and are rounded to two decimals,
    halves up.

    Raises:
        InputError: there is no column.
    """
    columns, students = table.columns, table.graded
    findings = [
        *_check_titles(columns),
        *_check_students(students),
        *check_gaps(table, _BLANK),
        *check_maximum(table, _OVER),
    ]

    def make_rows() -> Iterator[list[str]]:
        yield [*HEADER, *(column.title for column in columns)]
        yield [POINTS_ROW, "", "", "", "", *(format_score(column.points) for column in columns)]
        for student in students:
            scores = [column.scores.get(student.id) for column in columns]
            cells = ["" if score is None else format_score(score) for score in scores]
            yield ["", _find_canvas_id(student), student.id, _find_login(student), "", *cells]

    return finish(table, findings, make_rows, PLACES)


def _find_canvas_id(student: RosterStudent) -> str:
    return student.lms_ids.get("canvas_id", "")


def _find_login(student: RosterStudent) -> str:
    return student.lms_ids.get("username") or student.id


def _check_titles(columns: Sequence[Column]) -> Iterable[Finding]:
    seen: set[str] = set()
    for column in columns:
        fault = "two columns have this title" if column.title in seen else _find_title_fault(column.title)
        seen.add(column.title)
        if fault:
            yield Finding(Severity.REFUSED, fault, _RENAME, column.title)
        if is_rounded(column.points, PLACES):
            what = f"its points are rounded to {format_score(column.points)}"
            yield Finding(Severity.CHANGED, what, column=column.title)
    if sum(column.title.count(";") for column in columns) >= len(HEADER):
        what = "so many semicolons in the titles that Canvas may take them for the ends of cells"
        yield Finding(Severity.REFUSED, what, _RENAME)


def _find_title_fault(title: str) -> str | None:
    reserved = [words for words in RESERVED_TITLES if words in title]
    if not title.strip() or title != title.strip():
        return "empty, or with spaces around it"
    if not _is_plain(title):
        return "holds a line break or another character that is not seen"
    if reserved:
        return f"Canvas takes {reserved[0]!r} for one of its own totals and drops the column"
    if _TITLE_WITH_ID.fullmatch(title):
        return "Canvas takes the number in brackets at its end for the id of an assignment of its own"
    if title in ABOUT_STUDENTS:
        return "Canvas takes it for a column about the student"
    return _find_number_fault(title)


def _check_students(students: Sequence[RosterStudent]) -> Iterable[Finding]:
    """Yield which ids Canvas would misread, or take for another student's."""
    owners: dict[tuple[str, str], str] = {}
    for student in students:
        ids = {"SIS id": student.id, "login": _find_login(student), "Canvas id": _find_canvas_id(student)}
        for kind, value in ids.items():
            fault = _find_id_fault(value) if value or kind != "Canvas id" else None
            if fault:
                said = "" if value == student.id else f"{kind} {value!r}: "
                mend = "--skip leaves the student out; else use the ids that Canvas knows"
                yield Finding(Severity.REFUSED, f"{said}{fault}", mend, students=(student.id,))
            first = owners.setdefault((kind, value), student.id)
            if value and first != student.id:
                what = f"the {kind} {value!r} is also that of {first!r}"
                yield Finding(Severity.REFUSED, what, "mend the roster", students=(student.id,))


def _find_id_fault(student: str) -> str | None:
    if not any(character.isalnum() for character in student) or student != student.strip():
        return "an id needs a letter or a digit, and no spaces around it"
    if not _is_plain(student):
        return "holds a line break or another character that is not seen"
    if ";" in student:
        return "Canvas may take the semicolon for the end of a cell"
    return _find_number_fault(student)


def _find_number_fault(text: str) -> str | None:
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


def _is_plain(text: str) -> bool:
    """Say whether ``text`` stays one physical line and can be written: no line breaks, controls or lone surrogates."""
    return text.isprintable()


# The file that Canvas exports, to be filled in.

_ID_COLUMNS = {"id": "SIS User ID", "username": "SIS Login ID", "canvas_id": "ID"}


def read_template(sheet: Sheet, _choices: Choices) -> Template:
    """Return where scores go in a gradebook that Canvas exported: into the columns titled ``Title (123)``.

    Raises:
        InputError: it is no such file.
    """
    ids = {kind: sheet.find(title) for kind, title in _ID_COLUMNS.items()}
    if ids["canvas_id"] is None or "Section" not in sheet.titles:
        message = f"{sheet.where} is no gradebook of Canvas: its columns are {list_titles(sheet.titles)}"
        raise InputError(message, "export it in Canvas: Grades, Export, Export Entire Gradebook")
    rows = []
    for place, row in sheet.body:
        keys = tuple((kind, row.value(column)) for kind, column in ids.items())
        label = next((value for _, value in keys if value), "")
        is_test = is_test_student(row.value(0)) and not dict(keys)["id"]
        if label and not is_test:  # else it is of points, or of how grades are posted
            rows.append(TemplateRow(place, keys, label))
    return Template(
        "Canvas",
        sheet,
        tuple(_list_targets(sheet)),
        tuple(rows),
        findings=tuple(_check_file(sheet)),
        places=PLACES,
        untouched=("EX", "N/A"),
        known_by="`grader roster import` takes this very file, with Canvas' ids in it",
    )


def _list_targets(sheet: Sheet) -> Iterator[Target]:
    """Yield the columns behind those about the student, each with the maximum that the row of points states."""
    points = next((row for _, row in sheet.body if row.value(0).casefold() == "points possible"), None)
    last = max(place for place, header in enumerate(sheet.titles) if header in ABOUT_STUDENTS)
    for place, header in enumerate(sheet.titles):
        if place <= last:
            continue
        match = _TITLE_WITH_ID.fullmatch(header)
        stated = points.value(place) if points is not None else ""
        closed = "" if match is not None else "it is no assignment's: such a title ends with an id, as in 'Title (123)'"
        if any(words in header for words in RESERVED_TITLES) or "read only" in stated:
            closed = "Canvas takes it for one of its own totals, and drops it"
        titles = (match[1].strip(), match[2]) if match is not None else (header,)
        yield Target(place, header, titles, parse_decimal(stated), closed=closed)


def _check_file(sheet: Sheet) -> Iterable[Finding]:
    """Yield what keeps Canvas from reading a file that was saved anew by something else."""
    if sheet.encoding != "utf-8":
        what = f"Canvas reads UTF-8 only, and this is {sheet.encoding.upper()}"
        yield Finding(Severity.REFUSED, what, "export it from Canvas once more")
    if sheet.mark and sheet.header.cells[0].is_quoted:
        what = "Canvas refuses a quoted first cell behind a byte order mark"
        yield Finding(Severity.REFUSED, what, "export it from Canvas once more")
    if sheet.delimiter == "\t":
        yield Finding(Severity.REFUSED, "Canvas reads no tabs between cells", "export it from Canvas once more")
