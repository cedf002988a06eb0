"""The commands ``push canvas`` and ``push moodle``: final scores go to an LMS over the network."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import json_option
from grader.cli.output import print_json, print_table, progress, waiting
from grader.cli.seat import Seat
from grader.display import clean_line, format_amount, to_number
from grader.errors import GraderError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.push.client import Client
    from grader.push.plan import Change, Outcome, Plan, Target
    from grader.push.token import Token

DID_NOT_STICK = 1


class Lms(Protocol):
    """An assignment in an LMS."""

    def read(self) -> Target:
        """Return what it holds."""

    def write(self, changes: Sequence[Change]) -> Iterator[tuple[Change, str | None]]:
        """Write scores."""

    def verify(self, written: Sequence[tuple[Change, str | None]]) -> list[Outcome]:
        """Read what it holds now."""


@click.group()
def push() -> None:
    """Write final scores into Canvas or Moodle over the network.

    Without --yes it only shows what would change. What is written is read again, and each student's score compared. The
    token comes from CANVAS_TOKEN or MOODLE_TOKEN in the environment, or from the keyring.

    Exit codes: 0 done, 1 the LMS holds something else than was written, 2 bad input, 3 the LMS failed.
    """


def _options(lms: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options that both commands take."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(
            (
                click.option(
                    "--url",
                    envvar=f"{lms.upper()}_URL",
                    required=True,
                    help="The LMS's address.  [or CANVAS_URL, MOODLE_URL]",
                ),
                click.option("--yes", is_flag=True, help="Write. Without this it only shows what would change."),
                click.option("--with-bonus", is_flag=True, help="Add bonus points to the scores."),
                click.option("--scale", is_flag=True, help="Scale scores to the LMS's maximum where it is another."),
            )
        ):
            command = option(command)
        return command

    return add


@push.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.option("--course-id", type=click.IntRange(1), required=True, metavar="N", help="courses/N in the address.")
@click.option(
    "--assignment-id", type=click.IntRange(1), required=True, metavar="N", help="assignments/N in the address."
)
@_options("canvas")
@json_option
@click.pass_obj
def canvas(course: Path | None, /, assignment: str, course_id: int, assignment_id: int, **options: Any) -> None:
    """Write the final scores of ASSIGNMENT into Canvas.

    Students are matched by Canvas id, SIS id, e-mail address or login. A score that is not final is left alone, and so
    is a student who is excused there.
    """
    from grader.push.canvas import Canvas

    request = _Request(course, assignment, **options)
    request.run("canvas", True, lambda client, _token, _title: Canvas(client, course_id, assignment_id))


@push.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.option(
    "--course-id", type=click.IntRange(1), required=True, metavar="N", help="course/view.php?id=N in the address."
)
@click.option(
    "--assignment-id",
    type=click.IntRange(1),
    metavar="N",
    help="mod/assign/view.php?id=N in the address.  [default: the one with the same title]",
)
@_options("moodle")
@json_option
@click.pass_obj
def moodle(course: Path | None, /, assignment: str, course_id: int, assignment_id: int | None, **options: Any) -> None:
    """Write the final scores of ASSIGNMENT into Moodle.

    Students are matched by ID number, e-mail address or user name. A score that is not final is left alone, and so is
    one that somebody overrode or locked in Moodle's gradebook.
    """
    from grader.push.moodle import Moodle

    request = _Request(course, assignment, **options)
    request.run("moodle", False, lambda client, token, title: Moodle(client, token, course_id, assignment_id, title))


@dataclass(frozen=True)
class _Request:
    """What the options ask for."""

    course: Path | None
    assignment: str
    url: str
    yes: bool
    with_bonus: bool
    scale: bool
    as_json: bool

    def run(self, lms: str, header: bool, make: Callable[[Client, Token, str], Lms]) -> None:
        """Plan, show, and with --yes write and read again."""
        from grader.final_scores import gather_scores
        from grader.push.client import Client, check_address, host_of
        from grader.push.plan import make_plan
        from grader.push.token import find_token

        seat = Seat(self.course)
        spec = seat.course.load(self.assignment)
        with seat.open_gradebook() as gradebook:
            table = gather_scores(seat.course, gradebook, [spec], with_bonus=self.with_bonus)
        if table.is_empty:
            why = f": {table.reasons}" if table.reasons else ""
            raise InputError(f"there are no final grades to write yet{why}", "`grader grade INBOX` makes some")
        address = check_address(self.url)
        token = find_token(lms, host_of(address), os.environ)
        with Client(address, token, header=header) as client:
            place = make(client, token, spec.title)
            with waiting(f"Asking {host_of(address)}"):
                target = place.read()
            plan = make_plan(table.columns[0], table.students, target, scale=self.scale)
            if not self.as_json:
                _show_plan(plan, target)
            if not self.yes or not plan.changes:
                self._close(plan, None, None)
                return
            outcomes, fault = _write(place, plan)
        self._close(plan, outcomes, fault)

    def _close(self, plan: Plan, outcomes: Sequence[Outcome] | None, fault: GraderError | None) -> None:
        if self.as_json:
            print_json(_to_json(plan, outcomes))
        elif outcomes is None:
            _say_nothing_written(plan)
        else:
            _show_outcomes(outcomes)
        if fault is not None:
            raise fault
        if outcomes is not None and not all(one.stuck for one in outcomes):
            raise click.exceptions.Exit(DID_NOT_STICK)


def _write(place: Lms, plan: Plan) -> tuple[list[Outcome], GraderError | None]:
    """Write, and read again also where writing came to an end early."""
    written: list[tuple[Change, str | None]] = []
    fault = None
    with progress(len(plan.changes), "Writing scores") as advance:
        try:
            for change, said in place.write(plan.changes):
                written.append((change, said))
                advance()
        except GraderError as error:
            fault = error
    begun = {change.key for change, _ in written}
    written += [(change, "not written") for change in plan.changes if change.key not in begun]
    with waiting("Reading what it holds now"):
        return place.verify(written), fault


def _show_plan(plan: Plan, target: Target) -> None:
    from grader.display import list_names

    click.echo(f"{target.title}, {format_amount(target.maximum)} points")
    for note in plan.notes:
        click.echo(f"grader: {clean_line(note)}", err=True)
    if plan.changes:
        rows = [(clean_line(one.student), _amount(one.now), format_amount(one.then)) for one in plan.changes]
        print_table(("STUDENT", "NOW", "WOULD BE"), rows, numbers=(1, 2))
    if plan.unchanged:
        click.echo(f"{len(plan.unchanged)} hold the right score already.")
    by_reason: dict[str, list[str]] = {}
    for one in plan.left_out:
        by_reason.setdefault(one.message, []).append(one.student)
    for reason, students in by_reason.items():
        click.echo(f"left alone, {clean_line(reason)}: {list_names(students)}", err=True)


def _amount(amount: Any) -> str:
    return "" if amount is None else format_amount(amount)


def _say_nothing_written(plan: Plan) -> None:
    if plan.changes:
        count = len(plan.changes)
        click.echo(f"Nothing was written: --yes writes {'this score' if count == 1 else f'these {count} scores'}.")
    else:
        click.echo("There is nothing to write.")


def _show_outcomes(outcomes: Sequence[Outcome]) -> None:
    stuck = [one for one in outcomes if one.stuck]
    click.echo(f"{len(stuck)} of {len(outcomes)} scores were written and read back.")
    for one in outcomes:
        if not one.stuck:
            said = f" ({clean_line(one.error)})" if one.error else ""
            holds = "no score" if one.holds is None else format_amount(one.holds)
            line = f"{clean_line(one.change.student)}: it holds {holds}, not {format_amount(one.change.then)}{said}"
            click.echo(line, err=True)


def _to_json(plan: Plan, outcomes: Sequence[Outcome] | None) -> dict[str, object]:
    found = {one.change.key: one for one in outcomes or ()}

    def number(amount: Any) -> float | None:
        return None if amount is None else to_number(amount)

    def tell(change: Change) -> dict[str, object]:
        line: dict[str, object] = {"student": change.student, "now": number(change.now), "then": number(change.then)}
        if outcomes is not None:
            one = found[change.key]
            line |= {"holds": number(one.holds), "stuck": one.stuck, "message": one.error and clean_line(one.error)}
        return line

    return {
        "format": 1,
        "written": outcomes is not None,
        "changes": [tell(change) for change in plan.changes],
        "unchanged": list(plan.unchanged),
        "left_out": [
            {"student": clean_line(one.student), "message": clean_line(one.message), "graded": one.graded}
            for one in plan.left_out
        ],
        "notes": [clean_line(note) for note in plan.notes],
    }
