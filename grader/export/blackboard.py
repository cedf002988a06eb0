"""Scores for Blackboard Learn: the file that its Grade Center exported, filled in.

Columns are known by the id at the end of their titles, which Blackboard alone gives: one without it would become a new
column of text that is worth nothing. So there is no file from scratch.
"""

from __future__ import annotations

import re

from grader.errors import InputError
from grader.export.choices import Choices
from grader.export.decimals import parse_decimal
from grader.export.sheet import Sheet, list_titles
from grader.export.template import Target, Template, TemplateRow

PLACES = 2

_COLUMN = re.compile(
    r"(?P<title>.*?)\s*\[Total Pts: (?P<total>up to )?(?P<points>[0-9.,]+)(?P<shown>[^\]]*)\]\s*\|(?P<id>[0-9]+)",
    re.DOTALL | re.ASCII,
)


def read_template(sheet: Sheet, _choices: Choices) -> Template:
    """Return where scores go in a Grade Center that was downloaded: columns ``Title [Total Pts: 10 Score] |403340``.

    Raises:
        InputError: it is no such file.
    """
    ids = {"username": sheet.find("Username"), "id": sheet.find("Student ID")}
    targets = []
    feedback = sheet.find("Feedback to Learner")
    for place, header in enumerate(sheet.titles):
        match = _COLUMN.fullmatch(header)
        if match is None:
            continue
        shown = match["shown"].strip()
        closed = "it is a total that Blackboard works out" if match["total"] else ""
        if shown not in ("", "Score"):
            closed = closed or f"it shows {shown!r}, not the score: change its primary display in Blackboard"
        titles = (match["title"], f"|{match['id']}")
        targets.append(Target(place, header, titles, parse_decimal(match["points"]), feedback, closed))
    if all(place is None for place in ids.values()) or not targets:
        message = (
            f"{sheet.where} is no download of Blackboard's Grade Center: its columns are {list_titles(sheet.titles)}"
        )
        raise InputError(message, "download it in Blackboard: Grade Center, Work Offline, Download")
    rows = []
    for place, row in sheet.body:
        keys = tuple((kind, row.value(column)) for kind, column in ids.items())
        rows.append(TemplateRow(place, keys, next((value for _, value in keys if value), f"line {row.line}")))
    single = len([target for target in targets if not target.closed]) == 1 and feedback is not None
    return Template("Blackboard", sheet, tuple(targets), tuple(rows), places=PLACES, single=single)
