"""How many attempts, and how much time, students need until their first full marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from grader.scoring import Attempt, Status
from grader.statistics.figures import quantile

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Success:
    """A student's first full marks: the how-manieth attempt, from 1, and how many hours after the first one."""

    attempts: int
    hours: Fraction


@dataclass(frozen=True, slots=True)
class Spread:
    """The median, and the quartiles between which the middle half lies."""

    low: Fraction
    median: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class SuccessFigures:
    """How ``tried`` students came to full marks: ``reached`` did, the others (``never``) not so far.

    ``attempts`` and ``hours`` are of those who did, None where nobody did. ``by_attempts`` counts them by attempts.
    """

    tried: int
    reached: int
    attempts: Spread | None
    hours: Spread | None
    by_attempts: dict[int, int]

    @property
    def never(self) -> int:
        """How many have not had full marks so far."""
        return self.tried - self.reached


def find_success(attempts: Sequence[Attempt]) -> Success | None:
    """Return a student's first full marks, None where there were none; ``attempts`` come the oldest first.

    Late or not, and beyond a limit or not: it is about learning. An attempt that a fault of ours spoilt is not counted.
    Points that wait for a device say nothing yet, so they are not missed.
    """
    number = 0
    for attempt in attempts:
        number += attempt.is_charged
        grade = attempt.grade
        if grade is not None and grade.status is Status.GRADED and grade.score >= grade.points - grade.deferred > 0:
            passed = attempt.submitted_at - attempts[0].submitted_at
            return Success(max(number, 1), Fraction(passed // timedelta(seconds=1), HOUR // timedelta(seconds=1)))
    return None


def success_figures(students: Sequence[Sequence[Attempt]]) -> SuccessFigures:
    """Return the figures of a class, of each student's attempts, the oldest first."""
    tried = [attempts for attempts in students if attempts]
    found = [success for attempts in tried if (success := find_success(attempts)) is not None]
    counts = [success.attempts for success in found]
    return SuccessFigures(
        tried=len(tried),
        reached=len(found),
        attempts=_spread([Fraction(count) for count in counts]),
        hours=_spread([success.hours for success in found]),
        by_attempts={count: counts.count(count) for count in sorted(set(counts))},
    )


def _spread(values: Sequence[Fraction]) -> Spread | None:
    if not values:
        return None
    low, middle, high = (quantile(values, Fraction(part, 4)) for part in (1, 2, 3))
    return Spread(low, middle, high)
