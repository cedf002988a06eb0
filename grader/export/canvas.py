"""Scores for Canvas: a CSV file that its gradebook imports, from scratch or filled into the one that it exported.

Canvas takes more than it should without a word, so what it would misread is refused here. Students are named by their
ids alone: Canvas needs no more to find them, and no name means nothing personal and nothing a spreadsheet would take
for a formula in the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.decimals import format_score, is_rounded, parse_decimal
from grader.export.findings import Export, Finding, Severity, WrittenCell, is_refused, merge_findings
from grader.export.scores import Column, ScoreTable, check_scores, explain_missing
from grader.export.sheet import Sheet, list_titles
from grader.export.template import Target, Template, TemplateRow
from grader.roster import RosterStudent

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
_CLEARS = "the cell is blank, and a blank cell clears a score that Canvas has already"


def export_scores(table: ScoreTable, choices: Choices | None = None) -> Export:
    """Return the gradebook file of a table: one row per student with a grade, sorted by id.

    Scores come as given (whether bonus points are in them is the caller's choice) and are rounded to two decimals,
    halves up.

    Raises:
        InputError: there is no column.
    """
    if not table.columns:
        raise InputError("there is no assignment to export")
    students = table.graded
    findings = merge_findings(
        [
            *_check_titles(table.columns),
            *_check_students(students),
            *check_scores(table),
            *_check_cells(table, students),
        ]
    )
    data = None if is_refused(findings) else _write(table.columns, students).encode("utf-8")
    cells = tuple(
        WrittenCell(student.id, column.title, format_score(score))
        for student in students
        for column in table.columns
        if (score := column.scores.get(student.id)) is not None and score >= 0
    )
    return Export(tuple(findings), data, cells)


def _write(columns: Sequence[Column], students: Sequence[RosterStudent]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow([*HEADER, *(column.title for column in columns)])
    writer.writerow([POINTS_ROW, "", "", "", "", *(format_score(column.points) for column in columns)])
    for student in students:
        scores = [column.scores.get(student.id) for column in columns]
        cells = ["" if score is None else format_score(score) for score in scores]
        writer.writerow(["", _find_canvas_id(student), student.id, _find_login(student), "", *cells])
    return text.getvalue()


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


def _check_cells(table: ScoreTable, students: Sequence[RosterStudent]) -> Iterable[Finding]:
    """Yield which students have no row, and which no score in it, and which more than the points."""
    rows = {student.id for student in students}
    for column in table.columns:
        for reason, left_out in explain_missing(column, {one.id for one in table.students} - rows).items():
            what = f"left out, since there is no grade ({reason})"
            yield Finding(Severity.NOTE, what, column=column.title, students=left_out)
        for reason, blank in explain_missing(column, rows).items():
            mend = "export assignments one at a time, or fill in Canvas' own export with --template"
            yield Finding(Severity.CHANGED, f"no grade ({reason}): {_CLEARS}", mend, column.title, blank)
        over = tuple(sorted(student for student in rows if (column.scores.get(student) or 0) > column.points))
        if over:
            what = f"more than {format_score(column.points)} points"
            yield Finding(Severity.NOTE, what, column=column.title, students=over)


def _is_plain(text: str) -> bool:
    """Say whether ``text`` stays one physical line and can be written: no line breaks, controls or lone surrogates."""
    return text.isprintable()


# The file that Canvas exports, to be filled in.


def read_template(sheet: Sheet, _choices: Choices) -> Template:
    """Return where scores go in a gradebook that Canvas exported: into the columns titled ``Title (123)``.

    Raises:
        InputError: it is no such file.
    """
    titles = sheet.titles
    columns = {title: sheet.find(title) for title in ("ID", "SIS User ID", "SIS Login ID")}
    last = max((place for place, title in enumerate(titles) if title in ABOUT_STUDENTS), default=-1)
    if columns["ID"] is None or "Section" not in titles:
        message = f"{sheet.where} is no gradebook of Canvas: its columns are {list_titles(titles)}"
        raise InputError(message, "export it in Canvas: Grades, Export, Export Entire Gradebook")
    findings = [*_check_file(sheet)]
    points = next((row for _, row in sheet.body if row.value(0).casefold() == "points possible"), None)
    targets = []
    for place, title in enumerate(titles[last + 1 :], start=last + 1):
        match = _TITLE_WITH_ID.fullmatch(title)
        stated = points.value(place) if points is not None else ""
        closed = "" if match is not None else "it is no assignment's: such a title ends with an id, as in 'Title (123)'"
        if any(words in title for words in RESERVED_TITLES) or "read only" in stated:
            closed = "Canvas takes it for one of its own totals, and drops it"
        titles = (match[1].strip(), match[2]) if match is not None else (title,)
        targets.append(Target(place, title, titles, parse_decimal(stated), closed=closed))
    rows = []
    for place, row in sheet.body:
        ids = {title: row.value(column) for title, column in columns.items()}
        if any(ids.values()):
            keys = (
                ("id", ids["SIS User ID"]),
                ("canvas_id", ids["ID"]),
                ("username", ids["SIS Login ID"]),
            )
            label = ids["SIS User ID"] or ids["SIS Login ID"] or f"Canvas id {ids['ID']}"
            rows.append(TemplateRow(place, keys, label))
    return Template(
        "Canvas",
        sheet,
        tuple(targets),
        tuple(rows),
        findings=tuple(findings),
        places=PLACES,
        untouched=("EX", "N/A"),
        known_by="`grader roster import` takes this very file, with Canvas' ids in it",
    )


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
