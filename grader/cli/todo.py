"""What is left to do in a folder that holds several fetched assignments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.output import print_json, print_table
from grader.cli.seat import Seat, who
from grader.cli.showing import describe_due, review_course
from grader.errors import GraderError, InputError
from grader.language import _

if TYPE_CHECKING:
    from grader.gradebook import Entry
    from grader.overview import Overview


def print_left(seat: Seat, folders: Sequence[Path], student: str | None, as_json: bool) -> None:
    """Print each folder's assignment, when it is due, and whether what lies there was handed in."""
    from grader.display import format_amount

    now, name = datetime.now(UTC), who(student)
    overviews = {one.assignment.id: one for one in review_course(seat, student, now)}
    entries = _find_last(seat, name)
    found = [(folder, *_compare(seat, folder, entries)) for folder in folders]
    if as_json:
        print_json([{"path": str(folder), "assignment": spec, "state": state} for folder, spec, state in found])
        return
    rows = []
    for folder, spec, state in found:
        one: Overview | None = overviews.get(spec or "")
        due = "-" if one is None else describe_due(one, now)
        best = "-" if one is None or one.best is None else format_amount(one.best)
        of = "-" if one is None else format_amount(one.assignment.points)
        rows.append((str(folder), due, _("{score} of {points}", score=best, points=of), state))
    print_table((_("FOLDER"), _("DUE"), _("BEST"), _("STATE")), rows)
    told = _("`grader check FOLDER` runs the public checks of one, `grader submit FOLDER` hands it in.")
    click.echo(f"\n{told}")


def _find_last(seat: Seat, student: str) -> dict[str, Entry]:
    """Return the student's last submission for each assignment."""
    from grader.gradebook import DATABASE

    if not (seat.state / DATABASE).exists():
        return {}
    with seat.open_gradebook() as gradebook:
        return {entry.assignment: entry for entry in gradebook.entries(student=student)}


def _compare(seat: Seat, folder: Path, entries: dict[str, Entry]) -> tuple[str | None, str]:
    """Return the assignment of a folder, and what became of the work in it, in words."""
    from grader.submission import read_marker, read_submission

    try:
        marker = read_marker(folder)
        if marker is not None:
            seat.check_course(marker, folder)
        spec = seat.course.load(marker["assignment"]) if marker is not None else None
    except GraderError as error:
        return None, error.message
    if spec is None:
        raise InputError(_("{folder} has lost its marker while it was read", folder=folder), _("try again"))
    entry = entries.get(spec.id)
    if entry is None:
        return spec.id, _("not handed in")
    try:
        same = read_submission(folder, spec).digest == entry.digest
    except GraderError as error:
        return spec.id, error.message
    if same:
        return spec.id, _("handed in, attempt {number}", number=entry.number)
    return spec.id, _("changed since attempt {number}", number=entry.number)
