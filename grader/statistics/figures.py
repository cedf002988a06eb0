"""How many pass each check, and how the scores spread. Exact; nothing is rounded here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from grader.results import Outcome, Visibility
from grader.scoring import CheckGrade, Grade, QuestionGrade, Status

BINS = 10
Word = TypeVar("Word", Outcome, Status)
DECIDED = (Outcome.PASSED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED)


@dataclass(frozen=True, slots=True)
class Bin:
    """How many scores lie from ``low`` up to, but not at, ``high``; the last bin of a list holds ``high`` too."""

    low: Fraction
    high: Fraction
    count: int


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """How a class did on one check.

    ``outcomes`` counts the submissions by outcome, those whose check is deferred apart in ``deferred``. ``decided``
    leaves out what says nothing of the student: checks that broke, were not run, or wait for a device.
    """

    question: str
    id: str
    title: str
    visibility: Visibility
    points: Fraction
    bonus: bool
    outcomes: Mapping[Outcome, int]
    deferred: int

    @property
    def decided(self) -> int:
        """How many passed, failed, timed out or crashed."""
        return sum(self.outcomes[outcome] for outcome in DECIDED)

    @property
    def passed(self) -> int:
        """How many passed."""
        return self.outcomes[Outcome.PASSED]

    @property
    def pass_rate(self) -> Fraction | None:
        """The share of the decided checks that passed, from 0 to 1; None where none is decided."""
        return Fraction(self.passed, self.decided) if self.decided else None


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """How a class did on one question. ``mean`` is that of the graded and the unanswered, who have earned nothing.

    ``unreadable`` of the unanswered wrote something that could not be understood.
    """

    id: str
    kind: str
    title: str
    points: Fraction
    statuses: Mapping[Status, int]
    full: int
    mean: Fraction | None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class AssignmentFigures:
    """How a class did on one assignment.

    ``statuses`` counts every grade; ``ungraded`` the submissions that have none yet. The mean, the median and the
    other scores are those of the ``graded`` alone: a score that waits for a person or for us is not a score yet.
    Bonus points are left out. ``waiting`` counts the graded whose score may still rise, since points are deferred.
    """

    submitted: int
    ungraded: int
    statuses: Mapping[Status, int]
    waiting: int
    mean: Fraction | None
    median: Fraction | None
    lowest: Fraction | None
    highest: Fraction | None
    full: int
    bins: tuple[Bin, ...]
    checks: tuple[CheckFigures, ...]
    questions: tuple[QuestionFigures, ...]

    @property
    def graded(self) -> int:
        """How many grades are final as far as people and we are concerned."""
        return self.statuses[Status.GRADED]


def assignment_figures(points: Fraction, grades: Sequence[Grade | None]) -> AssignmentFigures:
    """Return an assignment's figures, worth ``points``: of the grade that counts of each student (None: none yet)."""
    known = [grade for grade in grades if grade is not None]
    graded = [grade for grade in known if grade.status is Status.GRADED]
    scores = sorted(grade.score for grade in graded)
    return AssignmentFigures(
        submitted=len(grades),
        ungraded=len(grades) - len(known),
        statuses=_count(Status, [grade.status for grade in known]),
        waiting=sum(grade.deferred > 0 for grade in graded),
        mean=mean(scores),
        median=median(scores),
        lowest=scores[0] if scores else None,
        highest=scores[-1] if scores else None,
        full=sum(grade.score >= grade.points for grade in graded),
        bins=score_bins(points, scores),
        checks=check_figures(known),
        questions=question_figures(known),
    )


def check_figures(grades: Sequence[Grade]) -> tuple[CheckFigures, ...]:
    """Return the figures of every check, in the order in which they first appear; titles are those seen last."""
    found: dict[tuple[str, str], list[CheckGrade]] = {}
    for grade in grades:
        for question in grade.questions:
            for check in question.checks:
                found.setdefault((question.id, check.id), []).append(check)
    return tuple(_check_figures(question, checks) for (question, _), checks in found.items())


def question_figures(grades: Sequence[Grade]) -> tuple[QuestionFigures, ...]:
    """Return the figures of every question, in the order in which they first appear; titles are those seen last."""
    found: dict[str, list[QuestionGrade]] = {}
    for grade in grades:
        for question in grade.questions:
            found.setdefault(question.id, []).append(question)
    return tuple(_question_figures(questions) for questions in found.values())


def score_bins(points: Fraction, scores: Sequence[Fraction], count: int = BINS) -> tuple[Bin, ...]:
    """Return ``count`` bins of equal width from 0 to ``points``; no bins where there are no points to earn.

    Scores outside (the assignment was worth something else then) go to the nearest bin: no score is lost.
    """
    if points <= 0:
        return ()
    width = points / count
    return tuple(
        Bin(width * place, width * (place + 1), counted)
        for place, counted in enumerate(count_bins([score / points for score in scores], count))
    )


def count_bins(shares: Sequence[Fraction], count: int = BINS) -> tuple[int, ...]:
    """Return how many shares, from 0 to 1, lie in each of ``count`` bins of equal width; see ``score_bins``."""
    places = Counter(min(max(math.floor(share * count), 0), count - 1) for share in shares)
    return tuple(places[place] for place in range(count))


def mean(values: Sequence[Fraction]) -> Fraction | None:
    """Return the exact mean, or None of nothing."""
    return sum(values, Fraction(0)) / len(values) if values else None


def median(values: Sequence[Fraction]) -> Fraction | None:
    """Return the exact median, halfway between the middle two of an even number; None of nothing."""
    if not values:
        return None
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def quantile(values: Sequence[Fraction], share: Fraction) -> Fraction:
    """Return the exact quantile, interpolated between the two nearest values.

    With n values it lies at the place (n - 1) times ``share``, counted from 0: definition 7 of R. J. Hyndman and
    Y. Fan, The American Statistician 50 (1996) 361-365, which numpy and spreadsheets use, too.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _check_figures(question: str, checks: Sequence[CheckGrade]) -> CheckFigures:
    latest = checks[-1]
    return CheckFigures(
        question=question,
        id=latest.id,
        title=latest.title,
        visibility=latest.visibility,
        points=latest.points,
        bonus=latest.bonus,
        outcomes=_count(Outcome, [check.outcome for check in checks if not check.deferred]),
        deferred=sum(check.deferred for check in checks),
    )


def _question_figures(questions: Sequence[QuestionGrade]) -> QuestionFigures:
    latest = questions[-1]
    settled = [question for question in questions if question.status in (Status.GRADED, Status.UNANSWERED)]
    return QuestionFigures(
        id=latest.id,
        kind=latest.kind,
        title=latest.title,
        points=latest.points,
        statuses=_count(Status, [question.status for question in questions]),
        full=sum(question.score >= question.points for question in settled),
        mean=mean([question.score for question in settled]),
        unreadable=sum(question.unreadable for question in questions),
    )


def _count(words: type[Word], seen: Sequence[Word]) -> dict[Word, int]:
    counted = Counter(seen)
    return {word: counted[word] for word in words}
