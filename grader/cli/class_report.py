"""The instructor's command ``report``: the class report as a folder of pages, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import GivenPath, json_option, refuse_pages_beside_json
from grader.cli.output import print_json, progress
from grader.cli.seat import Seat

if TYPE_CHECKING:
    from grader.class_report import Term
    from grader.gradebook import Gradebook
    from grader.spec import Assignment, Course


@click.command()
@click.option(
    "--out",
    type=GivenPath(file_okay=False),
    default=Path("report"),
    show_default=True,
    metavar="DIR",
    help="The folder to write to.",
)
@click.option(
    "--against",
    type=GivenPath(dir_okay=False),
    metavar="FILE",
    help="Compare with an earlier term: what `grader report --json` printed then.",
)
@json_option
@click.pass_obj
def report(course: Path | None, out: Path, against: Path | None, as_json: bool) -> None:
    """Write the class report: pages to open in a browser.

    There is one for the course, and one for each assignment, student and submission that counts; tables are CSV files,
    too. With --json, the course's figures are printed instead.
    """
    from grader.class_report import build_class_report, compare, read_class, read_term, to_class_json

    refuse_pages_beside_json(as_json)
    then = read_term(against) if against is not None else None
    seat = Seat(course)
    assignments = [seat.course.load(name) for name in seat.course.assignments]
    with seat.open_gradebook() as gradebook:
        if not as_json:
            click.echo(f"{write_class_report(out, seat.course, gradebook, assignments, then)}")
            return
        source = read_class(seat.course, gradebook, assignments)
    found = build_class_report(source, datetime.now(UTC))
    print_json(to_class_json(found, compare(found, then) if then is not None else None))


def write_class_report(
    out: Path, course: Course, gradebook: Gradebook, assignments: Sequence[Assignment], then: Term | None = None
) -> Path:
    """Write the site of the class report to a folder; returns where its first page is.

    ``then`` is an earlier term to compare with.

    Raises:
        InputError: the folder cannot be written to.
    """
    from grader.class_report import INDEX, build_class_report, plan_links, plan_site, read_class, write_site

    with progress(len(assignments), "Reading the gradebook") as advance:
        source = read_class(course, gradebook, assignments, advance)
    links, now = plan_links(source), datetime.now(UTC)
    files = plan_site(source, build_class_report(source, now, links), links, then, now)
    written = write_site(out, files)  # its processes start before there is a bar with a thread of its own
    with progress(len(files), "Writing pages") as advance:
        for _ in written:
            advance()
    return out / INDEX
