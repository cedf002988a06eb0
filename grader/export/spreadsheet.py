"""Scores for people: a CSV or a workbook with names, points, lateness, and why a score is missing.

No cell is ever a formula, whatever a name begins with: in the CSV such text has an apostrophe in front of it, in the
workbook it is a cell of text. No LMS is meant to read these files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from grader.display import clean_line, clean_text, timestamp, to_number
from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.findings import Export, Finding, is_refused, merge_findings
from grader.export.gradesheet import list_cells
from grader.export.scores import Column, ScoreTable, check_scores
from grader.policy import format_duration
from grader.roster import RosterStudent
from grader.tables import write_rows

HEADER = (
    "id", "name", "email", "section", "group", "assignment", "title", "score", "points", "bonus", "status", "submitted",
    "late", "penalty",
)  # fmt: skip
MOST_CHARACTERS = 1_000  # of a cell; a workbook takes 32,767
MOST_OF_FEEDBACK = 10_000
PLACES = 2

Cell = str | float


def export_csv(table: ScoreTable, choices: Choices) -> Export:
    """Return a CSV with a row for every student in every assignment. Everybody is in it, whatever is missing.

    Raises:
        InputError: there is no column.
    """
    rows: list[list[Cell]] = [_header(choices), *_list_rows(table, choices)]
    findings = _find(table)
    data = None if is_refused(findings) else write_rows(rows)
    return Export(tuple(findings), data, list_cells(table, PLACES))


def export_xlsx(table: ScoreTable, choices: Choices) -> Export:
    """Return a workbook: a sheet of all scores, one row per student, and one of what the CSV holds.

    Raises:
        InputError: there is no column, or the library for workbooks is not installed.
    """
    findings = _find(table)
    try:
        from xlsxwriter import Workbook
    except ImportError:
        hint = "pip install 'grader[xlsx]'; `grader export csv` needs nothing else"
        raise InputError("a workbook takes the library XlsxWriter, which is not installed", hint) from None
    stream = io.BytesIO()
    with Workbook(stream, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": datetime(2000, 1, 1)})
        bold = workbook.add_format({"bold": True})
        overview: list[list[Cell]] = [
            ["id", "name", "email", "section", "group", *(_clean(column.title) for column in table.columns)],
            ["points", "", "", "", "", *(_round(column.points) for column in table.columns)],
            *([*_describe(student), *_list_scores(table.columns, student.id)] for student in table.students),
        ]
        _fill(workbook.add_worksheet("Scores"), overview, bold)
        details: list[list[Cell]] = [_header(choices), *_list_rows(table, choices)]
        _fill(workbook.add_worksheet("Details"), details, bold)
    data = None if is_refused(findings) else stream.getvalue()
    return Export(tuple(findings), data, list_cells(table, PLACES))


def _find(table: ScoreTable) -> list[Finding]:
    if not table.columns:
        raise InputError("there is no assignment to export")
    return merge_findings(check_scores(table))


def _fill(sheet: Any, rows: Sequence[Sequence[Cell]], bold: Any) -> None:
    """Write rows; every text is a cell of text, so that none is a formula, a link or a number."""
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, place, cell, bold if number == 0 else None)
            else:
                sheet.write_number(number, place, cell)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(rows[0]) - 1, 16)


def _header(choices: Choices) -> list[Cell]:
    return [*HEADER, "feedback"] if choices.feedback else [*HEADER]


def _list_rows(table: ScoreTable, choices: Choices) -> Iterator[list[Cell]]:
    for student in table.students:
        for column in table.columns:
            row = [*_describe(student), *_describe_score(column, student.id)]
            told = clean_text(column.feedback.get(student.id, ""), MOST_OF_FEEDBACK)
            yield [*row, told] if choices.feedback else row


def _describe(student: RosterStudent) -> list[Cell]:
    return [_clean(text or "") for text in (student.id, student.name, student.email, student.section, student.group)]


def _list_scores(columns: Sequence[Column], student: str) -> list[Cell]:
    scores = [column.scores.get(student) for column in columns]
    return ["" if score is None else _round(score) for score in scores]


def _describe_score(column: Column, student: str) -> list[Cell]:
    score, detail = column.scores.get(student), column.details.get(student)
    missing = column.missing.get(student)
    late = detail is not None and detail.submitted_at is not None and bool(detail.lateness)
    return [
        column.assignment,
        _clean(column.title),
        "" if score is None else _round(score),
        _round(detail.points if detail is not None and score is not None else column.points),
        _round(detail.bonus) if detail is not None and score is not None else "",
        "graded" if score is not None else missing.value if missing is not None else "no grade",
        (timestamp(detail.submitted_at) or "") if detail is not None else "",
        format_duration(detail.lateness) if detail is not None and late else "",
        _clean(detail.penalty or "") if detail is not None and late else "",
    ]


def _round(amount: Fraction) -> int | float:
    number = to_number(amount)
    return int(number) if number.is_integer() else number


def _clean(text: str) -> str:
    return clean_line(text, MOST_CHARACTERS)
