"""The command export: grades for other systems."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.seat import Seat
from grader.cli.students import write_file
from grader.errors import InputError


@click.group()
def export() -> None:
    """Write grades for a learning management system."""


@export.command()
@click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.  [default: standard output]"
)
@click.option("--with-bonus", is_flag=True, help="Add bonus points to the scores.")
@click.pass_obj
def canvas(course: Path | None, assignments: tuple[str, ...], out: Path | None, with_bonus: bool) -> None:
    """Write each student's final scores as a CSV for Canvas.

    Import it there under Grades, Import. Students are matched by their SIS id, which must be the id that they hand in
    with. Grades that are not final (pending, waiting for review or for a device) are left out.
    """
    from grader.export.canvas import canvas_csv
    from grader.final_scores import gather_scores

    seat = Seat(course)
    specs = [seat.course.load(name) for name in assignments or seat.course.assignments]
    with seat.open_gradebook() as gradebook:
        table = gather_scores(seat.course, gradebook, specs, with_bonus=with_bonus)
    if table.is_empty:
        raise InputError("there are no final grades to export yet", "`grader grade INBOX` makes some")
    result = canvas_csv(table.columns)
    for warning in result.warnings:
        click.echo(f"grader: {warning}", err=True)
    if out is None:
        click.echo(result.data, nl=False)
    else:
        write_file(out, result.data)
        click.echo(f"{out}")
