"""Scores for Brightspace (D2L): a CSV that its grades import, from scratch or filled into the one that it exported."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.decimals import format_score, parse_decimal
from grader.export.findings import Export, Finding, Severity
from grader.export.gradesheet import check_gaps, check_ids, check_maximum, check_titles, finish
from grader.export.scores import ScoreTable
from grader.export.sheet import Sheet, list_titles
from grader.export.template import Target, Template, TemplateRow
from grader.roster import RosterStudent

END_TITLE, END = "End-of-Line Indicator", "#"
PLACES = 2

_COLUMN = re.compile(r"(?P<title>.*) (?P<kind>Points Grade|Grade Symbol|Text Grade)(?: <(?P<rest>[^>]*)>)?", re.DOTALL)
_KINDS = ("Points Grade", "Grade Symbol", "Text Grade", "Adjusted Final Grade", "Calculated Final Grade")
_MAXIMUM = re.compile(r"\bMaxPoints:([0-9.,]+)")
_BLANK = Finding(
    Severity.CHANGED,
    "the cell is blank, and what Brightspace makes of that is not known",
    "export assignments one at a time",
)
_OVER = Finding(
    Severity.CHANGED,
    "Brightspace cuts the score down to the maximum, unless the item's Can Exceed is on: more than the maximum",
    "turn on Can Exceed, or leave out --with-bonus",
)


def export_scores(table: ScoreTable, _choices: Choices) -> Export:
    """Return a CSV for Brightspace: one row per student with a grade, ``#`` at its end, and no names.

    Raises:
        InputError: there is no column.
    """
    students = table.graded
    findings = [
        *check_titles(table, _find_title_fault),
        *check_ids(students, _read_id, "id"),
        *check_gaps(table, _BLANK),
        *check_maximum(table, _OVER),
    ]
    for column in table.columns:
        what = f"the grade item in Brightspace must be numeric and have the maximum {format_score(column.points)}"
        findings.append(Finding(Severity.NOTE, what, "make it before you import the file", column.title))
    for student in students:
        if student.id.startswith("#"):
            what = "Brightspace takes the # away"
            findings.append(Finding(Severity.REFUSED, what, "--skip leaves the student out", students=(student.id,)))

    def make_rows() -> Iterator[list[str]]:
        yield ["OrgDefinedId", "Username", *(f"{column.title} Points Grade" for column in table.columns), END_TITLE]
        for student in students:
            scores = [column.scores.get(student.id) for column in table.columns]
            cells = ["" if score is None else format_score(score) for score in scores]
            yield [student.id, student.lms_ids.get("username", ""), *cells, END]

    return finish(table, findings, make_rows, PLACES)


def _read_id(student: RosterStudent) -> str:
    return student.id


def _find_title_fault(title: str) -> str | None:
    kind = next((kind for kind in _KINDS if kind in title), None)
    if kind is not None:
        return f"Brightspace reads {kind!r} as the kind of a column"
    return "Brightspace reads what stands between < and > as settings of the item" if re.search("[<>]", title) else None


def read_template(sheet: Sheet, _choices: Choices) -> Template:
    """Return where scores go in grades that Brightspace exported: into the columns titled ``… Points Grade``.

    Raises:
        InputError: it is no such file.
    """
    ids = {"id": sheet.find("OrgDefinedId"), "username": sheet.find("Username")}
    if all(place is None for place in ids.values()):
        message = f"{sheet.where} is no export of Brightspace: its columns are {list_titles(sheet.titles)}"
        raise InputError(message, "export it in Brightspace: Grades, Enter Grades, Export; key field: both")
    targets = []
    for place, header in enumerate(sheet.titles):
        match = _COLUMN.fullmatch(header)
        if match is not None:
            stated = _MAXIMUM.search(match["rest"] or "")
            maximum = parse_decimal(stated[1]) if stated is not None else None
            numeric = match["kind"] == "Points Grade"
            closed = "" if numeric else "it takes symbols or texts, not points"
            targets.append(Target(place, header, (match["title"],), maximum, closed=closed))
        elif header.startswith(_KINDS):
            targets.append(Target(place, header, (header,), closed="it is a final grade"))
    rows = []
    for place, row in sheet.body:
        keys = tuple((kind, row.value(column).removeprefix("#")) for kind, column in ids.items())
        label = next((value for _, value in keys if value), f"line {row.line}")
        rows.append(TemplateRow(place, keys, label))
    findings = []
    if END_TITLE.casefold() not in (title.casefold() for title in sheet.titles[-1:]):
        what = f"the last column is not {END_TITLE!r}, which Brightspace asks for"
        findings.append(Finding(Severity.REFUSED, what, "export the file from Brightspace once more"))
    return Template(
        "Brightspace", sheet, tuple(targets), tuple(rows), findings=tuple(findings), places=PLACES, over=_OVER
    )
