"""The formats that scores are written in: how each is made from scratch, and how its LMS's own file is filled in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.export import blackboard, brightspace, canvas, gradescope, moodle, openedx, sakai, spreadsheet
from grader.export.choices import Choices
from grader.export.findings import Export
from grader.export.scores import ScoreTable
from grader.export.sheet import Sheet, read_sheet
from grader.export.template import Template, fill_template
from grader.language import ENGLISH, speaking


@dataclass(frozen=True, slots=True)
class Format:
    """One format: ``write`` makes a file from scratch, ``read`` says where scores go in a file of the LMS."""

    write: Callable[[ScoreTable, Choices], Export] | None = None
    read: Callable[[Sheet, Choices], Template] | None = None


FORMATS = {
    "canvas": Format(canvas.export_scores, canvas.read_template),
    "moodle": Format(moodle.export_scores, moodle.read_template),
    "brightspace": Format(brightspace.export_scores, brightspace.read_template),
    "sakai": Format(sakai.export_scores, sakai.read_template),
    "blackboard": Format(None, blackboard.read_template),
    "openedx": Format(None, openedx.read_template),
    "gradescope": Format(gradescope.export_scores),
    "csv": Format(spreadsheet.export_csv),
    "xlsx": Format(spreadsheet.export_xlsx),
}


def make_export(name: str, table: ScoreTable, choices: Choices, template: Path | None = None) -> Export:
    """Return the file of a format with the scores of a table in it; where there is a template, that file filled in.

    It is in English, whatever is spoken, but for the feedback in the table.

    Raises:
        InputError: the template cannot be read, or is not of this LMS.
    """
    made = FORMATS[name]
    with speaking(ENGLISH):
        if template is not None:
            assert made.read is not None
            return fill_template(made.read(read_sheet(template), choices), table, choices)
        assert made.write is not None
        return made.write(table, choices)
