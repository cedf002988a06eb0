"""The student's commands list, status and show: what there is to do, and what became of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option, student_option
from grader.cli.output import print_json, print_report, print_table
from grader.cli.seat import Seat, who
from grader.errors import InputError, suggest
from grader.files import write_file
from grader.language import _, later, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.gradebook import Entry, Gradebook
    from grader.overview import Overview
    from grader.report import Report
    from grader.scoring import FinalGrade, Grade

# A grade's status, as it is told.
STATUSES = {"graded": later("graded"), "needs_review": later("needs review"), "pending": later("pending")}


@click.command("list")
@student_option
@json_option
@click.pass_obj
def list_(course: Path | None, student: str | None, as_json: bool) -> None:
    """List the assignments: when each is due, attempts left, best score."""
    seat = Seat(course)
    seat.refuse_other_folder()
    now = datetime.now(UTC)
    overviews = review_course(seat, student, now)
    if as_json:
        print_json([_overview_json(overview) for overview in overviews])
        return
    from grader.display import format_amount

    click.echo(f"{seat.course.title}\n")
    rows = [
        (
            one.assignment.id,
            format_amount(one.assignment.points),
            describe_due(one, now),
            _describe_attempts(one),
            "-" if one.best is None else format_amount(one.best),
            one.assignment.title,
        )
        for one in overviews
    ]
    headings = (_("ASSIGNMENT"), _("POINTS"), _("DUE"), _("ATTEMPTS"), _("BEST"), _("TITLE"))
    # What says nothing of any assignment is left out: without a policy there are only titles.
    shown = [place for place in range(len(headings)) if any(row[place] not in ("", "-") for row in rows)]
    print_table(
        [headings[place] for place in shown],
        [[row[place] for place in shown] for row in rows],
        numbers=[shown.index(place) for place in (1, 4) if place in shown],
    )
    told = _("Get one with `{command}`.", command=seat.spell("fetch ASSIGNMENT"))
    click.echo(f"\n{told}")


def review_course(seat: Seat, student: str | None, now: datetime) -> list[Overview]:
    """Return how a student stands in all assignments; where nobody has handed in anything, no gradebook is made."""
    from grader.gradebook import DATABASE

    name = who(student)
    if not (seat.state / DATABASE).exists():
        return _review(seat, None, seat.course.assignments, name, now)
    with seat.open_gradebook() as gradebook:
        return _review(seat, gradebook, seat.course.assignments, name, now)


def _review(
    seat: Seat, gradebook: Gradebook | None, assignments: Iterable[str], student: str, now: datetime
) -> list[Overview]:
    from grader.overview import review_assignment

    specs = [seat.course.load(name) for name in assignments]
    return [review_assignment(seat.course, gradebook, spec, student, now) for spec in specs]


def describe_due(overview: Overview, now: datetime) -> str:
    """Return when an assignment is due in words, and whether it can still be handed in after that."""
    from grader.display import describe_distance

    if overview.due is None:
        return "-"
    distance = describe_distance(overview.due, now)
    if now <= overview.due:
        return distance
    if overview.closed is not None:
        return _("{distance}, closed", distance=distance)
    return _("{distance}, still open", distance=distance)


def _describe_attempts(overview: Overview) -> str:
    following, left = overview.following, overview.attempts_left
    if left is not None:
        if following.limit is None:
            return _("none left")
        return _("{left} left of {limit}", left=left, limit=following.limit)
    return _("{used} so far", used=following.used) if following.used else "-"


def _overview_json(overview: Overview) -> dict[str, object]:
    from grader.display import timestamp

    spec = overview.assignment
    return {
        "id": spec.id,
        "title": spec.title,
        "summary": spec.summary,
        "points": float(spec.points),
        "due": timestamp(overview.due),
        "attempts": overview.following.used,
        "attempts_left": overview.attempts_left,
        "closed": overview.closed,
        "best": None if overview.best is None else float(overview.best),
        "changes": list(overview.changes),
    }


@click.command()
@click.argument("assignment", required=False, shell_complete=complete_assignment)
@student_option
@json_option
@click.pass_obj
def status(course: Path | None, assignment: str | None, student: str | None, as_json: bool) -> None:
    """List what you have handed in, and what it earned.

    With ASSIGNMENT only what was handed in for that one is listed.
    """
    seat = Seat(course)
    student, now = who(student), datetime.now(UTC)
    seat.refuse_other_folder()
    asked = seat.course.assignments if assignment is None else [seat.load(assignment).id]
    with seat.open_gradebook() as gradebook:
        rows = [row for row in gradebook.graded(student) if assignment in (None, row[0].assignment)]
        # What is still open is told to people, and is about all of the course; else only what was handed in matters.
        told = {entry.assignment for entry, _grade in rows} if as_json or not rows else asked
        names = [name for name in asked if name in told]
        overviews = _review(seat, gradebook, names, student, now)
    finals = (one.final for one in overviews)
    counting = {final.attempt.submission: final for final in finals if final is not None and final.attempt is not None}
    if as_json:
        places = _number_attempts(rows)
        print_json([_entry_json(entry, grade, counting.get(entry.id), places[entry.id]) for entry, grade in rows])
        return
    if not rows:
        if assignment is None:
            nothing = later("{student} has handed in nothing yet. `grader list` shows what there is to do.")
        else:
            nothing = later("{student} has handed in nothing for {assignment} yet; `{command}` gets it.")
        values = {"student": student, "assignment": assignment, "command": seat.spell(f"fetch {assignment}")}
        click.echo(_(nothing, **values))
        return
    from grader.display import format_amount

    places = _number_attempts(rows)
    table = [
        (
            entry.assignment,
            str(places[entry.id]),
            f"{entry.submitted_at.astimezone():%Y-%m-%d %H:%M}",
            f"{format_amount(grade.score)} / {format_amount(grade.points)}" if grade else "-",
            _(STATUSES[grade.status]) if grade else _("not graded"),
            _describe_counting(counting.get(entry.id)),
            entry.id,
        )
        for entry, grade in rows
    ]
    headings = (_("ASSIGNMENT"), _("ATTEMPT"), _("SUBMITTED"), _("SCORE"), _("STATUS"), _("COUNTS"), _("ID"))
    print_table(headings, table, numbers=(1, 3))
    _print_outlook(overviews, now)


def _number_attempts(rows: Sequence[tuple[Entry, Grade | None]]) -> dict[str, int]:
    """Return which attempt each submission is by when it came, which is what policies go by."""
    numbers: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for entry, _grade in sorted(rows, key=lambda row: (row[0].submitted_at, row[0].number)):
        seen[entry.assignment] += 1
        numbers[entry.id] = seen[entry.assignment]
    return numbers


def _print_outlook(overviews: Sequence[Overview], now: datetime) -> None:
    """Print what others changed since somebody last handed in, and what is still open."""
    changes = [f"  {one.assignment.id}: {change}" for one in overviews for change in one.changes]
    open_ones = [_describe_open(one, now) for one in overviews if one.closed is None and one.due is not None]
    for heading, lines in ((_("Changed since you handed in:"), changes), (_("Still open:"), open_ones)):
        if lines:
            click.echo("\n".join(["", heading, *lines]))


def _describe_open(overview: Overview, now: datetime) -> str:
    parts = [_("due {when}", when=describe_due(overview, now))]
    if overview.attempts_left is not None:
        parts.append(plural("{number} attempt left", "{number} attempts left", overview.attempts_left))
    if overview.final is None or overview.final.attempt is None:
        parts.append(_("nothing handed in"))
    return f"  {overview.assignment.id}: {', '.join(parts)}"


def _describe_counting(final: FinalGrade | None) -> str:
    from grader.display import format_amount

    if final is None:
        return ""
    if final.status is None or final.status == "pending":
        return "-"
    return f"{format_amount(final.score)}{f' + {format_amount(final.bonus)}' if final.bonus else ''}"


def _entry_json(entry: Entry, grade: Grade | None, final: FinalGrade | None, attempt: int) -> dict[str, object]:
    from grader.display import timestamp

    return {
        "id": entry.id,
        "assignment": entry.assignment,
        "student": entry.student,
        "attempt": attempt,
        "digest": entry.digest,
        "submitted_at": timestamp(entry.submitted_at),
        "status": str(grade.status) if grade else None,
        "score": float(grade.score) if grade else None,
        "points": float(grade.points) if grade else None,
        "counts": final is not None,
        "final_score": float(final.total) if final is not None and final.status is not None else None,
    }


@click.command()
@click.argument("what", metavar="[ASSIGNMENT|ID]", required=False, shell_complete=complete_assignment)
@student_option
@click.option("--html", type=GivenPath(dir_okay=False), help="Write the report to an HTML file.")
@click.option("--pdf", type=GivenPath(dir_okay=False), help="Write the report to a PDF file.")
@click.option("--instructor", is_flag=True, help="Show what instructors see: details of hidden checks, output.")
@json_option
@click.pass_obj
def show(
    course: Path | None,
    what: str | None,
    student: str | None,
    html: Path | None,
    pdf: Path | None,
    instructor: bool,
    as_json: bool,
) -> None:
    """Show the report of something that was handed in.

    Without an argument it is your last submission, and in the folder of an assignment the last one for that;
    ASSIGNMENT is your last one for that assignment; ID is the name of a submission, as `grader status` lists it.
    """
    from grader.report import to_html

    if html is not None and html == pdf:
        raise click.UsageError(_("--html and --pdf name the same file"))
    seat = Seat(course)
    with seat.open_gradebook() as gradebook:
        reader = who(student)
        entry = find_entry(seat, gradebook, what, reader)
        grade = gradebook.grade(entry)
        if grade is None:
            hint = _("`grader submit` it again, or ask your instructor")
            raise InputError(_("submission {id} has no grade yet", id=entry.id), hint)
        own = reader if reader in entry.students else entry.student
        report = report_of(seat, gradebook, entry, grade, own, instructor=instructor)
    if html is not None:
        write_file(html, to_html(report).encode())
        click.echo(f"{html}", err=as_json)
    if pdf is not None:
        from grader.report.pdf import to_pdf

        write_file(pdf, to_pdf(report))
        click.echo(f"{pdf}", err=as_json)
    if as_json or (html is None and pdf is None):
        print_report(report, as_json=as_json)


def find_entry(seat: Seat, gradebook: Gradebook, what: str | None, student: str) -> Entry:
    """Find a submission: by its id, or the student's last one (of an assignment, such as that whose folder this is).

    Raises:
        InputError: there is none, or the folders here are from another course.
    """
    what = what or seat.find_here()
    if what is not None and what not in seat.course.assignments:
        known = {entry.id: entry for entry in gradebook.entries()}
        if what not in known:
            seat.refuse_other_course(what)
            near = suggest(what, seat.course.assignments)
            message = _("there is neither an assignment nor a submission {name!r}{near}", name=what, near=near)
            raise InputError(message, _("`grader list` shows the assignments, `grader status` your submissions"))
        return known[what]
    entries = gradebook.entries(student=student, assignment=what)
    if not entries:
        message = _("{student} has handed in nothing yet", student=student)
        if what:
            message = _("{student} has handed in nothing for {assignment} yet", student=student, assignment=what)
        raise InputError(message, _("`grader submit` hands work in"))
    return entries[-1]


def report_of(
    seat: Seat, gradebook: Gradebook, entry: Entry, grade: Grade, student: str, *, instructor: bool = False
) -> Report:
    """Return the report of a submission, as it is told now."""
    from grader.report import Reader
    from grader.reporting import report_stored

    reader = Reader.INSTRUCTOR if instructor else Reader.STUDENT
    return report_stored(seat.course, gradebook, entry, grade, student, reader, datetime.now(UTC))
