"""Submissions by day of the course's calendar."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from grader.class_report.content import ClassReport


@dataclass(slots=True)
class Day:
    """What came on one day: how many submissions by the assignments' ids, and how many of all were ``late``."""

    by_assignment: Counter[str] = field(default_factory=Counter)
    late: int = 0

    @property
    def all(self) -> int:
        """How many submissions came."""
        return self.by_assignment.total()

    @property
    def on_time(self) -> int:
        """How many of them were not late."""
        return self.all - self.late


def day_of(moment: datetime, zone: tzinfo | None) -> date:
    """Return the day of the course's calendar on which a moment is."""
    return moment.astimezone(zone or UTC).date()


def format_day(day: date) -> str:
    """Return a day as moments are written, without the time: ``Sat 10 Oct 2026``."""
    return f"{day:%a %d %b %Y}"


def count_days(report: ClassReport) -> dict[date, Day]:
    """Return how many submissions came on each day on which any came, the first day first.

    One for a group counts for each of its students, as attempts do everywhere. What is late is so for its student:
    an extension counts.
    """
    days: dict[date, Day] = {}
    for assignment in report.assignments:
        for cell in assignment.cells.values():
            for attempt in cell.attempts:
                day = days.setdefault(day_of(attempt.submitted_at, report.zone), Day())
                day.by_assignment[assignment.id] += 1
                day.late += attempt.late > timedelta(0)
    return dict(sorted(days.items()))
