"""The command receipt: what proves that something was handed in."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option, student_option
from grader.cli.output import print_json
from grader.cli.seat import Seat, who
from grader.cli.showing import find_entry
from grader.errors import InputError
from grader.files import write_file
from grader.language import _, later

if TYPE_CHECKING:
    from grader.receipts import SignedReceipt


@click.group()
def receipt() -> None:
    """Show and verify receipts of what was handed in."""


@receipt.command()
@click.argument("what", metavar="[ASSIGNMENT|ID]", required=False, shell_complete=complete_assignment)
@student_option
@click.option("--out", type=GivenPath(dir_okay=False), metavar="FILE", help="Write it to a file.")
@click.pass_obj
def show(course: Path | None, what: str | None, student: str | None, out: Path | None) -> None:
    """Print the receipt of your last submission, of your last one for an assignment, or of the one with that ID."""
    from grader.receipts import sign_receipt, write_receipt

    seat = Seat(course)
    if what is not None and what.endswith(".json"):
        hint = _("`{command}` says whether it is genuine", command=seat.spell(f"receipt verify {shlex.quote(what)}"))
        raise InputError(_("{file} is a receipt already, it seems", file=what), hint)
    with seat.open_gradebook() as gradebook:
        entry = find_entry(seat, gradebook, what, who(student))
        data = write_receipt(sign_receipt(seat.course.title, gradebook, entry, datetime.now(UTC)))
    if out is None:
        click.echo(data, nl=False)
    else:
        write_file(out, data)
        click.echo(f"{out}")


@receipt.command()
@click.argument("file", type=GivenPath(dir_okay=False))
@click.option("--key", metavar="KEY", help="The public key to go by.  [default: the course's gradebook's]")
@click.option("--work", type=GivenPath(), metavar="PATH", help="Is this the work that was handed in?")
@json_option
@click.pass_obj
def verify(course: Path | None, file: Path, key: str | None, work: Path | None, as_json: bool) -> None:
    """Say whether a receipt is genuine, and whether the gradebook has what it says.

    Exit code 0: genuine; 1: it is not, or PATH is not the work. Without the gradebook at hand give --key: `grader
    receipt key` prints it where the gradebook is.
    """
    from grader.receipts import read_receipt, to_json

    seat = Seat(course)
    signed = read_receipt(file)
    faults = _find_faults(seat, signed, key)
    same = None if work is None else _is_work(seat, signed, work)
    if as_json:
        print_json({**to_json(signed), "genuine": not faults, "faults": faults, "is_work": same})
    elif faults:
        click.echo("\n".join(_("NOT GENUINE: {fault}", fault=fault) for fault in faults))
    else:
        click.echo(_describe(signed))
    if same is not None and not as_json:
        told = later("{path} is the work that was handed in.")
        other = later("{path} is not what was handed in: was it changed since?")
        click.echo(_(told if same else other, path=work))
    raise click.exceptions.Exit(1 if faults or same is False else 0)


@receipt.command("key")
@click.pass_obj
def print_key(course: Path | None) -> None:
    """Print the public key with which anybody can verify receipts."""
    from grader.receipts import format_key, public_key

    with Seat(course).open_gradebook() as gradebook:
        click.echo(format_key(public_key(gradebook, datetime.now(UTC))))


def _find_faults(seat: Seat, signed: SignedReceipt, key: str | None) -> list[str]:
    faults = []
    if not signed.is_genuine:
        faults.append(_("it was changed after it was signed, or never signed with the key that it names"))
    faults += _compare_with_key(signed, key) if key is not None else _compare_with_gradebook(seat, signed)
    return faults


def _compare_with_key(signed: SignedReceipt, text: str) -> list[str]:
    from grader.receipts import parse_key

    try:
        key = parse_key(text)
    except ValueError as error:
        hint = _("`grader receipt key` prints it where the gradebook is")
        raise InputError(f"--key: {error}", hint) from None
    return [] if key == signed.key else [_("it is signed with another key than --key")]


def _compare_with_gradebook(seat: Seat, signed: SignedReceipt) -> list[str]:
    from grader.gradebook import DATABASE
    from grader.receipts import public_key, sign_receipt

    if not (seat.state / DATABASE).exists():
        hint = _("give the public key with --key: `grader receipt key` prints it where the gradebook is")
        raise InputError(_("there is no gradebook in {folder} to verify receipts with", folder=seat.state), hint)
    with seat.open_gradebook() as gradebook:
        now = datetime.now(UTC)
        if public_key(gradebook, now) != signed.key:
            return [_("it is signed with another key than this course's gradebook has")]
        entry = next((one for one in gradebook.entries() if one.id == signed.receipt.submission), None)
        if entry is None:
            return [_("the gradebook has no such submission: was it brought back from an old backup?")]
        own = sign_receipt(signed.receipt.course, gradebook, entry, now).receipt
    return [] if own == signed.receipt else [_("the gradebook has something else for this submission")]


def _is_work(seat: Seat, signed: SignedReceipt, work: Path) -> bool:
    """Is what lies there the same as what was handed in?"""
    from grader.submission import read_submission

    assignment = seat.find_assignment(work, signed.receipt.assignment)
    return read_submission(work, assignment).digest == signed.receipt.digest


def _describe(signed: SignedReceipt) -> str:
    from grader.display import clean_line, list_names

    one = signed.receipt
    values = {"assignment": clean_line(one.assignment), "number": one.attempt, "time": clean_line(one.submitted_at)}
    told = later("Genuine: {students} handed in {assignment}, attempt {number} at {time} ({digest}).")
    return _(told, students=list_names(one.students), digest=clean_line(one.digest), **values)
