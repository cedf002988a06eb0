"""What instructors decide: who takes the course, later due dates, scores that count in place of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option
from grader.cli.output import agrees, print_json, print_table
from grader.cli.seat import Seat, acting_user

if TYPE_CHECKING:
    from grader.deciding import Effect, Whom
    from grader.enrolment import RosterChanges
    from grader.roster import Roster, RosterStudent
    from grader.scoring import FinalGrade

MAX_NAMED = 20  # students whose change is told one by one
ARROW = "\N{RIGHTWARDS ARROW}"

why_option = click.option("--why", metavar="TEXT", help="The reason, for the trail; students may come to read it.")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def roster(ctx: click.Context, as_json: bool) -> None:
    """Show who takes the course, or import it from a file."""
    if ctx.invoked_subcommand is not None:
        return
    seat = Seat(ctx.obj)
    with seat.open_gradebook() as gradebook:
        found = gradebook.roster()
    if as_json:
        print_json([_student_json(student) for student in found.students] if found is not None else [])
    elif found is None or not found.students:
        click.echo(f"There is no roster yet. `{seat.spell('roster import FILE.csv')}` takes one.")
    else:
        _print_roster(found)


def _print_roster(roster: Roster) -> None:
    from grader.display import clean_line

    names = ("id", "name", "email", "section", "group")
    columns = [name for name in names if any(getattr(student, name) for student in roster.students)]
    ids = list(dict.fromkeys(name for student in roster.students for name in student.lms_ids))
    rows = [
        [
            *(clean_line(getattr(student, name) or "", 40) for name in columns),
            *(clean_line(student.lms_ids.get(name, ""), 40) for name in ids),
        ]
        for student in roster.students
    ]
    print_table([clean_line(name, 40).upper() for name in [*columns, *ids]], rows)
    click.echo(f"\n{_count(len(roster.students), 'student')}")


def _student_json(student: RosterStudent) -> dict[str, Any]:
    from grader.display import clean_line

    fields = {name: getattr(student, name) for name in ("id", "name", "email", "section", "group")}
    own = {name: None if value is None else clean_line(value) for name, value in fields.items()}
    return {**own, "lms_ids": {clean_line(name): clean_line(value) for name, value in student.lms_ids.items()}}


@roster.command("import")
@click.argument("file", type=GivenPath(dir_okay=False), metavar="FILE.csv")
@click.option("--dry-run", is_flag=True, help="Show what would change, and keep nothing.")
@click.option("--yes", is_flag=True, help="Take it without asking.")
@click.option("--why", default="", metavar="TEXT", help="The reason, for the trail.")
@json_option
@click.pass_obj
def import_(course: Path | None, file: Path, dry_run: bool, yes: bool, why: str, as_json: bool) -> None:
    """Take FILE.csv as the course's roster, in place of the one before.

    It has a header line: id, name, email, section, group, and further columns with the ids of your LMS. What changes is
    shown first, and asked for on a terminal. Who is no longer in it keeps all that was handed in, and every grade.
    """
    from grader.decisions import check_words
    from grader.enrolment import check_roster, compare_rosters, find_strangers
    from grader.roster import Roster, read_roster

    reason = check_words(why, "the reason") if why.strip() else ""
    seat = Seat(course)
    new = check_roster(read_roster(file), str(file))
    with seat.open_gradebook() as gradebook:
        changes = compare_rosters(gradebook.roster() or Roster(), new)
        strangers = find_strangers(gradebook, new)
        if not as_json:
            _print_changes(changes, len(new.students))
        _say_strangers(strangers)
        kept = bool(changes) and not dry_run and (yes or as_json or agrees("Take this roster?"))
        if kept:
            gradebook.set_roster(new, acting_user(), datetime.now(UTC), reason)
    if as_json:
        print_json(_changes_json(changes, strangers, kept))
    elif changes:
        click.echo("kept" if kept else "nothing was kept", err=True)


def _print_changes(changes: RosterChanges, total: int) -> None:
    from grader.display import clean_line

    rows = [("comes", student.id, student.name or "", _place(student)) for student in changes.comes]
    rows += [("goes", student.id, student.name or "", _place(student)) for student in changes.goes]
    rows += [
        ("changes", after.id, after.name or "", _describe_change(before, after)) for before, after in changes.changed
    ]
    if rows:
        cleaned = [[kind, *(clean_line(cell, 100) for cell in cells)] for kind, *cells in rows]
        print_table(("", "STUDENT", "NAME", ""), cleaned)
        click.echo("")
    counts = (len(changes.comes), len(changes.goes), len(changes.changed))
    if not rows:
        click.echo(f"{_count(total, 'student')}: nothing changes{' but their order' if changes.reordered else ''}")
        return
    click.echo(f"{_count(total, 'student')}: {counts[0]} come, {counts[1]} go, {counts[2]} change")
    if changes.goes:
        click.echo("Who goes keeps all that was handed in, and every grade.")


def _place(student: RosterStudent) -> str:
    parts = [f"{name} {value}" for name in ("section", "group") if (value := getattr(student, name))]
    return ", ".join(parts)


def _describe_change(before: RosterStudent, after: RosterStudent) -> str:
    """Say what of a student changes, the ids of the LMS included."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in ("name", "email", "section", "group")}
    for name in dict.fromkeys((*before.lms_ids, *after.lms_ids)):
        pairs[name] = (before.lms_ids.get(name), after.lms_ids.get(name))
    return "; ".join(f"{name} {old or '-'} {ARROW} {new or '-'}" for name, (old, new) in pairs.items() if old != new)


