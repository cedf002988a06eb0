"""When work came that an instructor takes in: told by the LMS, by a file, or by the instructor; never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.display import format_moment, list_names
from grader.errors import InputError
from grader.places import shown
from grader.policy import Due, parse_due
from grader.recording import Work
from grader.roster import Claims, Roster, read_table
from grader.spec import Assignment, Course

ON_TIME = "on-time"
NOW = "now"


@dataclass(frozen=True, slots=True)
class Arrival:
    """When work came whose layout does not tell.

    ``times`` maps students to moments. For others ``stated`` holds: ``on-time``, ``now`` or a moment; None: not said.
    """

    stated: str | datetime | None = None
    times: Mapping[str, datetime] = field(default_factory=dict)


def parse_arrival(text: str, course: Course, now: datetime) -> str | datetime:
    """Return what ``--came`` says: ``on-time``, ``now``, or a moment, written like a due date.

    Raises:
        InputError: it is none of these, or in the future.
    """
    return text if text in (ON_TIME, NOW) else _resolve(text, course.time_zone, f"--came {text!r}", now)


def read_times(path: Path, course: Course, roster: Roster | None, now: datetime) -> dict[str, datetime]:
    """Read a CSV file that says when each student's work came: columns ``id`` and ``time``.

    Where there is a ``roster`` the id may be any of a student's in it, and must be one.

    Raises:
        InputError: it cannot be read, or an id or a time makes no sense; the message names the line.
    """
    where, header, rows = read_table(path)
    if missing := [name for name in ("id", "time") if name not in header]:
        raise InputError(
            f"{where}:1: no column {missing[0]!r}", "the columns are id and time, such as 2026-11-30T18:05"
        )
    times: dict[str, datetime] = {}
    for line, row in rows:
        student = _identify(row["id"], roster, f"{where}:{line}")
        if student in times:
            raise InputError(f"{where}:{line}: {row['id']!r} is there twice", "keep one of them")
        times[student] = _resolve(row["time"], course.time_zone, f"{where}:{line}", now)
    return times


def _identify(word: str, roster: Roster | None, where: str) -> str:
    if roster is None:
        return word
    if (student := roster.match(Claims(id=word))) is None:
        hint = "write an id as the roster has it; spreadsheets take zeros off the front of ids"
        raise InputError(f"{where}: {shown(word)} is not in the roster{roster.suggest(word)}", hint)
    return student.id


def list_unused(works: Iterable[Work], arrival: Arrival) -> list[str]:
    """Return the students whose times are told and of whom no work is here, in their order."""
    return sorted(arrival.times.keys() - {work.student for work in works})


def _resolve(text: str, zone: ZoneInfo | None, where: str, now: datetime) -> datetime:
    try:
        due: Due = parse_due(text)
        at = due.resolve(zone)
    except ValueError as error:
        hint = "write 2026-11-30T18:05+01:00, or without +01:00 where course.yaml has a time_zone"
        raise InputError(
            f"{where}: a time {error}" if str(error).startswith("must") else f"{where}: {error}", hint
        ) from None
    if at > now + timedelta(days=1):  # a date means its end, so that today's is ahead
        raise InputError(f"{where}: {format_moment(at, at.tzinfo)} is in the future", "work that is here has come")
    return min(at, now)


def note_arrival(works: Iterable[Work], arrival: Arrival, course: Course, now: datetime) -> list[Work]:
    """Return the works with when they came, where that matters: where lateness costs something.

    Raises:
        InputError: it is not known of some, and they may have been late; or the LMS says that some were.
    """
    noted, unknown = [], []
    _refuse_marked(works := list(works), arrival)
    for work in works:
        told = work.submitted_at or arrival.times.get(work.student)
        at = told or _find_stated(work.assignment, arrival, course, now)
        if at is None and _may_cost(work.assignment, course, now):
            unknown.append(work)
        # That it was on time does not say after what it came.
        in_order = told is not None or (at is not None and arrival.stated != ON_TIME)
        noted.append(replace(work, submitted_at=at, in_order=in_order))
    if unknown:
        names = list_names(sorted({work.student for work in unknown}), 5)
        assignments = sorted({work.assignment.id for work in unknown})
        raise InputError(
            f"{', '.join(assignments)} was due before now, and nothing says when this work came: {names}",
            "--came on-time, --came now, --came 2026-11-30T18:05, or --times FILE (columns id and time) says so",
        )
    return noted


def _refuse_marked(works: Sequence[Work], arrival: Arrival) -> None:
    """Refuse to take work as on time that the LMS marks as late."""
    marked = [work.student for work in works if work.marked_late and work.student not in arrival.times]
    if arrival.stated == ON_TIME and marked:
        names = list_names(sorted(marked), 5)
        hint = "--times FILE (columns id and time) says when each came; --came on-time holds for the others then"
        raise InputError(f"not all of this came on time: the LMS marks as late what is of {names}", hint)


def _find_stated(assignment: Assignment, arrival: Arrival, course: Course, now: datetime) -> datetime | None:
    if arrival.stated == ON_TIME:
        due = course.due_of(assignment)
        return now if due is None else min(due, now)
    return now if arrival.stated == NOW else arrival.stated if isinstance(arrival.stated, datetime) else None


def _may_cost(assignment: Assignment, course: Course, now: datetime) -> bool:
    """Would work that came now lose anything?"""
    late, due = course.policy_of(assignment).late, course.due_of(assignment)
    return due is not None and now > due and (late.penalty is not None or late.cut_off is not None)
