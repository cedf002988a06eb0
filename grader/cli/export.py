"""The command export: grades for other systems."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option
from grader.cli.output import print_json
from grader.cli.seat import Seat
from grader.errors import InputError, suggest
from grader.files import write_file

if TYPE_CHECKING:
    from grader.export.choices import Choices, Identity
    from grader.export.findings import Export, Finding
    from grader.export.scores import ScoreTable
    from grader.spec import Assignment

# Formats that cannot be written from scratch: where their file comes from.
_TEMPLATES = {
    "blackboard": "in Blackboard's Grade Center: Work Offline, Download",
    "openedx": "in the instructor dashboard of Open edX: bulk grades, or staff graded points, Download",
}
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    format: str
    assignments: tuple[str, ...]
    out: Path | None
    with_bonus: bool
    missing: str
    skip: tuple[str, ...]
    skip_refused: bool
    check: bool
    as_json: bool
    feedback: bool = False
    identity: Identity | None = None
    template: Path | None = None
    columns: tuple[str, ...] = ()
    scale: bool = False
    keep: bool = False


@click.group()
def export() -> None:
    """Write grades for an LMS, or a spreadsheet.

    What the system would refuse or silently change is said before anything is written. --template FILE fills in the
    file that it exported itself: its columns, ids and order stay byte for byte.
    """


def _options(command: _Command) -> _Command:
    """Add what every format takes."""
    for option in (
        click.option(
            "--out",
            type=GivenPath(dir_okay=False),
            help="The file to write.  [default: standard output]",
        ),
        click.option("--with-bonus", is_flag=True, help="Add bonus points to the scores."),
        click.option(
            "--missing",
            type=click.Choice(["leave", "zero"]),
            default="leave",
            show_default=True,
            help="What those get who handed in nothing: no grade, or 0 once it is over for them.",
        ),
        click.option("--skip", multiple=True, metavar="ID", help="Leave out a student; give it as often as you like."),
        click.option("--skip-refused", is_flag=True, help="Leave out the students whom the format refuses."),
        click.option("--check", is_flag=True, help="Only say what would be found; nothing is written."),
        json_option,
    )[::-1]:
        command = option(command)
    return command


def _template_options(command: _Command) -> _Command:
    for option in (
        click.option(
            "--template",
            type=GivenPath(dir_okay=False),
            metavar="FILE",
            help="The file that the LMS exported, to be filled in.",
        ),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="[ID=]TITLE",
            help="The template's column for an assignment.  [default: the one with its title]",
        ),
        click.option("--scale", is_flag=True, help="Bring scores to the maximum that the template states."),
        click.option("--keep", is_flag=True, help="Leave the template's cells that are filled as they are."),
    )[::-1]:
        command = option(command)
    return command


_assignments = click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...", shell_complete=complete_assignment)
_feedback = click.option("--feedback", is_flag=True, help="Write what students are told, too: what failed, and hints.")


@export.command()
@_assignments
@_template_options
@_options
@click.pass_obj
def canvas(course: Path | None, /, **given: Any) -> None:
    """Write scores as a CSV for Canvas, or fill in its own export.

    Import it there under Grades, Import. Students are matched by their SIS id, which must be the id that they hand in
    with, or by Canvas' own id where the roster has it. Grades that are not final (pending, waiting for review or for a
    device) are left out.
    """
    _export(course, Request("canvas", **given))


@export.command()
@_assignments
@click.option(
    "--identity",
    type=click.Choice(["email", "idnumber", "username"]),
    help="What names students.  [default: e-mail addresses if the roster has all of them, else ids]",
)
@_feedback
@_template_options
@_options
@click.pass_obj
def moodle(course: Path | None, /, **given: Any) -> None:
    """Write scores as a CSV for Moodle, or fill in its own file.

    The surest way is the grading worksheet of the assignment: download it in Moodle (the assignment, Submissions,
    Actions), give it as --template, and upload what is written there again. A gradebook that was exported as plain
    text can be filled in, too. Without --template the file is for Grades, Import, CSV file: Moodle then marks grades
    of assignments as overridden. Its user name is the roster's column `username`.
    """
    _export(course, Request("moodle", **given))


@export.command()
@_assignments
@_template_options
@_options
@click.pass_obj
def brightspace(course: Path | None, /, **given: Any) -> None:
    """Write scores for Brightspace (D2L), or fill in its export.

    Import it there under Grades, Enter Grades, Import. Students are matched by their OrgDefinedId, which must be the
    id that they hand in with, or by their user name where the roster has it.
    """
    _export(course, Request("brightspace", **given))


@export.command()
@_assignments
@_feedback
@_template_options
@_options
@click.pass_obj
def sakai(course: Path | None, /, **given: Any) -> None:
    """Write scores as a CSV for Sakai, or fill in its own export.

    Import it there under Gradebook, Import/Export. Students are matched by their user id: the roster's column
    `username`, else the id that they hand in with.
    """
    _export(course, Request("sakai", **given))


@export.command()
@_assignments
@_feedback
@_template_options
@_options
@click.pass_obj
def blackboard(course: Path | None, /, **given: Any) -> None:
    """Fill scores into what Blackboard's Grade Center exported.

    Download it there under Work Offline, and upload what is written in the same place. There is no file from scratch:
    Blackboard knows columns by ids of its own.
    """
    _export(course, Request("blackboard", **given))


@export.command()
@_assignments
@_template_options
@_options
@click.pass_obj
def openedx(course: Path | None, /, **given: Any) -> None:
    """Fill scores into a file for grades that Open edX exported.

    It may be one of bulk grades, or of staff graded points. There is no file from scratch: Open edX knows students and
    subsections by ids of its own.
    """
    _export(course, Request("openedx", **given))


@export.command()
@_assignments
@_options
@click.pass_obj
def gradescope(course: Path | None, /, **given: Any) -> None:
    """Write scores in the shape of a download from Gradescope.

    Gradescope imports no scores. The file, of one assignment, is for programs and spreadsheets that read its downloads.
    """
    _export(course, Request("gradescope", **given))


@export.command("csv")
@_assignments
@_feedback
@_options
@click.pass_obj
def csv_(course: Path | None, /, **given: Any) -> None:
    """Write scores for people, as a CSV with names.

    It has points, lateness, and why a score is missing: one row for every student in every assignment. Text that a
    spreadsheet would take for a formula has an apostrophe in front of it, so no LMS should be given this file.
    """
    _export(course, Request("csv", **given))


@export.command()
@_assignments
@_feedback
@_options
@click.pass_obj
def xlsx(course: Path | None, /, **given: Any) -> None:
    """Write scores for people, as a workbook.

    One sheet has the scores, the other all there is to know of them. It takes the extra `xlsx`:
    pip install 'grader[xlsx]'.
    """
    _export(course, Request("xlsx", **given))


def _export(course: Path | None, request: Request) -> None:
    """Write one file, or say why not."""
    from grader.export.findings import Severity

    _refuse_odd(request)
    seat = Seat(course)
    specs = [seat.course.load(name) for name in request.assignments or seat.course.assignments]
    choices = _read_choices(request, specs)
    table, findings = _gather(seat, specs, request)
    result, more = _make(table, choices, request)
    findings = [*findings, *more, *result.findings]
    order = list(Severity)
    findings.sort(key=lambda found: order.index(found.severity))
    _say_findings(findings, request)
    written = None
    if result.data is not None and not request.check:
        written = _write(result.data, request)
    if request.as_json:
        print_json(_to_json(request, findings, result, written))
    elif request.check:
        click.echo(_summarise(result))
    if result.data is None:
        if request.as_json or request.check:
            raise click.exceptions.Exit(InputError.exit_code)
        raise InputError("nothing was written", _hint_for(result))


def _refuse_odd(request: Request) -> None:
    """Refuse what can be seen to be wrong before anything is read.

    Raises:
        InputError: a template is missing, or a file would hold something else than its name says.
    """
    if request.template is None and (where := _TEMPLATES.get(request.format)) is not None:
        message = f"{request.format} knows columns and students by ids of its own: it takes --template FILE"
        raise InputError(message, f"download the file that is to be filled in {where}")
    is_workbook, out = request.format == "xlsx", request.out
    if (
        out is not None
        and is_workbook is not (out.suffix.lower() == ".xlsx")
        and out.suffix.lower() in (".csv", ".xlsx")
    ):
        kind, suffix = ("a workbook", ".xlsx") if is_workbook else ("no workbook", ".csv")
        raise InputError(f"{out} would hold {kind}", f"name it {out.with_suffix(suffix)}")


def _read_choices(request: Request, specs: list[Assignment]) -> Choices:
    """Read which columns are whose, and collect the rest of what was chosen.

    Raises:
        InputError: it cannot be said whose a column is.
    """
    from grader.export.choices import Choices

    if request.template is None and (request.columns or request.scale or request.keep):
        raise InputError("--column, --scale and --keep are about a template", "give the LMS's own file with --template")
    known = {spec.id for spec in specs}
    columns: dict[str, str] = {}
    for given in request.columns:
        name, sign, title = given.partition("=")
        if not (sign and name in known):
            if len(specs) != 1 or len(request.columns) != 1:
                near = suggest(name, known)
                raise InputError(f"--column {given!r} does not say whose column it is{near}", "write ASSIGNMENT=TITLE")
            name, title = specs[0].id, given
        if name in columns:
            raise InputError(f"--column names two columns for {name}", "give one of them")
        columns[name] = title
    return Choices(
        identity=request.identity,
        feedback=request.feedback,
        columns=columns,
        scale=request.scale,
        keep=request.keep,
        named=frozenset(request.assignments),
    )


def _gather(seat: Seat, specs: list[Assignment], request: Request) -> tuple[ScoreTable, list[Finding]]:
    """Return the scores that are asked for, and what is to be said of how they came about.

    Raises:
        InputError: there are none, or a student to leave out is not there.
    """
    from datetime import UTC, datetime

    from grader.export.scores import drop_empty, give_zeros, leave_out
    from grader.final_scores import gather_scores
    from grader.remarks import add_remarks

    now = datetime.now(UTC)
    findings: list[Finding] = []
    with seat.open_gradebook() as gradebook:
        table = gather_scores(seat.course, gradebook, specs, with_bonus=request.with_bonus, now=now)
        if request.missing == "zero":
            table, findings = give_zeros(table)
        if table.is_empty:
            why = f": {table.reasons}" if table.reasons else ""
            raise InputError(f"there are no final grades to export yet{why}", "`grader grade INBOX` makes some")
        known = {student.id for student in table.students}
        for student in request.skip:
            if student not in known:
                raise InputError(f"--skip: no student {student!r}{suggest(student, known)}", "see `grader roster`")
        table = leave_out(table, request.skip)
        if table.is_empty:
            raise InputError("nobody is left who has a final grade", "--skip leaves students out")
        if not request.assignments:
            table, dropped = drop_empty(table)
            findings += dropped
        if request.feedback:
            table = add_remarks(seat.course, gradebook, table, now)
    return table, findings


def _make(table: ScoreTable, choices: Choices, request: Request) -> tuple[Export, list[Finding]]:
    """Return the file; where it is asked for without the students whom it refuses."""
    from grader.export.findings import Finding, Severity
    from grader.export.formats import make_export
    from grader.export.scores import leave_out

    left: list[str] = [*request.skip]
    result = make_export(request.format, table, choices, request.template)
    while request.skip_refused and result.data is None:
        refused = {student for found in result.refusals for student in found.students}
        if refused <= set(left) or any(not found.students for found in result.refusals):
            break
        left += sorted(refused)
        table = leave_out(table, refused)
        result = make_export(request.format, table, choices, request.template)
    findings = [Finding(Severity.NOTE, "left out, as asked", students=tuple(left))] if left else []
    return result, findings


def _say_findings(findings: list[Finding], request: Request) -> None:
    """Print every finding, the gravest first: on standard output where they are what was asked for."""
    from grader.display import clean_text

    if request.as_json:
        return
    for found in findings:
        said = f"{found.severity.value}: {clean_text(str(found))}"
        click.echo(said if request.check else f"grader: {said}", err=not request.check)
        if found.mend:
            click.echo(f"  {clean_text(found.mend)}", err=not request.check)


def _write(data: bytes, request: Request) -> str | None:
    """Write the file where it was asked for, and return its path; on standard output it has none."""
    if request.out is None and request.format == "xlsx" and not request.as_json and sys.stdout.isatty():
        raise InputError("a workbook is nothing for a terminal", "give it a file: --out scores.xlsx")
    if request.out is not None:
        write_file(request.out, data)
        if not request.as_json:
            click.echo(f"{request.out}")
        return str(request.out)
    if not request.as_json:
        click.echo(data, nl=False)
    return None


def _to_json(request: Request, findings: list[Finding], result: Export, written: str | None) -> Mapping[str, object]:
    return {
        "format": 1,
        "export": request.format,
        "written": written,
        "refused": result.data is None,
        "findings": [
            {
                "severity": found.severity.value,
                "column": found.column or None,
                "students": list(found.students),
                "what": found.what,
                "mend": found.mend or None,
            }
            for found in findings
        ],
        "cells": [{"student": cell.student, "column": cell.column, "text": cell.text} for cell in result.cells],
    }


def _summarise(result: Export) -> str:
    if result.data is None:
        return "Nothing would be written."
    students = len({cell.student for cell in result.cells})
    columns = len({cell.column for cell in result.cells})
    cells = "score" if len(result.cells) == 1 else "scores"
    return (
        f"{len(result.cells)} {cells} would be written: of {students} {'student' if students == 1 else 'students'} "
        f"in {columns} {'column' if columns == 1 else 'columns'}."
    )


def _hint_for(result: Export) -> str:
    if all(found.students for found in result.refusals):
        return "mend what is refused above; --skip-refused writes the file without these students"
    return "mend what is refused above"
