"""Scores in the shape of the file that Gradescope's "Download Grades" gives.

Gradescope imports no scores: what it shows it has graded itself. This is for programs and spreadsheets that were made
to read its downloads, so that they read ours as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from grader.display import timestamp
from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.decimals import format_score
from grader.export.findings import Export, Finding, Severity
from grader.export.gradesheet import check_ids, finish
from grader.export.scores import Column, Missing, ScoreTable
from grader.roster import RosterStudent

HEADER = (
    "First Name",
    "Last Name",
    "SID",
    "Email",
    "Sections",
    "Total Score",
    "Max Points",
    "Status",
    "Submission ID",
    "Submission Time",
    "Lateness (H:M:S)",
)
PLACES = 2


def export_scores(table: ScoreTable, _choices: Choices) -> Export:
    """Return a CSV of one assignment: a row for everybody, the columns for names and for Gradescope's own ids blank.

    Raises:
        InputError: there is not exactly one column.
    """
    if len(table.columns) != 1:
        message = f"such a file is of one assignment, and {len(table.columns)} are to be written"
        raise InputError(message, "name the one: `grader export gradescope ASSIGNMENT`")
    (column,) = table.columns
    what = "Gradescope imports no scores: this is for programs that read what it lets you download"
    findings = [
        Finding(Severity.NOTE, what, "`grader package gradescope` has Gradescope grade with these checks"),
        *check_ids(table.students, lambda student: student.id, "id"),
    ]

    def make_rows() -> Iterator[list[str]]:
        yield [*HEADER]
        for student in sorted(table.students, key=lambda one: one.id):
            yield _make_row(column, student)

    return finish(table, findings, make_rows, PLACES)


def _make_row(column: Column, student: RosterStudent) -> list[str]:
    score, detail = column.scores.get(student.id), column.details.get(student.id)
    missing = column.missing.get(student.id)
    status = "Graded" if score is not None else "Missing" if missing in (None, Missing.NOT_SUBMITTED) else "Ungraded"
    moment = timestamp(detail.submitted_at) if detail is not None else None
    return [
        "",
        "",
        student.id,
        student.email or "",
        student.section or "",
        "" if score is None else format_score(score),
        format_score(column.points),
        status,
        "",
        moment or "",
        _format_lateness(detail.lateness) if detail is not None and moment else "",
    ]


def _format_lateness(lateness: timedelta) -> str:
    seconds = -(-lateness // timedelta(seconds=1))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