def _say_strangers(strangers: Mapping[str, str]) -> None:
    from grader.display import clean_line

    for student, near in list(strangers.items())[:MAX_NAMED]:
        click.echo(f"{clean_line(student)} has handed in, and is not in this roster{clean_line(near)}", err=True)
    if len(strangers) > MAX_NAMED:
        click.echo(f"and {len(strangers) - MAX_NAMED} more (--json names all)", err=True)


def _changes_json(changes: RosterChanges, strangers: Iterable[str], kept: bool) -> dict[str, Any]:
    return {
        "format": 1,
        "kept": kept,
        "comes": [_student_json(student) for student in changes.comes],
        "goes": [_student_json(student) for student in changes.goes],
        "changes": [{"before": _student_json(b), "after": _student_json(a)} for b, a in changes.changed],
        "not_in_roster": list(strangers),
    }


@click.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.option("--student", "students", multiple=True, metavar="ID", help="For this student; may be given again.")
@click.option("--section", metavar="NAME", help="For all students of this section of the roster.")
@click.option("--everybody", is_flag=True, help="For everybody.")
@click.option("--until", metavar="TIME", help="The new due date, such as 2026-12-02 or 2026-12-02T18:00.")
@click.option("--by", "length", metavar="TIME", help='How long after the due date, such as "2 d" or "36 h".')
@click.option("--withdraw", is_flag=True, help="Take back what the same ones were given.")
@why_option
@json_option
@click.pass_obj
def extend(
    course: Path | None,
    assignment: str,
    students: tuple[str, ...],
    section: str | None,
    everybody: bool,
    until: str | None,
    length: str | None,
    withdraw: bool,
    why: str | None,
    as_json: bool,
) -> None:
    """Give a later due date for ASSIGNMENT, and say what changes.

    TIME is written as `due` in assignment.yaml, in the course's time zone; a day of --by is 24 hours. Of several
    extensions that concern a student the latest counts. Nothing is deleted: --withdraw is one more decision.
    """
    from grader.deciding import extend as give
    from grader.deciding import find_left_out, find_new_due

    whom = _choose_whom(students, section, everybody)
    _expect_one({"--until": until is not None, "--by": length is not None, "--withdraw": withdraw})
    reason = _check_why(why)
    seat = Seat(course)
    spec = seat.course.load(assignment)
    due = None if withdraw else find_new_due(seat.course, spec, until, length)
    with seat.open_gradebook() as gradebook:
        effects = give(seat.course, gradebook, spec, whom, due, by=acting_user(), at=datetime.now(UTC), why=reason)
        left_out = find_left_out(gradebook, spec, whom.students) if whom.students else {}
    if as_json:
        print_json({"format": 1, "assignment": spec.id, "effects": [effect_json(effect) for effect in effects]})
    else:
        _print_extension(effects, None if students else section or "", due, seat.course.time_zone)
    _say_left_out(left_out)


def _choose_whom(students: Sequence[str], section: str | None, everybody: bool) -> Whom:
    from grader.deciding import Whom

    _expect_one({"--student": bool(students), "--section": section is not None, "--everybody": everybody})
    return Whom(tuple(students), section)


def _expect_one(options: Mapping[str, bool]) -> None:
    given = [name for name, is_given in options.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} do not go together: give one", click.get_current_context())
    if not given:
        names = list(options)
        raise click.UsageError(f"give {', '.join(names[:-1])} or {names[-1]}", click.get_current_context())


def _check_why(why: str | None) -> str:
    from grader.decisions import check_words

    if why is None:
        raise click.UsageError("say why, with --why TEXT", click.get_current_context())
    return check_words(why, "the reason")


