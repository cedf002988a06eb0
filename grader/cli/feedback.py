"""The commands ``feedback moodle`` and ``feedback canvas``: reports go back through an LMS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option
from grader.cli.output import agrees, print_json, progress
from grader.cli.seat import Seat
from grader.errors import InputError

if TYPE_CHECKING:
    from grader.feedback import LeftOut, Mailing
    from grader.gradebook import Gradebook
    from grader.inbox import Sorting

_file = GivenPath(dir_okay=False)
_submissions = "The zip (or its folder) of all submissions, as {} gave it: its names say whose each report is."
_out = click.option("--out", type=_file, required=True, metavar="FILE.zip", help="The zip to write.")
_roster = click.option(
    "--roster", "roster_file", type=_file, metavar="FILE", help="Who takes the course, as a CSV file."
)
_unfinished = click.option(
    "--unfinished", is_flag=True, help="Send reports, too, in which an answer or a check still waits."
)
_yes = click.option("--yes", is_flag=True, help="Write without asking, also where somebody gets no report.")


@click.group()
def feedback() -> None:
    """Write reports into a zip that Moodle or Canvas takes back.

    A report shows what the student may see. Whoever gets none is named first, and why.

    Exit codes: 0 everybody in the download gets a report, 1 somebody does not.
    """


@feedback.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.option(
    "--submissions",
    type=GivenPath(),
    metavar="ZIP",
    help=_submissions.format("Moodle"),
)
@click.option("--worksheet", type=_file, metavar="FILE", help="The assignment's grading worksheet from Moodle.")
@_roster
@_out
@_unfinished
@_yes
@json_option
@click.pass_obj
def moodle(course: Path | None, /, submissions: Path | None, worksheet: Path | None, **options: Any) -> None:
    """Write the reports of ASSIGNMENT for Moodle.

    Upload the zip there: the assignment, Submissions, Actions, Upload multiple feedback files in a zip. The assignment
    needs the feedback type "Feedback files". Give the download of its submissions, its grading worksheet, or both.
    """
    from grader.feedback import address_moodle
    from grader.roster import read_worksheet

    if submissions is None and worksheet is None:
        raise InputError("nothing says who is who in Moodle", "give --submissions ZIP, or --worksheet FILE")
    claims = read_worksheet(worksheet) if worksheet is not None else None
    request = _Request(course, **options)
    with request.seat.open_gradebook() as gradebook:
        sorting = request.sort(gradebook, "moodle", claims)
        request.deliver(gradebook, *address_moodle(submissions, claims, sorting))


@feedback.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.option(
    "--submissions",
    type=GivenPath(),
    required=True,
    metavar="ZIP",
    help=_submissions.format("Canvas"),
)
@_roster
@_out
@_unfinished
@_yes
@json_option
@click.pass_obj
def canvas(course: Path | None, /, submissions: Path, **options: Any) -> None:
    """Write the reports of ASSIGNMENT for Canvas.

    Upload the zip there: the assignment, Upload Submissions. Canvas adds each report to the comments; uploading twice
    adds it twice.
    """
    from grader.feedback import address_canvas

    request = _Request(course, **options)
    with request.seat.open_gradebook() as gradebook:
        sorting = request.sort(gradebook, "canvas", None)
        request.deliver(gradebook, *address_canvas(submissions, sorting))


@dataclass(frozen=True)
class _Request:
    """What the options ask for."""

    course: Path | None
    assignment: str
    roster_file: Path | None
    out: Path
    unfinished: bool
    yes: bool
    as_json: bool

    @cached_property
    def seat(self) -> Seat:
        """The course."""
        return Seat(self.course)

    def sort(self, gradebook: Gradebook, lms: str, worksheet: Any) -> Sorting:
        """Return how students are told apart."""
        from grader.feedback import LAYOUTS
        from grader.inbox import Sorting
        from grader.roster import read_roster

        seat = self.seat
        return Sorting(
            load=seat.course.load,
            assignment=seat.course.load(self.assignment),
            layout=LAYOUTS[lms],
            roster=read_roster(self.roster_file) if self.roster_file is not None else gradebook.roster(),
            worksheet=worksheet,
        )

    def deliver(self, gradebook: Gradebook, addresses: Any, left_out: Any) -> None:
        """Say who gets no report, and write the others'."""
        from grader.feedback import plan_mailing, write_mailing

        seat = self.seat
        spec = seat.course.load(self.assignment)
        mailing = plan_mailing(seat.course, gradebook, spec, addresses, left_out, unfinished=self.unfinished)
        _say_left_out(mailing.left_out)
        if not mailing.letters:
            raise InputError("nobody gets a report", "see above why; nothing was written")
        count = len(mailing.letters)
        question = f"Write {count} {'report' if count == 1 else 'reports'} without those?"
        if mailing.left_out and not (self.yes or self.as_json) and not agrees(question):
            raise InputError("nothing was written")
        written = write_mailing(self.out, mailing, seat.course, gradebook, spec, datetime.now(UTC))
        with progress(count, "Writing reports") as advance:
            for _ in written:
                advance()
        if self.as_json:
            print_json(_to_json(self.out, mailing))
        else:
            click.echo(f"{self.out}: {count} {'report' if count == 1 else 'reports'}")
        raise click.exceptions.Exit(int(any(one.where for one in mailing.left_out)))


def _say_left_out(left_out: tuple[LeftOut, ...]) -> None:
    from grader.display import clean_line

    for one in left_out:
        hint = f" ({clean_line(one.hint)})" if one.hint else ""
        click.echo(f"no report for {clean_line(one.student)}: {clean_line(one.message)}{hint}", err=True)


def _to_json(out: Path, mailing: Mailing) -> dict[str, object]:
    from grader.display import clean_line

    return {
        "format": 1,
        "file": str(out),
        "reports": [{"student": one.address.student, "name": one.address.name} for one in mailing.letters],
        "left_out": [
            {
                "student": clean_line(one.student),
                "reason": one.reason.value.replace(" ", "_"),
                "message": clean_line(one.message),
                "hint": clean_line(one.hint) if one.hint else None,
                "where": clean_line(one.where) if one.where else None,
            }
            for one in mailing.left_out
        ],
    }
