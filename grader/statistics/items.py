"""Item analysis: how hard each check and each quiz question was, and how well it tells strong students from weak ones.

An item is what is scored by itself. What says nothing of the student is missing: what broke, was not run, is deferred,
or waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from grader.results import Outcome, Visibility
from grader.scoring import CheckGrade, Grade, QuestionGrade, Status
from grader.statistics.figures import DECIDED, mean
from grader.statistics.reliability import (
    Floats,
    alpha_without,
    correlation,
    cronbach_alpha,
    item_rest_correlation,
    upper_lower,
)

FEW = 10  # with fewer students correlations are noise: there are none
ROUGH = 30  # with fewer they are shown, and called rough

Share = Fraction | None


@dataclass(frozen=True, slots=True)
class Item:
    """A check (its id in ``check``), or a quiz question.

    ``shares`` has for each submission what it earned of the item, from 0 to 1; None where that says nothing of the
    student. ``points`` is what the item adds to the score: a bonus check adds nothing.
    """

    question: str
    check: str | None
    kind: str
    title: str
    points: Fraction
    shares: tuple[Share, ...]
    bonus: bool = False
    visibility: Visibility | None = None

    @property
    def weight(self) -> Fraction:
        """What it counts in the score that the statistics are about."""
        return Fraction(0) if self.bonus else self.points


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """How a class did on one item.

    ``known`` submissions say something of it. ``difficulty`` is the mean share earned, from 0 to 1: high is easy.
    ``discrimination`` is the corrected item-total correlation, ``upper_lower`` the index D; ``alpha_without`` is the
    alpha of all the other items. ``alone`` counts the submissions that failed this check and no other of its question:
    None of a quiz question, and of a check that is its question's only one.
    """

    item: Item
    known: int
    difficulty: Fraction | None
    discrimination: float | None = None
    upper_lower: float | None = None
    alpha_without: float | None = None
    alone: int | None = None

    @property
    def is_constant(self) -> bool:
        """Does it tell nobody apart: does everybody pass, or nobody?"""
        return self.known > 0 and self.difficulty in (0, 1)

    @property
    def never_decides(self) -> bool:
        """Do some fail it, but never as the only check of its question?"""
        return self.alone == 0 and self.difficulty not in (None, 1)


@dataclass(frozen=True, slots=True)
class ItemAnalysis:
    """The items of an assignment. ``complete`` students have every item that ``alpha`` and the correlations rest on.

    ``alpha`` is Cronbach's; None with fewer than FEW students, or where it cannot be worked out.
    """

    items: tuple[ItemFigures, ...]
    complete: int
    alpha: float | None
    left_out: tuple[Item, ...] = ()
    totals: Mapping[int, float] = field(default_factory=dict)  # by the place of the submission, for choices

    @property
    def has_few(self) -> bool:
        """Are there too few students for correlations?"""
        return self.complete < FEW

    @property
    def is_rough(self) -> bool:
        """Are there so few students that figures may change much with a few more?"""
        return FEW <= self.complete < ROUGH


@dataclass(frozen=True, slots=True)
class ChoiceFigures:
    """How often one choice was picked, of ``answered``, and how that goes with the rest of the score.

    ``discrimination`` should be above 0 for what is right, and below for a distractor; see ``ItemFigures``.
    """

    letter: str
    picked: int
    answered: int
    discrimination: float | None

    @property
    def share(self) -> Fraction | None:
        """The share of the answers with this choice."""
        return Fraction(self.picked, self.answered) if self.answered else None


def find_items(grades: Sequence[Grade]) -> tuple[Item, ...]:
    """Return the items in the order in which they first appear; titles are those seen last."""
    places: dict[tuple[str, str | None], dict[int, CheckGrade | QuestionGrade]] = {}
    kinds: dict[str, str] = {}
    for place, grade in enumerate(grades):
        for question in grade.questions:
            kinds[question.id] = question.kind
            if question.kind != "code":
                places.setdefault((question.id, None), {})[place] = question
            for check in question.checks:
                places.setdefault((question.id, check.id), {})[place] = check
    return tuple(_make_item(key, kinds[key[0]], seen, len(grades)) for key, seen in places.items())


def analyse_items(grades: Sequence[Grade]) -> ItemAnalysis:
    """Return the item analysis of a class: of the grade that counts of each student.

    Alpha and correlations rest on the students who have every item, once those that fewer than half of the students
    have are left out (what is deferred for everybody, say). Bonus checks are no part of alpha or the score.
    """
    items = find_items(grades)
    kept = [item for item in items if 2 * _count_known(item) >= len(grades) > 0]
    rows = [place for place in range(len(grades)) if all(item.shares[place] is not None for item in kept)]
    counted = [item for item in kept if item.weight]
    scores = _matrix(counted, rows) * np.array([float(item.weight) for item in counted])
    totals = scores.sum(axis=1)
    enough = len(rows) >= FEW
    without = alpha_without(scores) if enough else [None] * len(counted)
    alone = _count_alone(items)
    found = []
    for item in items:
        own = ItemFigures(item, _count_known(item), _difficulty(item), alone=alone.get((item.question, item.check)))
        if enough and item in kept:
            own = _correlate(own, scores, totals, counted, rows, without)
        found.append(own)
    return ItemAnalysis(
        items=tuple(found),
        complete=len(rows),
        alpha=cronbach_alpha(scores) if enough else None,
        left_out=tuple(item for item in items if item not in kept),
        totals=dict(zip(rows, totals.tolist(), strict=True)),
    )


def choice_figures(
    grades: Sequence[Grade], question: str, letters: Iterable[str], analysis: ItemAnalysis
) -> tuple[ChoiceFigures, ...]:
    """Return the figures of a question's choices, by their letters. ``analysis`` is that of the same grades."""
    answers = {
        place: set((found.answer or "").split(", "))
        for place, grade in enumerate(grades)
        for found in grade.questions
        if found.id == question and found.status is Status.GRADED and found.answer is not None
    }
    item = next((one.item for one in analysis.items if one.item.question == question), None)
    rows = [place for place in answers if place in analysis.totals]
    rest = np.array([analysis.totals[place] - _earned(item, place) for place in rows])
    figures = []
    for letter in letters:
        picks = np.array([float(letter in answers[place]) for place in rows])
        told = correlation(picks, rest) if len(rows) >= FEW else None
        picked = sum(letter in answer for answer in answers.values())
        figures.append(ChoiceFigures(letter, picked, len(answers), told))
    return tuple(figures)


