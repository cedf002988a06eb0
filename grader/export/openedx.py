"""Scores for Open edX: the file of bulk grades, or of staff graded points, that it exported, filled in.

Both name students and parts of the course by ids that only Open edX gives, so there is no file from scratch.
"""

from __future__ import annotations

from collections import Counter

from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.findings import Finding, Severity
from grader.export.sheet import Sheet, list_titles
from grader.export.template import Target, Template, TemplateRow

PLACES = 5
_OVERRIDE = "new_override-"
_POINTS = "New Points"


def read_template(sheet: Sheet, _choices: Choices) -> Template:
    """Return where scores go: into ``new_override-…`` of a subsection, or into ``New Points`` of one problem.

    Raises:
        InputError: it is no such file.
    """
    user = sheet.find("user_id")
    targets = []
    for place, header in enumerate(sheet.titles):
        if header.startswith(_OVERRIDE):
            short = header.removeprefix(_OVERRIDE)
            name = _find_first(sheet, f"name-{short}")
            targets.append(Target(place, header, tuple(filter(None, (name, short)))))
        elif header == _POINTS:
            targets.append(Target(place, header, tuple(filter(None, (_find_first(sheet, "title"), header)))))
    if user is None or not targets:
        message = f"{sheet.where} is no file of Open edX for grades: its columns are {list_titles(sheet.titles)}"
        raise InputError(message, "export it in Open edX: Instructor, Gradebook, Bulk Management, or the problem's own")
    columns = {"id": sheet.find("student_key"), "username": sheet.find("username"), "edx_id": user}
    if columns["id"] is None:
        columns["id"] = sheet.find("student_uid")
    rows = []
    for place, row in sheet.body:
        keys = tuple((kind, row.value(column)) for kind, column in columns.items())
        label = row.value(columns["username"]) or f"user_id {row.value(user)}"
        rows.append(TemplateRow(place, keys, label))
    counts = Counter(row.value(user) for _, row in sheet.body)
    repeated = [number for number, count in counts.items() if count > 1]
    findings = []
    if repeated:
        what = f"a user_id stands there more than once, and Open edX refuses the file: {', '.join(repeated[:10])}"
        findings.append(Finding(Severity.REFUSED, what, "export the file once more"))
    single = len(targets) == 1 and targets[0].header == _POINTS
    return Template(
        "Open edX", sheet, tuple(targets), tuple(rows), findings=tuple(findings), places=PLACES, single=single
    )


def _find_first(sheet: Sheet, title: str) -> str:
    place = sheet.find(title)
    return next((row.value(place) for _, row in sheet.body if row.value(place)), "")
