"""When a student's work is due, how late it is, and what that costs. Exact: no moment and no amount is rounded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from grader.decisions import Extension
from grader.policy import LatePolicy
from grader.roster import split_sections
from grader.scoring.grades import ZERO

ON_TIME = timedelta()


def due_date(
    due: datetime | None,
    extensions: Iterable[Extension],
    assignment: str,
    student: str,
    section: str | None = None,
) -> datetime | None:
    """Return when an assignment is due for a student, or None where it never is.

    Of the due date and the extensions that concern the student the latest counts, so an extension never makes
    anything due earlier. One that is taken back takes with it what was given before to the same student, the same
    section or everybody, and nothing else.
    """
    if due is None:
        return None
    sections = split_sections(section)
    given: dict[tuple[str | None, str | None], list[datetime]] = {}
    for extension in sorted(extensions, key=lambda extension: extension.at):
        own = extension.student in (None, student) and extension.section in (None, *sections)
        if extension.assignment != assignment or not own:
            continue
        whom = (extension.student, extension.section)
        given[whom] = [] if extension.due is None else [*given.get(whom, []), extension.due]
    # In UTC: two moments of one zone are compared by their clocks, which go back once a year.
    return max([due, *(moment for moments in given.values() for moment in moments)], key=_in_utc)


def measure_lateness(submitted_at: datetime, due: datetime | None) -> timedelta:
    """Return by how much work came after its due date; nothing where it is on time, or never due."""
    return ON_TIME if due is None else max(ON_TIME, _in_utc(submitted_at) - _in_utc(due))


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def is_cut_off(lateness: timedelta, policy: LatePolicy) -> bool:
    """Say whether work came so late that it earns nothing."""
    return lateness > ON_TIME and policy.cut_off is not None and lateness > policy.cut_off


def count_units(lateness: timedelta, policy: LatePolicy) -> int:
    """Return how many days or hours of lateness are paid for.

    Every started one counts, and from the due date on: past the grace, the grace is paid for, too.
    """
    if policy.penalty is None or lateness <= (policy.grace or ON_TIME):
        return 0
    return -(-lateness // policy.penalty.length)


def penalise(score: Fraction, points: Fraction, lateness: timedelta, policy: LatePolicy) -> Fraction:
    """Return what is left of a score, of so many points, after so much lateness.

    Each unit takes its share of the points that can be earned, and not of the score: it costs a good and a bad answer
    the same. The penalty alone never takes more than leaves the policy's floor, a share of the score; after the
    cut-off nothing is left. Bonus points are penalised by the same rule as if they were a score of their own, of the
    bonus points that can be earned: so the bonus of work that earns no other points pays, too.
    """
    if is_cut_off(lateness, policy):
        return ZERO
    units = count_units(lateness, policy)
    if policy.penalty is None or not units:
        return score
    return max(score - units * policy.penalty.share * points, score * (policy.floor or ZERO))
