"""The instructor's command export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.seat import Seat
from grader.cli.students import write_file
from grader.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from grader.scoring import Grade


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
    from grader.export.canvas import Column, canvas_csv
    from grader.settlement import settle_assignment

    seat = Seat(course)
    specs = [seat.course.load(name) for name in assignments or seat.course.assignments]
    with seat.open_gradebook() as gradebook:
        columns = []
        for spec in specs:
            settled = settle_assignment(seat.course, gradebook, spec)
            scores = {student: _final_score(one.grade, with_bonus) for student, one in settled.items()}
            columns.append(Column(title=spec.title, points=spec.points, scores=scores))
    if not any(score is not None for column in columns for score in column.scores.values()):
        raise InputError("there are no final grades to export yet", "`grader grade INBOX` makes some")
    result = canvas_csv(columns)
    for warning in result.warnings:
        click.echo(f"grader: {warning}", err=True)
    if out is None:
        click.echo(result.data, nl=False)
    else:
        write_file(out, result.data)
        click.echo(f"{out}")


def _final_score(grade: Grade | None, with_bonus: bool) -> Fraction | None:
    """Return a score that will not change by itself: nobody has to read an answer, and no check waits."""
    from grader.scoring import Status

    if grade is None or grade.status is not Status.GRADED or grade.deferred:
        return None
    return grade.score + grade.bonus if with_bonus else grade.score
