"""Which of a student's submissions count as attempts, and when the next one may come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from grader.language import _, plural
from grader.policy import AttemptPolicy, format_duration
from grader.roster import Roster
from grader.scoring.grades import Grade, Status
from grader.spec import Assignment


@dataclass(frozen=True, slots=True)
class Attempt:
    """A submission to an assignment, and its newest grade; None while it has none.

    ``excused`` says that a fault of ours once made it pending. It uses up no attempt then, even when it has been
    graded since: who handed in again meanwhile would otherwise lose the later attempt by that. ``student`` handed it
    in, where it may have been another one of the group. ``order`` tells apart what came at the same moment.
    """

    submission: str
    submitted_at: datetime
    grade: Grade | None = None
    excused: bool = False
    student: str | None = None
    order: int = 0

    @property
    def is_charged(self) -> bool:
        """Does it count towards the limit, and start a cooldown? A fault of ours costs nobody an attempt."""
        pending = self.grade is not None and self.grade.status is Status.PENDING
        return not (self.excused or pending)


@dataclass(frozen=True, slots=True)
class Standing:
    """An attempt, its number in the order in which they came, from 1, and why it does not count, if so."""

    attempt: Attempt
    number: int
    reason: str | None

    @property
    def counts(self) -> bool:
        """May it be the one whose score is the student's?"""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """Whether another attempt would count now.

    ``opens_at`` says from when on one will, where there is anything to wait for; ``reason`` why none does now.
    ``used`` attempts of ``limit`` (None: as many as one likes) are used up.
    """

    is_open: bool
    used: int
    limit: int | None = None
    opens_at: datetime | None = None
    reason: str | None = None


def judge_attempts(attempts: Iterable[Attempt], policy: AttemptPolicy) -> tuple[Standing, ...]:
    """Return how each submission stands, the oldest first, whatever their order was.

    Those beyond the limit, or inside the cooldown after an attempt, do not count. They start no cooldown either.
    """
    standings: list[Standing] = []
    used: list[Attempt] = []
    for number, attempt in enumerate(_in_order(attempts), start=1):
        reason = None
        if policy.limit is not None and len(used) >= policy.limit:
            reason = _("beyond the limit of {limit}", limit=policy.limit)
        elif used and attempt.submitted_at.astimezone(UTC) < _end_of_cooldown(used[-1], policy):
            length = format_duration(policy.cooldown or timedelta())
            reason = _("inside the cooldown of {length}", length=length)
        elif attempt.is_charged:
            used.append(attempt)
        standings.append(Standing(attempt, number, reason))
    return tuple(standings)


def counting_attempts(attempts: Iterable[Attempt], policy: AttemptPolicy) -> tuple[Attempt, ...]:
    """Return the submissions that count, the oldest first: within the limit, and outside of cooldowns."""
    return tuple(standing.attempt for standing in judge_attempts(attempts, policy) if standing.counts)


def count_used(attempts: Iterable[Attempt], policy: AttemptPolicy) -> int:
    """Return how many attempts are used up."""
    return sum(attempt.is_charged for attempt in counting_attempts(attempts, policy))


def find_next_attempt(attempts: Iterable[Attempt], policy: AttemptPolicy, now: datetime) -> NextAttempt:
    """Say whether a submission at ``now`` would count as an attempt, and if not, when one will.

    It is the rule of ``counting_attempts``, asked beforehand; when work is due plays no part in it.
    """
    used = [attempt for attempt in counting_attempts(attempts, policy) if attempt.is_charged]
    if policy.limit is not None and len(used) >= policy.limit:
        reason = plural("{number} attempt is used up", "all {number} attempts are used up", policy.limit)
        if policy.limit == 1:
            reason = _("the only attempt is used up")
        return NextAttempt(False, len(used), policy.limit, reason=reason)
    if used and policy.cooldown and now < (opens_at := _end_of_cooldown(used[-1], policy)):
        wait = format_duration(opens_at - now.astimezone(UTC))
        reason = _("the next attempt opens in {wait}", wait=wait)
        return NextAttempt(False, len(used), policy.limit, opens_at, reason)
    return NextAttempt(True, len(used), policy.limit)


def find_teammates(assignment: Assignment, student: str, roster: Roster) -> tuple[str, ...]:
    """Return whose submissions count for a student: with ``groups`` the whole group's, else the student's own."""
    groups = {one.id: one.group for one in roster.students}
    own = groups.get(student)
    if not assignment.groups or not own:
        return (student,)
    return tuple(sorted({student, *(name for name, group in groups.items() if group == own)}))


def _in_order(attempts: Iterable[Attempt]) -> Sequence[Attempt]:
    return sorted(attempts, key=_place)


def _place(attempt: Attempt) -> tuple[datetime, int, str]:
    return attempt.submitted_at.astimezone(UTC), attempt.order, attempt.submission


def _end_of_cooldown(attempt: Attempt, policy: AttemptPolicy) -> datetime:
    return attempt.submitted_at.astimezone(UTC) + (policy.cooldown or timedelta())
