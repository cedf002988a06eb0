"""The instructor's commands: report, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.output import print_json, progress
from grader.cli.seat import Seat
from grader.cli.students import json_option, write_file
from grader.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from grader.report import SubmissionInfo
    from grader.scoring import Grade
    from grader.settlement import Settled
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

    There is one for the course, and one for each submission that counts. With --json, the course's figures are
    printed instead.
    """
    from grader.report import build_class_report, to_class_json
    from grader.settlement import settle_assignment

    seat = Seat(course)
    assignments = [seat.course.load(name) for name in seat.course.assignments]
    with seat.open_gradebook() as gradebook:
        settled = {one.id: settle_assignment(seat.course, gradebook, one) for one in assignments}
        roster = gradebook.roster()
    students = [student.id for student in roster.students] if roster is not None else []
    if as_json:
        rows = [(a.id, a.title, a.points) for a in assignments]
        print_json(to_class_json(build_class_report(seat.course.title, rows, _cells(settled), students=students)))
    else:
        click.echo(f"{write_class_report(out, seat.course.title, assignments, settled, students)}")


def write_class_report(
    out: Path,
    title: str,
    assignments: Sequence[Assignment],
    settled: Mapping[str, Mapping[str, Settled]],
    students: Sequence[str] = (),
) -> Path:
    """Write the course's page and one for each submission that counts; returns where the course's page is.

    ``settled`` is by assignment and student. Pages are numbered: a student's id need not fit a file's name.
    """
    from grader.report import Reader, build_class_report, build_report, to_class_html, to_html
    from grader.reporting import describe_entry

    graded = {
        (student, assignment): one
        for assignment, own in settled.items()
        for student, one in own.items()
        if one.entry is not None and one.final.grade is not None
    }
    links = {key: f"reports/{number:04d}-{key[1]}.html" for number, key in enumerate(sorted(graded), 1)}
    with progress(len(links), "Writing reports") as advance:
        for key, link in links.items():
            one = graded[key]
            assert one.entry is not None
            assert one.final.grade is not None
            report = build_report(one.final.grade, describe_entry(one.entry), Reader.INSTRUCTOR, final=one.final)
            write_file(out / link, to_html(report).encode())
            advance()
    rows = [(a.id, a.title, a.points) for a in assignments]
    page = to_class_html(build_class_report(title, rows, _cells(settled), students=students, links=links))
    write_file(out / "index.html", page.encode())
    return out / "index.html"


def _cells(
    settled: Mapping[str, Mapping[str, Settled]],
) -> dict[tuple[str, str], tuple[SubmissionInfo, Grade | None]]:
    """Return what the class report shows of everybody who has handed in, or for whom somebody decided."""
    from grader.report import SubmissionInfo
    from grader.reporting import describe_entry

    return {
        (student, assignment): (describe_entry(one.entry) if one.entry else SubmissionInfo(student=student), one.grade)
        for assignment, own in settled.items()
        for student, one in own.items()
        if one.entry is not None or one.grade is not None
    }


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
