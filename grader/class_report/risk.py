"""Students who may need a hand, and why, in words. It is a reason to ask, not a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from grader.display import clean_line, format_moment, format_percent, list_names
from grader.policy import format_duration
from grader.results import Outcome
from grader.scoring import Attempt, CheckGrade, Status
from grader.settlement import Settled
from grader.spec import Assignment
from grader.statistics import DECIDED

NEAR = timedelta(days=2)  # so long before it is due, nothing handed in is worth a word
FALLING = 3  # scores in a row, each lower than the one before …
FALL = Fraction(1, 5)  # … by at least this share of the points from the first to the last
STUCK = 3  # attempts in a row that fail the same check
RECENT = timedelta(days=7)  # since it was due: so long being stuck on it is worth a word
# How much a reason weighs beside the others. What was due is lost already, and scores that fall are about more than one
# assignment; being stuck, and what is soon due, can still turn out well.
MISSED_WEIGHT, FALLING_WEIGHT, STUCK_WEIGHT, SOON_WEIGHT = 2, 2, 1, 1


class RiskKind(StrEnum):
    """What makes somebody worth asking after."""

    MISSING = "missing"
    FALLING = "falling"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Risk:
    """One reason, in words. ``weight`` says how much it matters beside others; each missed assignment adds to it."""

    kind: RiskKind
    words: str
    weight: int


@dataclass(frozen=True, slots=True)
class StudentWork:
    """What a student did in one assignment."""

    assignment: Assignment
    settled: Settled

    @property
    def title(self) -> str:
        """The assignment's title, to be shown."""
        return clean_line(self.assignment.title)


def find_risks(works: Sequence[StudentWork], now: datetime, zone: tzinfo | None = None) -> tuple[Risk, ...]:
    """Return the reasons to ask after a student, the strongest first; ``works`` are one for each assignment, in order.

    - missing: nothing is handed in although it was due, or will be within NEAR, for this student;
    - falling: the last FALLING settled scores, as shares of the points, fall each time, and by FALL in all;
    - stuck: the newest STUCK attempts or more fail the same check of an assignment that has no due date, is not due
      yet, or was within RECENT. What was due long ago can no longer be changed.
    """
    found = (*_find_missing(works, now, zone), *_find_falling(works), *_find_stuck(works, now))
    return tuple(sorted(found, key=lambda risk: -risk.weight))


def _find_missing(works: Sequence[StudentWork], now: datetime, zone: tzinfo | None) -> Iterator[Risk]:
    dues = [(work, due) for work in works if (due := work.settled.final.due) is not None]
    missing = [(work, due) for work, due in dues if not work.settled.attempts and work.settled.final.override is None]
    past = [work.title for work, due in missing if due <= now]
    if past:
        of = sum(due <= now for _, due in dues)
        told = f"{past[0]}, which was due" if len(past) == of == 1 else f"{len(past)} of {of} that were due"
        names = "" if len(past) == of == 1 else f": {list_names(past, 4)}"
        yield Risk(RiskKind.MISSING, f"Nothing handed in for {told}{names}.", MISSED_WEIGHT * len(past))
    for work, due in missing:
        if now < due <= now + NEAR:
            left = format_duration(timedelta(minutes=(due - now) // timedelta(minutes=1)))
            words = f"Nothing handed in yet for {work.title}, due in {left} ({format_moment(due, zone)})."
            yield Risk(RiskKind.MISSING, words, SOON_WEIGHT)


def _find_falling(works: Sequence[StudentWork]) -> Iterator[Risk]:
    finals = [work.settled.final for work in works]
    shares = [one.score / one.points for one in finals if one.status is Status.GRADED and one.points > 0][-FALLING:]
    if len(shares) < FALLING or shares[0] - shares[-1] < FALL:
        return
    if all(later < before for before, later in pairwise(shares)):
        row = ", ".join(map(format_percent, shares))
        yield Risk(RiskKind.FALLING, f"Scores fall: {row} of the points in the last {FALLING} graded.", FALLING_WEIGHT)


def _find_stuck(works: Sequence[StudentWork], now: datetime) -> Iterator[Risk]:
    for work in works:
        due = work.settled.final.due
        runs = _count_failures(work.settled.attempts) if due is None or now - due <= RECENT else []
        if not runs:
            continue
        title, most = max(runs, key=lambda run: run[1])
        more = f", and on {len(runs) - 1} more" if len(runs) > 1 else ""
        words = f"Stuck on “{title}” of {work.title}: {most} attempts in a row failed it{more}."
        yield Risk(RiskKind.STUCK, words, STUCK_WEIGHT)


def _count_failures(attempts: Sequence[Attempt]) -> list[tuple[str, int]]:
    """Return the titles of the checks that at least the newest STUCK attempts failed, and how many did."""
    graded = [attempt.grade for attempt in attempts if attempt.grade is not None][::-1]
    if len(graded) < STUCK:
        return []
    checks = [
        {(question.id, one.id): one for question in grade.questions for one in question.checks} for grade in graded
    ]
    found = []
    for key, newest in checks[0].items():
        run = next((place for place, own in enumerate(checks) if not _fails(own.get(key))), len(checks))
        if run >= STUCK and not newest.bonus:
            found.append((clean_line(newest.title.rstrip(".")), run))
    return found


def _fails(check: CheckGrade | None) -> bool:
    return check is not None and not check.deferred and check.outcome in DECIDED and check.outcome is not Outcome.PASSED
