"""The student's command fetch: a folder to work in."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, student_option
from grader.cli.seat import Seat, draw_for
from grader.errors import InputError
from grader.language import ENGLISH, _

if TYPE_CHECKING:
    from grader.spec import Assignment
    from grader.stub import WrittenStub


@click.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.argument("directory", type=GivenPath(), required=False)
@student_option
@click.option("--notebook", is_flag=True, help="A Jupyter notebook to answer in, in place of the files to fill in.")
@click.option("--force", is_flag=True, help="Overwrite files that are there; they are copied to a backup first.")
@click.pass_obj
def fetch(
    course: Path | None, assignment: str, directory: Path | None, student: str | None, notebook: bool, force: bool
) -> None:
    """Make a folder to work in: what is asked, files to fill in, checks.

    DIRECTORY is named after the assignment where none is given. Files of yours in it are never overwritten without
    --force, and with it are kept in a folder beside it. Some questions are drawn for each student: fetch, check and
    submit as the same one.
    """
    from grader.submission import notebook_name

    seat = Seat(course)
    spec = draw_for(seat.load(assignment), student)
    target = directory if directory is not None else Path(spec.id)
    result = make_stub(spec, target, seat, notebook=notebook, force=force)
    if result.backup is not None:
        click.echo(_("What was there is in {folder}.", folder=result.backup))
    for name in result.written:
        click.echo(f"{target / name}")
    same = _("(as it was)")
    for name in result.kept:
        click.echo(f"{target / name}  {same}")
    whose = f" --student {shlex.quote(student)}" if spec.student and student else ""
    commands = {command: seat.spell(f"{command} {target}{whose}") for command in ("check", "submit")}
    if notebook:
        told = _("Answer in {file}; then `{check}` and `{submit}`.", file=target / notebook_name(spec), **commands)
    else:
        told = _("Read {file}; then `{check}` and `{submit}`.", file=target / "README.md", **commands)
    click.echo(f"\n{told}")


def make_stub(
    assignment: Assignment,
    target: Path,
    seat: Seat | None = None,
    *,
    notebook: bool = False,
    force: bool = False,
) -> WrittenStub:
    """Write an assignment's stub to a folder; see ``write_stub``.

    It tells the rules of the course that ``seat`` is about, in its language, and says which course it is from. With
    ``notebook`` it is one, whose last cell looks for the checks in that course.

    Raises:
        InputError: the folder holds the questions of another student, and ``force`` is not given.
    """
    from grader.checks import read_checks
    from grader.notebook_stub import render_notebook_stub
    from grader.stub import render_stub, write_stub
    from grader.submission import MARKER

    _refuse_source(assignment, target)
    if assignment.student and not force:
        _refuse_others_folder(assignment, target)
    checks = read_checks(assignment)
    rules, language = (seat.tell_rules(assignment), seat.course.language) if seat is not None else ((), ENGLISH)
    if notebook:
        where = str(seat.directory.resolve()) if seat is not None and seat.directory is not None else None
        files = render_notebook_stub(assignment, checks, rules, course=where, language=language)
    else:
        command = "grader" if seat is None else seat.spell_away()
        files = render_stub(assignment, checks, rules, language=language, command=command)
    if seat is not None:
        files = {**files, MARKER: _name_course(files[MARKER], seat.course.title, seat.directory)}
    return write_stub(files, target, force=force)


def _name_course(marker: bytes, title: str, course: Path | None) -> bytes:
    named = {**json.loads(marker), "course": title}
    if course is not None:
        named["course_folder"] = str(course.resolve())
    return (json.dumps(named) + "\n").encode()


def _refuse_source(assignment: Assignment, target: Path) -> None:
    """Refuse to write a student's files over what they are made of.

    Raises:
        InputError: the folder is an assignment's own, or lies in one.
    """
    from grader.spec import ASSIGNMENT_FILE

    for folder in (target, *target.absolute().parents[:2]):
        if (folder / ASSIGNMENT_FILE).exists():
            message = _("{folder} is in the folder of an assignment, where its checks and solutions are", folder=target)
            command = f"`grader fetch {assignment.id} work/{assignment.id}`"
            raise InputError(message, _("give another folder: {command}", command=command))


def _refuse_others_folder(assignment: Assignment, target: Path) -> None:
    from grader.submission import read_marker

    try:
        marker = read_marker(target)
    except InputError:  # what else may be in the way is told when the stub is written
        return
    found = marker.get("student") if marker is not None else None
    if found not in (None, assignment.student):
        values = {"folder": target, "other": found, "student": assignment.student}
        message = _("{folder} holds the questions of {other}, and those of {student} are others", **values)
        hint = _("give another folder, or use --force: it keeps a copy of what is there beside the folder")
        raise InputError(message, hint)
