"""What is different between two grades of one submission, check by check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from grader.scoring import CheckGrade, Grade, QuestionGrade, Status


class Trend(StrEnum):
    """Where a score goes when a submission is graded again."""

    SAME = "same"
    RISES = "rises"
    FALLS = "falls"
    NEW = "new"  # there was no grade that counts
    PENDING = "pending"  # a fault of ours: there is no new score


@dataclass(frozen=True, slots=True)
class Side:
    """What one of two grades says of a check or a question: how it ended, and what it earned of what it is worth."""

    ended: str
    score: Fraction
    points: Fraction
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A check, or a question without checks, that two grades tell apart. None: one of them does not have it."""

    question: str
    check: str | None
    title: str
    before: Side | None
    after: Side | None


def compare_grades(before: Grade, after: Grade) -> tuple[Difference, ...]:
    """Return what two grades of one submission tell apart, in the order of the later one; what is gone comes last.

    Whatever a report shows of a check counts: its outcome, points and message. The environment does not; see
    ``compare_environments``.
    """
    first, second = _sides(before), _sides(after)
    found = []
    for key in [*second, *(key for key in first if key not in second)]:
        old, new = first.get(key), second.get(key)
        if old != new:
            title = next(title for title, _ in filter(None, (new, old)))
            found.append(Difference(*key, title, old and old[1], new and new[1]))
    return tuple(found)


def compare_environments(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what two environments tell apart: versions, devices, isolation; each as it was and as it is."""
    return {
        name: (before.get(name, ""), after.get(name, ""))
        for name in sorted({*before, *after})
        if before.get(name, "") != after.get(name, "")
    }


def tell_trend(before: Grade | None, after: Grade) -> Trend:
    """Return where the score goes. Bonus points count: who loses one has lost it."""
    if after.status is Status.PENDING:
        return Trend.PENDING
    if before is None or before.status is Status.PENDING:
        return Trend.NEW
    earned = [(grade.score + grade.bonus) for grade in (before, after)]
    return Trend.SAME if earned[0] == earned[1] else Trend.FALLS if earned[0] > earned[1] else Trend.RISES


def _sides(grade: Grade) -> dict[tuple[str, str | None], tuple[str, Side]]:
    return {key: (title, side) for key, title, side in _list_sides(grade)}


def _list_sides(grade: Grade) -> Iterator[tuple[tuple[str, str | None], str, Side]]:
    for question in grade.questions:
        if not question.checks:
            yield (question.id, None), question.title, _side_of_question(question)
        for check in question.checks:
            yield (question.id, check.id), check.title, _side_of_check(check)


def _side_of_question(question: QuestionGrade) -> Side:
    return Side(str(question.status), question.score, question.points, question.message)


def _side_of_check(check: CheckGrade) -> Side:
    ended = "deferred" if check.deferred else str(check.outcome)
    return Side(ended, check.score, check.points, check.message)
