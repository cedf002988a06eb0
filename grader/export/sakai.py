"""Scores for Sakai: a CSV that its gradebook imports, from scratch or filled into the one that it exported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from grader.display import clean_line
from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.decimals import format_score, is_rounded, parse_decimal
from grader.export.findings import Export, Finding, Severity
from grader.export.gradesheet import check_gaps, check_ids, check_maximum, check_titles, finish
from grader.export.scores import ScoreTable
from grader.export.sheet import Sheet, list_titles
from grader.export.template import Target, Template, TemplateRow
from grader.roster import RosterStudent

PLACES = 2
STUDENT_COLUMNS = ("Student ID", "Student Name")

_ITEM = re.compile(r"(?P<title>[^\[]+)(?:\[(?P<points>[0-9]+(?:[.,][0-9]{1,2})?)\])?", re.ASCII)
_BLANK = Finding(
    Severity.CHANGED,
    "the cell is blank, and what Sakai makes of that is not known",
    "export assignments one at a time",
)
_OVER = Finding(Severity.NOTE, "more than the points")


def export_scores(table: ScoreTable, choices: Choices) -> Export:
    """Return a CSV for Sakai: one row per student with a grade, the column for names blank.

    Raises:
        InputError: there is no column.
    """
    students = table.graded
    findings = [
        *check_titles(table, _find_title_fault),
        *check_ids(students, _read_eid, "user id", everybody=table.students),
        *check_gaps(table, _BLANK),
        *check_maximum(table, _OVER),
        *_check_points(table),
        *_check_encoding(table),
    ]

    def make_rows() -> Iterator[list[str]]:
        titles = [f"{column.title} [{format_score(column.points)}]" for column in table.columns]
        comments = [f"* {column.title}" for column in table.columns] if choices.feedback else []
        yield [*STUDENT_COLUMNS, *titles, *comments]
        for student in students:
            scores = [column.scores.get(student.id) for column in table.columns]
            cells = ["" if score is None else format_score(score) for score in scores]
            texts = [column.feedback.get(student.id, "") for column in table.columns] if choices.feedback else []
            told = [clean_line(text, len(text)) for text in texts]
            yield [_read_eid(student), "", *cells, *told]

    return finish(table, findings, make_rows, PLACES)


def _read_eid(student: RosterStudent) -> str:
    return student.lms_ids.get("username") or student.id


def _find_title_fault(title: str) -> str | None:
    if "[" in title:
        return "Sakai reads what follows a [ as the points"
    return "Sakai reads a title that begins so as a comment, or ignores it" if title.startswith(("*", "#")) else None


def _check_points(table: ScoreTable) -> Iterable[Finding]:
    for column in table.columns:
        if is_rounded(column.points, PLACES):
            what = f"its points are rounded to {format_score(column.points)}"
            yield Finding(Severity.CHANGED, what, column=column.title)


def _check_encoding(table: ScoreTable) -> Iterable[Finding]:
    what = "Sakai reads the file in its server's own encoding, and letters that are not ASCII may not survive that"
    for column in table.columns:
        if not column.title.isascii():
            yield Finding(Severity.CHANGED, what, "rename the assignment", column.title)
    if odd := tuple(student.id for student in table.graded if not _read_eid(student).isascii()):
        yield Finding(Severity.CHANGED, what, "--skip leaves the student out", students=odd)
    told = tuple(
        student.id
        for student in table.graded
        if not all(column.feedback.get(student.id, "").isascii() for column in table.columns)
    )
    if told:
        yield Finding(Severity.CHANGED, f"feedback: {what}", "look at one after the import", students=told)


def read_template(sheet: Sheet, _choices: Choices) -> Template:
    """Return where scores go in a gradebook that Sakai exported. Who is who stands in the first column.

    Raises:
        InputError: it is no such file.
    """
    titles = sheet.titles
    comments = {title[1:].strip(): place for place, title in enumerate(titles) if title.startswith("*")}
    targets = []
    for place, header in enumerate(titles[2:], start=2):
        match = _ITEM.fullmatch(header)
        if match is None or header.startswith(("*", "#")):
            continue
        title = match["title"].strip()
        maximum = parse_decimal(match["points"]) if match["points"] else None
        targets.append(Target(place, header, (title,), maximum, comments.get(title)))
    if titles[0].casefold() != STUDENT_COLUMNS[0].casefold() and not any(target.maximum for target in targets):
        message = f"{sheet.where} is no export of Sakai: its columns are {list_titles(titles)}"
        raise InputError(message, "export it in Sakai: Gradebook, Import/Export, Export Gradebook")
    rows = [
        TemplateRow(place, (("username", row.value(0)), ("id", row.value(0))), row.value(0))
        for place, row in sheet.body
        if row.value(0)
    ]
    return Template("Sakai", sheet, tuple(targets), tuple(rows), places=PLACES, over=_OVER)
