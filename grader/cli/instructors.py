"""The instructor's commands: report, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.output import print_json, progress
from grader.cli.seat import Seat
from grader.cli.students import describe_entry, json_option, write_file
from grader.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from grader.gradebook import Entry
    from grader.scoring import Grade
    from grader.spec import Assignment


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("report"),
    show_default=True,
    metavar="DIR",
    help="The folder to write to.",
)
@json_option
@click.pass_obj
def report(course: Path | None, out: Path, as_json: bool) -> None:
    """Write the class report: pages to open in a browser.

    There is one for the course, and one for each student's latest submission. With --json, the course's figures are
    printed instead.
    """
    from grader.report import build_class_report, to_class_json

    seat = Seat(course)
    assignments = [seat.course.load(name) for name in seat.course.assignments]
    with seat.open_gradebook() as gradebook:
        latest = {(entry.student, entry.assignment): (entry, grade) for entry, grade in gradebook.latest()}
    if as_json:
        described = {key: (describe_entry(entry), grade) for key, (entry, grade) in latest.items()}
        rows = [(a.id, a.title, a.points) for a in assignments]
        print_json(to_class_json(build_class_report(seat.course.title, rows, described)))
    else:
        click.echo(f"{write_class_report(out, seat.course.title, assignments, latest)}")


def write_class_report(
    out: Path,
    title: str,
    assignments: Sequence[Assignment],
    latest: Mapping[tuple[str, str], tuple[Entry, Grade | None]],
) -> Path:
    """Write the course's page and one for each grade in ``latest``; returns where the course's page is.

    ``latest`` is by student and assignment. Pages of grades are numbered: a student's id need not fit a file's name.
    """
    from grader.report import Reader, build_class_report, build_report, to_class_html, to_html

    links = {
        key: f"reports/{number:04d}-{key[1]}.html" for number, key in enumerate(sorted(latest), 1) if latest[key][1]
    }
    with progress(len(links), "Writing reports") as advance:
        for key, link in links.items():
            entry, grade = latest[key]
            assert grade is not None
            page = to_html(build_report(grade, describe_entry(entry), Reader.INSTRUCTOR))
            write_file(out / link, page.encode())
            advance()
    rows = [(a.id, a.title, a.points) for a in assignments]
    described = {key: (describe_entry(entry), grade) for key, (entry, grade) in latest.items()}
    page = to_class_html(build_class_report(title, rows, described, links=links))
    write_file(out / "index.html", page.encode())
    return out / "index.html"


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
    """Write each student's latest scores as a CSV for Canvas.

    Import it there under Grades, Import. Students are matched by their SIS id, which must be the id that they hand in
    with. Grades that are not final (pending, waiting for review or for a device) are left out.
    """
    from grader.export.canvas import Column, canvas_csv

    seat = Seat(course)
    specs = [seat.course.load(name) for name in assignments or seat.course.assignments]
    with seat.open_gradebook() as gradebook:
        columns = []
        for spec in specs:
            scores = {entry.student: _final_score(found, with_bonus) for entry, found in gradebook.latest(spec.id)}
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
