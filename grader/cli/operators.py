"""The operator's command: doctor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from grader.cli.options import json_option
from grader.cli.output import print_heading, print_json, print_table, progress, waiting
from grader.cli.seat import Seat
from grader.errors import FaultError, GraderError, reason_of
from grader.language import _, choose_language, speaking
from grader.platforms import CAN_ISOLATE
from grader.results import SHADOW, STAND_IN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from grader.doctor import Attempt
    from grader.job import Survey
    from grader.requirements import Missing

TIERS = {
    "A": "Landlock and seccomp keep students' code in",
    "B": "seccomp and users of their own keep students' code in; files are closed to it by their modes only",
    "C": "bubblewrap and seccomp keep students' code in",
    "D": "students' code cannot be kept in here",
}


@click.command()
@click.option("--all", "try_all", is_flag=True, help="Try every attack that ships: about a minute.")
@json_option
@click.pass_obj
def doctor(course: Path | None, try_all: bool, as_json: bool) -> None:
    """Say what is missing here, and attack what keeps code in.

    The first line is for students: whether this machine has what the course needs.

    Exit codes: 0 every attack was held, 1 one got through, 3 this machine cannot isolate code.
    """
    from grader.engine import Examiner

    with Examiner() as examiner:
        from grader.doctor import read_attacks, stage_target, try_attacks

        attacks = [attack for attack in read_attacks() if attack.quick or try_all]
        with waiting("Starting the sandbox"):
            survey = examiner.survey()
        missing, unreadable = _look_at_course(Seat(course))
        if not as_json:
            with speaking(choose_language(os.environ)):  # the rest is for operators, in English
                _print_readiness(survey, missing, unreadable)
            _print_survey(survey)
        attempts: list[Attempt] = []
        if survey.tier != "D":
            with stage_target() as target, progress(len(attacks), "Attacking") as advance:
                for attempt in try_attacks(examiner, target, attacks):
                    attempts.append(attempt)
                    advance()
    if as_json:
        print_json(_describe(survey, missing, unreadable, attempts))
    else:
        _print_attempts(attempts)
    if survey.tier == "D":
        from grader.doctor import NO_ISOLATION_HINT

        raise FaultError("this machine cannot isolate students' code", NO_ISOLATION_HINT)
    raise click.exceptions.Exit(0 if all(attempt.held for attempt in attempts) else 1)


def _look_at_course(seat: Seat) -> tuple[list[Missing], str | None]:
    """Return the packages that the course needs and that are missing, and what keeps it from being read."""
    from grader.requirements import find_missing

    try:
        return find_missing(seat.course.load(name) for name in seat.course.assignments), None
    except GraderError as error:
        return [], error.message
    except OSError as error:
        return [], f"{error.filename}: {reason_of(error)}"


def _print_readiness(survey: Survey, missing: Sequence[Missing], unreadable: str | None) -> None:
    """Print one line: what keeps a student from working here."""
    from grader.display import clean_line, list_names

    lacking = [
        _(
            "{package} for {assignments} (`{command}`)",
            package=one.package,
            assignments=list_names(one.assignments),
            command=one.install,
        )
        for one in missing
    ]
    if survey.tier == "D":
        by_itself = _("what keeps code in, so that only your own may run (development only)")
        asked_for = _("what keeps code in, so that only your own may run, with --no-isolation")
        lacking.append(asked_for if CAN_ISOLATE else by_itself)
    if unreadable is not None:
        print_heading(_("The course cannot be read: {reason}", reason=clean_line(unreadable, 500)))
    elif lacking:
        print_heading(_("Missing here: {what}.", what="; ".join(lacking)))
    else:
        print_heading(_("All that the course needs is here."))


def _print_survey(survey: Survey) -> None:
    print_heading(f"{survey.system}: tier {survey.tier}")
    click.echo(f"{TIERS[survey.tier]}.\n")
    print_table(("WALL", "", "NOTE"), [(wall.name, "up" if wall.up else "not up", wall.note) for wall in survey.walls])
    named = [STAND_IN if device == SHADOW else device for device in survey.devices]
    click.echo(f"\nChecks can run on: {'; '.join(named)}.")


def _print_attempts(attempts: Sequence[Attempt]) -> None:
    from grader.display import clean_line

    if not attempts:
        return
    click.echo("")
    rows = [("held" if attempt.held else "BREACHED", attempt.attack.kind, attempt.attack.title) for attempt in attempts]
    print_table(("ATTACK", "", ""), rows)
    for attempt in attempts:
        for problem in attempt.problems:
            click.echo(f"\n{attempt.attack.kind}/{attempt.attack.name}: {clean_line(problem, 500)}")
    held = sum(attempt.held for attempt in attempts)
    seconds = sum(attempt.seconds for attempt in attempts)
    click.echo(f"\n{held} of {len(attempts)} attacks held, in {seconds:.1f} s.")


def _describe(
    survey: Survey, missing: Sequence[Missing], unreadable: str | None, attempts: Sequence[Attempt]
) -> dict[str, Any]:
    """Return what was found as JSON data."""
    return {
        "format": 1,
        "system": survey.system,
        "tier": survey.tier,
        "devices": list(survey.devices),
        "missing": [
            {"package": one.package, "install": one.install, "assignments": list(one.assignments)} for one in missing
        ],
        "unreadable": unreadable,
        "walls": [{"name": wall.name, "up": wall.up, "note": wall.note} for wall in survey.walls],
        "attacks": [
            {
                "name": attempt.attack.name,
                "kind": attempt.attack.kind,
                "title": attempt.attack.title,
                "held": attempt.held,
                "problems": list(attempt.problems),
                "seconds": round(attempt.seconds, 3),
            }
            for attempt in attempts
        ],
    }