def _make_item(
    key: tuple[str, str | None], kind: str, seen: Mapping[int, CheckGrade | QuestionGrade], count: int
) -> Item:
    latest = seen[max(seen)]
    shares: list[Share] = [None] * count
    for place, one in seen.items():
        shares[place] = _share_of_check(one) if isinstance(one, CheckGrade) else _share_of_question(one)
    bonus = isinstance(latest, CheckGrade) and latest.bonus
    visibility = latest.visibility if isinstance(latest, CheckGrade) else None
    return Item(*key, kind, latest.title, latest.points, tuple(shares), bonus, visibility)


def _share_of_check(check: CheckGrade) -> Share:
    if check.deferred or check.outcome not in DECIDED:
        return None
    return Fraction(check.outcome is Outcome.PASSED)


def _share_of_question(question: QuestionGrade) -> Share:
    if question.status not in (Status.GRADED, Status.UNANSWERED) or question.points <= 0:
        return None
    return min(max(question.score / question.points, Fraction(0)), Fraction(1))


def _count_known(item: Item) -> int:
    return sum(share is not None for share in item.shares)


def _difficulty(item: Item) -> Fraction | None:
    return mean([share for share in item.shares if share is not None])


def _earned(item: Item | None, place: int) -> float:
    share = item.shares[place] if item is not None else None
    return 0.0 if item is None or share is None else float(item.weight * share)


def _matrix(items: Sequence[Item], rows: Sequence[int]) -> Floats:
    values = [[float(item.shares[place] or 0) for item in items] for place in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(items))


def _correlate(
    own: ItemFigures,
    scores: Floats,
    totals: Floats,
    counted: Sequence[Item],
    rows: Sequence[int],
    without: Sequence[float | None],
) -> ItemFigures:
    values = _matrix([own.item], rows)[:, 0]
    place = next((place for place, item in enumerate(counted) if item is own.item), None)
    told = correlation(values, totals) if place is None else item_rest_correlation(scores, place)
    return ItemFigures(
        item=own.item,
        known=own.known,
        difficulty=own.difficulty,
        discrimination=told,
        upper_lower=upper_lower(values, totals) if values.any() and not values.all() else None,
        alpha_without=None if place is None else without[place],
        alone=own.alone,
    )


def _count_alone(items: Sequence[Item]) -> dict[tuple[str, str | None], int]:
    """Return how often each check was the only one of its question that a submission failed."""
    questions: dict[str, list[Item]] = {}
    for item in items:
        if item.check is not None:
            questions.setdefault(item.question, []).append(item)
    alone: dict[tuple[str, str | None], int] = {}
    for question, checks in questions.items():
        if len(checks) < 2:
            continue
        counts = dict.fromkeys(range(len(checks)), 0)
        for shares in zip(*(check.shares for check in checks), strict=True):
            failed = [place for place, share in enumerate(shares) if share is not None and share < 1]
            if len(failed) == 1:
                counts[failed[0]] += 1
        alone |= {(question, checks[place].check): count for place, count in counts.items()}
    return alone
