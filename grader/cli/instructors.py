"""The instructor's commands: grade, report, export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from grader.cli.output import exit_code, print_json, print_table, progress
from grader.cli.seat import Seat
from grader.cli.students import describe_entry, jobs_option, json_option, no_isolation_option, write_file
from grader.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from grader.cli.inbox import Graded, Work
    from grader.cluster import RayPool
    from grader.engine import Pool
    from grader.gradebook import Entry
    from grader.scoring import Grade
    from grader.spec import Assignment

STOPPED = 130  # as a shell has it for what Ctrl-C ended


@click.command()
@click.argument("inbox", type=click.Path(path_type=Path))
@click.option("--assignment", metavar="ID", help="All work in INBOX is for this assignment.")
@jobs_option
@click.option("--force", is_flag=True, help="Grade again what has not changed since it was graded.")
@json_option
@no_isolation_option
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", help="What runs checks; see docs/cluster.md."
)
@click.option("--address", metavar="HOST:PORT", help="The Ray cluster to use, or auto.  [default: one on this machine]")
@click.option("--gpu-share", type=float, metavar="X", help="What part of a GPU Ray keeps for each submission.")
@click.pass_obj
def grade(
    course: Path | None,
    inbox: Path,
    assignment: str | None,
    jobs: int,
    force: bool,
    as_json: bool,
    no_isolation: bool,
    engine: str,
    address: str | None,
    gpu_share: float | None,
) -> None:
    """Grade a class: INBOX holds one folder (or zip) per student.

    The name of each is the student's id. With --assignment, each one is a submission. Without it, each is a folder
    that holds the folders that `grader fetch` made. What has not changed since it was graded keeps its grade. Ctrl-C
    stops; the same command goes on from there. With --json, one report is printed per line.
    """
    with _start_engine(engine, jobs, address, gpu_share) as pool:
        from grader.cli.inbox import grade_work, read_inbox
        from grader.report import Reader, build_report, to_json

        seat = Seat(course)
        spec = seat.course.load(assignment) if assignment is not None else None
        work = read_inbox(seat, inbox, spec)
        readable = [one for one in work if one.refused is None]
        graded: list[Graded] = []
        setup = seat.setup(isolated=not no_isolation, secrets=[one.path for one in work])
        stopped = False
        with seat.open_gradebook() as gradebook, progress(len(readable), "Grading") as advance:

            def find_environment() -> Mapping[str, str]:
                return pool.survey(seed=setup.seed, isolated=setup.isolated).environment

            try:
                for one in grade_work(pool, gradebook, readable, setup, None if force else find_environment):
                    graded.append(one)
                    advance()
                    if as_json:
                        print_json(to_json(build_report(one.grade, describe_entry(one.entry), Reader.INSTRUCTOR)))
            except KeyboardInterrupt:
                stopped = True
    refused = [one for one in work if one.refused is not None]
    if as_json:
        for unread in refused:
            print_json(_refusal_json(unread))
    else:
        _print_grades(graded, refused)
    _say_refused(refused)
    if stopped:
        click.echo(f"stopped: {len(graded)} of {len(readable)} graded; the same command goes on from there", err=True)
        raise click.exceptions.Exit(STOPPED)
    code = exit_code([one.grade for one in graded])
    raise click.exceptions.Exit(max(code, 2) if refused else code)


def _start_engine(name: str, jobs: int, address: str | None, gpu_share: float | None) -> Pool | RayPool:
    """Start what runs the checks. On a cluster's machines ``jobs`` holds for each of them, if it was given at all."""
    if name == "ray":
        from grader.cluster import RayPool

        given = click.get_current_context().get_parameter_source("jobs") is not ParameterSource.DEFAULT
        return RayPool(jobs if given or address is None else None, address=address, gpu_share=gpu_share)
    if address is not None or gpu_share is not None:
        raise InputError("--address and --gpu-share are about a Ray cluster", "add --engine ray")
    from grader.engine import Pool

    return Pool(jobs)


def _print_grades(graded: Iterable[Graded], refused: Iterable[Work]) -> None:
    from grader.display import clean_line, format_amount

    rows = [
        (
            clean_line(one.entry.student),
            one.entry.assignment,
            f"{format_amount(one.grade.score)} / {format_amount(one.grade.points)}",
            format_amount(one.grade.bonus) if one.grade.bonus else "",
            one.grade.status.replace("_", " ") + (", unchanged" if one.kept else ""),
        )
        for one in graded
    ]
    rows += [
        (clean_line(one.student), one.assignment.id if one.assignment else "", "", "", "not graded") for one in refused
    ]
    print_table(("STUDENT", "ASSIGNMENT", "SCORE", "BONUS", "STATUS"), sorted(rows), numbers=(2, 3))


def _refusal_json(work: Work) -> dict[str, object]:
    """Return the line of work that could not be read; docs/report.md describes it beside the report."""
    from grader.display import clean_line, clean_text

    assert work.refused is not None
    return {
        "format": 1,
        "assignment": work.assignment.id if work.assignment else None,
        "student": clean_line(work.student),
        "status": "refused",
        "path": clean_line(str(work.path)),
        "message": clean_text(work.refused.message),
        "hint": clean_text(work.refused.hint) if work.refused.hint else None,
    }


def _say_refused(refused: Iterable[Work]) -> None:
    from grader.display import clean_line, clean_text

    for one in refused:
        assert one.refused is not None
        path, message = clean_line(str(one.path)), clean_text(one.refused.message)
        where = "" if message.startswith(path) else f"{path}: "
        click.echo(f"not graded: {where}{message}", err=True)
        if one.refused.hint:
            click.echo(f"  {clean_text(one.refused.hint)}", err=True)


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
