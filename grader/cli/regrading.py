"""Grading again what the gradebook holds: regrade keeps what changes, replay only compares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import jobs_option, json_option, no_isolation_option
from grader.cli.output import agrees, print_json, print_table, progress
from grader.cli.seat import Seat, acting_user
from grader.errors import FaultError, InputError, reason_of

if TYPE_CHECKING:
    from grader.comparison import Difference, Side
    from grader.gradebook import Entry, Gradebook
    from grader.regrading import Regrade
    from grader.replaying import Replay, Told
    from grader.scoring import Grade
    from grader.spec import Assignment

MAX_REPORT_BYTES = 20_000_000
MAX_NAMED = 3  # differences in one line of the table
DRIFTED = 1  # replay's exit code where a report is not the same


@click.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.option("--student", "students", multiple=True, metavar="ID", help="Only this one's work; may be given again.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and keep nothing.")
@click.option("--lower", is_flag=True, help="Let scores fall, too. Without this they never do.")
@click.option("--why", default="", metavar="TEXT", help="The reason, for the trail.")
@click.option("--yes", is_flag=True, help="Keep what changes without asking.")
@jobs_option
@json_option
@no_isolation_option
@click.pass_obj
def regrade(
    course: Path | None,
    assignment: str,
    students: tuple[str, ...],
    dry_run: bool,
    lower: bool,
    why: str,
    yes: bool,
    jobs: int,
    as_json: bool,
    no_isolation: bool,
) -> None:
    """Grade all of ASSIGNMENT again, with today's checks.

    It shows whose score changes, and by which check, and asks before it keeps that (on a terminal). A score that fell
    is not kept without --lower: students have been told the old one. Earlier grades stay on record.

    Exit codes: 0 done, 3 something could not be graded again, and keeps its grade.
    """
    from grader.engine import Pool

    with Pool(jobs) as pool:
        from grader.regrading import regrade as grade_again

        seat = Seat(course)
        spec = seat.course.load(assignment)
        with seat.open_gradebook() as gradebook:
            entries = _choose(gradebook, spec, students)
            setup = seat.setup(isolated=not no_isolation)
            with progress(len(entries), "Grading again") as advance:
                found = []
                for one in grade_again(pool, gradebook, spec, entries, setup):
                    found.append(one)
                    advance()
            found.sort(key=lambda one: (one.entry.student, one.entry.number))
            if not as_json:
                _print_changes(found, lower)
            kept = [] if dry_run else _keep(gradebook, found, lower, why, ask=not (yes or as_json))
            if as_json:
                for one in found:
                    print_json(_regrade_json(one, one in kept))
    failed = [one for one in found if one.trend == "pending"]
    _say_failed(failed)
    raise click.exceptions.Exit(3 if failed else 0)


def _choose(gradebook: Gradebook, spec: Assignment, students: Sequence[str]) -> list[Entry]:
    from grader.gradebook import check_student

    chosen = {check_student(student) for student in students}
    entries = [e for e in gradebook.entries(assignment=spec.id) if not chosen or chosen & set(e.students)]
    missing = sorted(chosen - {student for entry in entries for student in entry.students})
    if missing:
        raise InputError(f"{', '.join(missing)}: nothing was handed in for {spec.id}", "`grader report` shows who has")
    if not entries:
        raise InputError(f"nothing has been handed in for {spec.id} yet", "`grader grade PATH` takes a class's work")
    return entries


def _keep(gradebook: Gradebook, found: Sequence[Regrade], lower: bool, why: str, *, ask: bool) -> list[Regrade]:
    from grader.regrading import keep

    if ask and not agrees("Keep this?"):
        click.echo("nothing was kept", err=True)
        return []
    reason = f"regrade: {why}" if why else "regrade"
    return [one for one in found if keep(gradebook, one, by=acting_user(), why=reason, lower=lower)]


def _print_changes(found: Sequence[Regrade], lower: bool) -> None:
    from grader.display import clean_line

    rows = [
        (
            clean_line(one.entry.student),
            str(one.entry.number),
            _amount(one.before),
            _amount(one.after),
            one.trend if one.trend != "falls" or lower else "would fall",
            _name_differences(one.differences),
        )
        for one in found
        if one.trend not in ("same", "pending") or one.differences
    ]
    if rows:
        print_table(("STUDENT", "ATTEMPT", "BEFORE", "AFTER", "", "WHY"), rows, numbers=(1, 2, 3))
        click.echo("")
    click.echo(f"{len(found)} graded again: {_tell_trends(found, lower=lower)}")
    for name, (before, after) in _merge_drift(found).items():
        click.echo(
            f"  {clean_line(name)}: was {clean_line(before) or 'not noted'}, is {clean_line(after) or 'not noted'}"
        )


def _tell_trends(found: Sequence[Regrade], *, lower: bool) -> str:
    counts = Counter(str(one.trend) for one in found)
    kept = ("would fall and keeps its score (--lower lets it)", "would fall and keep their score (--lower lets them)")
    words = {
        "rises": ("rises", "rise"),
        "falls": ("falls", "fall") if lower else kept,
        "new": ("had no grade", "had no grade"),
        "same": ("keeps its score", "keep their score"),
        "pending": ("could not be graded", "could not be graded"),
    }
    told = ((counts[key], one if counts[key] == 1 else more) for key, (one, more) in words.items())
    return ", ".join(f"{number} {what}" for number, what in told if number)


def _merge_drift(found: Iterable[Regrade]) -> dict[str, tuple[str, str]]:
    return {name: pair for one in found for name, pair in one.drift.items()}


def _amount(grade: Grade | None) -> str:
    from grader.display import format_amount

    if grade is None or grade.status == "pending":
        return "-"
    bonus = f" + {format_amount(grade.bonus)}" if grade.bonus else ""
    return f"{format_amount(grade.score)} / {format_amount(grade.points)}{bonus}"


def _name_differences(differences: Sequence[Difference]) -> str:
    named = [_name_difference(difference) for difference in differences[:MAX_NAMED]]
    more = f" and {len(differences) - MAX_NAMED} more" if len(differences) > MAX_NAMED else ""
    return "; ".join(named) + more


def _name_difference(difference: Difference) -> str:
    from grader.display import clean_line

    name = clean_line(difference.check or difference.question)
    before, after = difference.before, difference.after
    if before is None or after is None:
        return f"{name}: {'new' if before is None else 'gone'}, {_describe(after or before)}"
    if (before.ended, before.score, before.points) == (after.ended, after.score, after.points):
        return f"{name}: another message"
    return f"{name}: {_describe(before)} -> {_describe(after)}"


def _describe(side: Side | None) -> str:
    from grader.display import format_amount

    assert side is not None
    return f"{side.ended.replace('_', ' ')} {format_amount(side.score)}/{format_amount(side.points)}"


def _say_failed(failed: Sequence[Regrade]) -> None:
    from grader.display import clean_line

    for one in failed:
        reason = one.after.fault or "a fault of ours"
        kept = "it keeps its grade" if one.before is not None else "it has no grade"
        click.echo(
            f"{clean_line(one.entry.student)}, attempt {one.entry.number}: {clean_line(reason, 500)}; {kept}", err=True
        )


def _regrade_json(one: Regrade, kept: bool) -> dict[str, Any]:
    from grader.display import clean_line

    return {
        "format": 1,
        "student": clean_line(one.entry.student),
        "assignment": one.entry.assignment,
        "attempt": one.entry.number,
        "submission": one.entry.id,
        "trend": str(one.trend),
        "kept": kept,
        "before": _scores_json(one.before),
        "after": _scores_json(one.after),
        "differences": [_difference_json(difference) for difference in one.differences],
        "environment": {name: {"before": pair[0], "after": pair[1]} for name, pair in one.drift.items()},
        "fault": clean_line(one.after.fault, 500) if one.after.fault else None,
    }


def _scores_json(grade: Grade | None) -> dict[str, Any] | None:
    from grader.display import to_number

    if grade is None:
        return None
    amounts = {name: to_number(getattr(grade, name)) for name in ("score", "points", "bonus")}
    return {"status": str(grade.status), **amounts}


def _difference_json(difference: Difference) -> dict[str, Any]:
    from grader.display import clean_line

    return {
        "question": difference.question,
        "check": difference.check,
        "title": clean_line(difference.title),
        "before": _side_json(difference.before),
        "after": _side_json(difference.after),
    }


def _side_json(side: Side | None) -> dict[str, Any] | None:
    from grader.display import clean_text, to_number

    if side is None:
        return None
    return {
        "ended": side.ended,
        "score": to_number(side.score),
        "points": to_number(side.points),
        "message": clean_text(side.message) if side.message else None,
    }


@click.command()
@click.argument("report", metavar="REPORT")
@jobs_option
@json_option
@no_isolation_option
@click.pass_obj
def replay(course: Path | None, report: str, jobs: int, as_json: bool, no_isolation: bool) -> None:
    """Say whether a report is what grading gives today.

    Its submission is graded again, and what comes out is compared.

    REPORT is a file that holds reports as `grader grade --json`, `submit --json` or `show --json` print them, one per
    line, or the id of a submission, whose newest grade is compared then. Nothing is kept. What is not the same is shown
    check by check, and what has changed since: torch, the checks.

    Exit codes: 0 the same byte for byte, 1 not, 3 it could not be graded again.
    """
    from grader.engine import Pool

    with Pool(jobs) as pool:
        from grader.replaying import replay as play

        seat = Seat(course)
        with seat.open_gradebook() as gradebook:
            told = _find_told(gradebook, report)
            setup = seat.setup(isolated=not no_isolation)
            found: list[Replay] = []
            with progress(len(told), "Grading again") as advance:
                for one in play(pool, gradebook, seat.course, told, setup):
                    found.append(one)
                    advance()
    for one in found:
        if as_json:
            print_json(_replay_json(one))
        else:
            _print_replay(one)
    failed = [one for one in found if one.fault is not None]
    if failed:
        raise FaultError(f"{len(failed)} of {len(found)} could not be graded again: {failed[0].fault}")
    raise click.exceptions.Exit(0 if all(one.same for one in found) else DRIFTED)


def _find_told(gradebook: Gradebook, report: str) -> list[Told]:
    """Return the reports in a file, or the newest one of the submission with this id."""
    from grader.replaying import Told, find_told

    path = Path(report)
    if not path.exists() and "/" not in report:
        try:
            return [Told(gradebook.entry(report))]
        except InputError:
            message = f"{report}: there is no such file, and no submission with this id"
            raise InputError(message, "give a file of reports in JSON, or an id as `grader status` shows it") from None
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_REPORT_BYTES else None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}", "give a file of reports in JSON") from None
    if data is None:
        raise InputError(f"{path} is larger than {MAX_REPORT_BYTES:,} bytes", "give a part of it")
    return find_told(gradebook, _parse_documents(path, data))


def _parse_documents(path: Path, data: bytes) -> list[Any]:
    """Return what a file of JSON documents holds: one, or one per line."""
    text = data.decode("utf-8", "replace").strip()
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        pass
    documents = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            documents.append(json.loads(line))
        except (ValueError, RecursionError):
            hint = "give what `grader grade --json`, `submit --json` or `show --json` printed"
            raise InputError(f"{path}:{number}: this is not JSON", hint) from None
    if not documents:
        raise InputError(f"{path} is empty", "give a file of reports in JSON")
    return documents


def _print_replay(one: Replay) -> None:
    from grader.display import clean_line

    entry = one.entry
    whose = f"{clean_line(entry.student)}, {entry.assignment}, attempt {entry.number}"
    if one.fault is not None:
        click.echo(f"{whose}: could not be graded again: {clean_line(one.fault, 500)}")
        return
    click.echo(f"{whose}: {'the same, byte for byte' if one.same else 'NOT the same'}")
    if one.same:
        return
    if not one.known:
        click.echo("  the gradebook holds no such report: it was changed, or made by another version of grader")
    if one.assignment_changed:
        click.echo("  the assignment has changed since it was graded")
    for name, (before, after) in one.drift.items():
        click.echo(
            f"  {clean_line(name)}: was {clean_line(before) or 'not noted'}, is {clean_line(after) or 'not noted'}"
        )
    for difference in one.differences:
        click.echo(f"  {_name_difference(difference)}")
    if one.known and not (one.drift or one.differences or one.assignment_changed):
        click.echo("  every check ended alike; something else differs, such as what the code printed")


def _replay_json(one: Replay) -> dict[str, Any]:
    return {
        **_regrade_json(one.regrade, kept=False),
        "same": one.same,
        "known": one.known,
        "assignment_changed": one.assignment_changed,
    }
