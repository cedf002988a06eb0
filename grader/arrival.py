"""When work came that an instructor takes in: told by the LMS, by a file, or by the instructor; never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.display import list_names
from grader.errors import InputError
from grader.policy import Due, parse_due
from grader.recording import Work
from grader.roster import read_table
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


def parse_arrival(text: str, course: Course) -> str | datetime:
    """Return what ``--came`` says: ``on-time``, ``now``, or a moment, written like a due date.

    Raises:
        InputError: it is none of these.
    """
    return text if text in (ON_TIME, NOW) else _resolve(text, course.time_zone, f"--came {text!r}")


def read_times(path: Path, course: Course) -> dict[str, datetime]:
    """Read a CSV file that says when each student's work came: columns ``id`` and ``time``.

    Raises:
        InputError: it cannot be read, or a time makes no sense; the message names the line.
    """
    where, header, rows = read_table(path)
    if missing := [name for name in ("id", "time") if name not in header]:
        raise InputError(
            f"{where}:1: no column {missing[0]!r}", "the columns are id and time, such as 2026-11-30T18:05"
        )
    times: dict[str, datetime] = {}
    for line, row in rows:
        if row["id"] in times:
            raise InputError(f"{where}:{line}: {row['id']!r} is there twice", "keep one of them")
        times[row["id"]] = _resolve(row["time"], course.time_zone, f"{where}:{line}")
    return times


def _resolve(text: str, zone: ZoneInfo | None, where: str) -> datetime:
    try:
        due: Due = parse_due(text)
        return due.resolve(zone)
    except ValueError as error:
        hint = "write 2026-11-30T18:05+01:00, or without +01:00 where course.yaml has a time_zone"
        raise InputError(
            f"{where}: a time {error}" if str(error).startswith("must") else f"{where}: {error}", hint
        ) from None


def note_arrival(works: Iterable[Work], arrival: Arrival, course: Course, now: datetime) -> list[Work]:
    """Return the works with when they came, where that matters: where lateness costs something.

    Raises:
        InputError: it is not known of some, and they may have been late.
    """
    noted, unknown = [], []
    for work in works:
        at = work.submitted_at or arrival.times.get(work.student) or _find_stated(work.assignment, arrival, course, now)
        if at is None and _may_cost(work.assignment, course, now):
            unknown.append(work)
        noted.append(replace(work, submitted_at=at))
    if unknown:
        names = list_names(sorted({work.student for work in unknown}), 5)
        assignments = sorted({work.assignment.id for work in unknown})
        raise InputError(
            f"{', '.join(assignments)} was due before now, and nothing says when this work came: {names}",
            "--came on-time, --came now, --came 2026-11-30T18:05, or --times FILE (columns id and time) says so",
        )
    return noted


def _find_stated(assignment: Assignment, arrival: Arrival, course: Course, now: datetime) -> datetime | None:
    if arrival.stated == ON_TIME:
        due = course.due_of(assignment)
        return now if due is None else min(due, now)
    return now if arrival.stated == NOW else arrival.stated if isinstance(arrival.stated, datetime) else None


def _may_cost(assignment: Assignment, course: Course, now: datetime) -> bool:
    """Would work that came now lose anything?"""
    late, due = course.policy_of(assignment).late, course.due_of(assignment)
    return due is not None and now > due and (late.penalty is not None or late.cut_off is not None)