def _print_extension(effects: Sequence[Effect], section: str | None, due: datetime | None, zone: tzinfo | None) -> None:
    """Say what an extension changes for named students (``section`` None), one section, or everybody (empty)."""
    from grader.display import clean_line, format_moment

    told = list(effects)
    if section is not None:
        told = [effect for effect in effects if effect.changes_grade]
        whose = f"section {clean_line(section, 60)}" if section else "everybody"
        what = "the extension is taken back" if due is None else f"due {format_moment(due, zone)}"
        click.echo(f"{whose}: {what}")
        click.echo(f"{_count(len(effects), 'due date')} changed, and {_count(len(told), 'grade')} with them")
    for effect in told[:MAX_NAMED]:
        click.echo(f"{clean_line(effect.student)}: {describe_effect(effect, zone)}")
    if len(told) > MAX_NAMED:
        click.echo(f"and {len(told) - MAX_NAMED} more (--json names all)")


def _say_left_out(left_out: Mapping[str, Sequence[str]]) -> None:
    from grader.display import clean_line, list_names

    for student, others in left_out.items():
        click.echo(
            f"{clean_line(student)} hands in with a group: for {list_names(others)} nothing changes; name them, too, "
            "if it should",
            err=True,
        )


def describe_effect(effect: Effect, zone: tzinfo | None) -> str:
    """Say what a decision changes for a student, in one line: before and after."""
    from grader.display import format_moment

    before, after = effect.before, effect.after
    said = []
    if before.due != after.due and before.due is not None and after.due is not None:
        said.append(f"due {format_moment(before.due, zone)} {ARROW} {format_moment(after.due, zone)}")
    if _attempt_of(before) != _attempt_of(after):
        said.append(f"attempt {after.number} counts instead of {before.number or 'none'}")
    elif before.lateness != after.lateness:
        said.append(_describe_lateness(after))
    if describe_score(before) != describe_score(after):
        said.append(f"{describe_score(before)} {ARROW} {describe_score(after)}")
    return "; ".join(said) or f"nothing changes: {describe_score(after)}"


def _attempt_of(final: FinalGrade) -> str | None:
    return None if final.attempt is None else final.attempt.submission


def _describe_lateness(after: FinalGrade) -> str:
    from grader.policy import format_duration

    if not after.lateness:
        return f"attempt {after.number} is no longer late"
    return f"attempt {after.number} is now late by {format_duration(after.lateness)}"


def describe_score(final: FinalGrade) -> str:
    """Return what counts for a student, in words: ``7 of 10``."""
    from grader.display import format_amount
    from grader.scoring import Status

    if final.status is None:
        return "nothing handed in" if final.attempt is None else "not graded"
    bonus = f" and {format_amount(final.bonus)} bonus" if final.bonus else ""
    waits = {Status.NEEDS_REVIEW: ", answers wait for review", Status.PENDING: ", pending"}.get(final.status, "")
    return f"{format_amount(final.score)} of {format_amount(final.points)}{bonus}{waits}"


def effect_json(effect: Effect) -> dict[str, Any]:
    """Return a decision's effect for a program: before and after."""
    return {
        "student": effect.student,
        "before": _final_json(effect.before),
        "after": _final_json(effect.after),
    }


def _final_json(final: FinalGrade) -> dict[str, Any]:
    from grader.display import timestamp, to_number

    return {
        "status": None if final.status is None else str(final.status),
        "score": to_number(final.score),
        "points": to_number(final.points),
        "bonus": to_number(final.bonus),
        "due": timestamp(final.due),
        "attempt": final.number,
        "submission": _attempt_of(final),
        "late_seconds": final.lateness.total_seconds(),
        "overridden": final.override is not None,
    }


@click.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.argument("student")
@click.argument("score", required=False)
@click.option("--withdraw", is_flag=True, help="Take the override back: the score that was worked out counts again.")
@why_option
@json_option
@click.pass_obj
def override(
    course: Path | None,
    assignment: str,
    student: str,
    score: str | None,
    withdraw: bool,
    why: str | None,
    as_json: bool,
) -> None:
    """Let SCORE count for STUDENT's ASSIGNMENT, whatever there is.

    SCORE is exact: 7.5 or 15/2, bonus included. It counts without a submission, too, and lateness takes nothing from
    it. Earlier overrides stay on record.
    """
    from grader.deciding import override as decide
    from grader.decisions import parse_score

    _expect_one({"SCORE": score is not None, "--withdraw": withdraw})
    reason = _check_why(why)
    given = None if score is None else parse_score(score)
    seat = Seat(course)
    spec = seat.course.load(assignment)
    at, by = datetime.now(UTC), acting_user()
    with seat.open_gradebook() as gradebook:
        effect = decide(seat.course, gradebook, spec, student, given, by=by, at=at, why=reason)
    if as_json:
        print_json({"format": 1, "assignment": spec.id, "effects": [effect_json(effect)]})
    else:
        _print_override(effect)


def _print_override(effect: Effect) -> None:
    from grader.display import clean_line

    kind = "taken back" if effect.after.override is None else "overridden"
    before, after = describe_score(effect.before), describe_score(effect.after)
    click.echo(f"{clean_line(effect.student)}: {before} {ARROW} {after} ({kind})")


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
