"""The gradebook's own commands: is it whole, copies of it, and who did what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import GivenPath, json_option
from grader.cli.output import print_json, print_table, progress
from grader.cli.seat import Seat
from grader.errors import FaultError, InputError

if TYPE_CHECKING:
    from grader.gradebook import Change
    from grader.gradebook.inspection import Finding

BROKEN = 3  # the exit code where something of the gradebook is damaged: a fault of ours, nobody's answer is wrong


@click.group()
def gradebook() -> None:
    """Check the gradebook, copy it, bring it back, read its trail."""


@gradebook.command()
@json_option
@click.pass_obj
def check(course: Path | None, as_json: bool) -> None:
    """Look at everything that the gradebook holds, and name what is damaged.

    Every stored file is compared with its digest, every row is read. Nothing is changed.

    Exit codes: 0 it is whole, 3 something is damaged.
    """
    from grader.gradebook.inspection import count_blobs, inspect_gradebook

    directory = Seat(course).state
    with progress(count_blobs(directory), "Comparing files") as advance:
        found = list(inspect_gradebook(directory, advance))
    damage = [finding for finding in found if not finding.harmless]
    if as_json:
        print_json(
            {
                "format": 1,
                "gradebook": str(directory),
                "whole": not damage,
                "findings": [_finding_json(finding) for finding in found],
            }
        )
    else:
        _say_findings(found)
        click.echo(f"{directory}: {f'{len(damage)} damaged' if damage else 'it is whole'}")
    raise click.exceptions.Exit(BROKEN if damage else 0)


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "where": finding.where,
        "message": finding.message,
        "hint": finding.hint,
        "harmless": finding.harmless,
    }


def _say_findings(findings: Iterable[Finding]) -> None:
    from grader.display import clean_text

    for finding in findings:
        kind = "harmless: " if finding.harmless else ""
        click.echo(f"{kind}{clean_text(finding.where)}: {clean_text(finding.message)}", err=True)
        if finding.hint:
            click.echo(f"  {clean_text(finding.hint)}", err=True)


@gradebook.command()
@click.argument("directory", type=GivenPath(file_okay=False), metavar="DIR")
@click.pass_obj
def backup(course: Path | None, directory: Path) -> None:
    """Copy the gradebook to DIR, while others may go on using it.

    A backup that is in DIR already is brought up to date, and only what is new is copied. DIR is then a gradebook
    itself: `GRADER_HOME=DIR grader status` looks into it.
    """
    from grader.gradebook.backup import back_up
    from grader.gradebook.inspection import count_blobs

    state = Seat(course).state
    with progress(count_blobs(state), "Copying files") as advance:
        failed = list(back_up(state, directory, advance))
    _say_findings(failed)
    if failed:
        raise FaultError(f"{len(failed)} of the gradebook's files could not be copied", "the rest is in the backup")
    click.echo(f"{directory}")


@gradebook.command()
@click.argument("backup", type=GivenPath(file_okay=False), metavar="DIR")
@click.option("--force", is_flag=True, help="Replace the gradebook that is there: it is moved aside, not deleted.")
@click.option("--files", is_flag=True, help="Only bring back stored files that are missing or damaged.")
@click.pass_obj
def restore(course: Path | None, backup: Path, force: bool, files: bool) -> None:
    """Bring the gradebook back from a backup in DIR.

    Stop whatever uses the gradebook before. With --files all that was recorded since the backup stays, and only files
    that `grader gradebook check` finds missing or damaged are copied from it.
    """
    from grader.gradebook import backup as copies
    from grader.gradebook.inspection import count_blobs

    state = Seat(course).state
    if not files:
        aside = copies.restore(backup, state, replace=force)
        if aside is not None:
            click.echo(f"What was there is in {aside}.", err=True)
        click.echo(f"{state}")
        return
    if not backup.is_dir():
        raise InputError(f"{backup}: there is no such folder", "`grader gradebook backup DIR` makes backups")
    with progress(count_blobs(state), "Comparing files") as advance:
        found = list(copies.restore_files(backup, state, advance))
    for path, back in found:
        click.echo(f"{path}: {'brought back' if back else 'not in the backup either'}", err=not back)
    if not found:
        click.echo("no file was missing or damaged")
    raise click.exceptions.Exit(0 if all(back for _, back in found) else BROKEN)


@gradebook.command()
@click.option("--student", metavar="ID", help="Only what concerns this student.")
@click.option("--assignment", metavar="ID", help="Only what concerns this assignment.")
@json_option
@click.pass_obj
def log(course: Path | None, student: str | None, assignment: str | None, as_json: bool) -> None:
    """Print who did what, when and why: the trail.

    It holds every submission, grade, extension, override, mark and roster, the oldest first. Nothing is ever taken
    from it.
    """
    from grader.display import clean_line

    seat = Seat(course)
    if assignment is not None:
        seat.course.load(assignment)
    with seat.open_gradebook() as opened:
        trail = opened.trail(student, assignment)
    if as_json:
        for change in trail:
            print_json(_change_json(change))
        return
    if not trail:
        click.echo("Nothing has happened yet.")
        return
    rows = [
        (
            f"{change.at.astimezone():%Y-%m-%d %H:%M:%S}",
            *(clean_line(text or "-") for text in (change.who, change.what, change.student, change.assignment)),
            clean_line(change.detail),
            clean_line(change.why, 80),
        )
        for change in trail
    ]
    print_table(("WHEN", "WHO", "WHAT", "STUDENT", "ASSIGNMENT", "DETAIL", "WHY"), rows)


def _change_json(change: Change) -> dict[str, object]:
    from grader.display import clean_line, clean_text, timestamp

    return {
        "at": timestamp(change.at),
        "who": clean_line(change.who),
        "what": change.what,
        "student": change.student,
        "assignment": change.assignment,
        "submission": change.submission,
        "detail": clean_line(change.detail),
        "why": clean_text(change.why),
    }
