"""Figures of small classes, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.results import Outcome, Visibility
from grader.scoring import CheckGrade, Grade, QuestionGrade, Status
from grader.statistics import assignment_figures, check_figures, mean, median, question_figures, score_bins

HALF = Fraction(1, 2)


def check(outcome: Outcome, *, name: str = "test_value", deferred: bool = False, title: str = "Title") -> CheckGrade:
    score = Fraction(2 if outcome is Outcome.PASSED else 0)
    return CheckGrade(name, title, Visibility.HIDDEN, Fraction(2), score, False, outcome, deferred=deferred)


def grade(
    score: Fraction | int,
    *,
    status: Status = Status.GRADED,
    checks: Sequence[CheckGrade] = (),
    deferred: int = 0,
    question_status: Status = Status.GRADED,
) -> Grade:
    amount = Fraction(score)
    question = QuestionGrade("q", "code", "Q", Fraction(10), amount, status=question_status, checks=tuple(checks))
    return Grade("a", "A", status, amount, Fraction(10), deferred=Fraction(deferred), questions=(question,))


def test_the_mean_and_the_median_are_exact() -> None:
    thirds = [Fraction(1, 3), Fraction(2, 3), Fraction(1)]
    assert mean(thirds) == Fraction(2, 3)
    assert median(thirds) == Fraction(2, 3)
    assert median([Fraction(4), Fraction(1), Fraction(2), Fraction(9)]) == 3
    assert mean([]) is None
    assert median([]) is None


def test_only_graded_scores_count() -> None:
    grades = [
        grade(10),
        grade(4, deferred=2),
        grade(1, status=Status.PENDING),
        grade(2, status=Status.NEEDS_REVIEW),
        None,
    ]
    figures = assignment_figures(Fraction(10), grades)
    assert (figures.submitted, figures.graded, figures.ungraded, figures.waiting) == (5, 2, 1, 1)
    assert figures.statuses[Status.PENDING] == figures.statuses[Status.NEEDS_REVIEW] == 1
    assert [figures.mean, figures.median, figures.lowest, figures.highest] == [7, 7, 4, 10]
    assert figures.full == 1
    assert sum(counted.count for counted in figures.bins) == 2


def test_a_class_without_grades_has_no_scores() -> None:
    figures = assignment_figures(Fraction(10), [None])
    assert (figures.submitted, figures.graded, figures.mean, figures.median) == (1, 0, None, None)
    assert (figures.lowest, figures.highest, figures.checks, figures.questions) == (None, None, (), ())


@pytest.mark.parametrize(
    ("score", "place"),
    [(0, 0), (Fraction(99, 100), 0), (1, 1), (Fraction(9), 9), (10, 9), (11, 9), (-1, 0), (Fraction(29, 10), 2)],
)
def test_each_score_lies_in_its_bin(score: Fraction | int, place: int) -> None:
    bins = score_bins(Fraction(10), [Fraction(score)])
    assert [counted.count for counted in bins] == [int(number == place) for number in range(10)]


def test_bins_cover_the_points_without_a_gap() -> None:
    bins = score_bins(Fraction(1, 3), [])
    assert bins[0].low == 0
    assert bins[-1].high == Fraction(1, 3)
    assert all(left.high == right.low for left, right in pairwise(bins))
    assert score_bins(Fraction(0), [Fraction(0)]) == ()


@settings(deadline=None)
@given(st.lists(st.fractions(min_value=0, max_value=7), max_size=30), st.integers(min_value=1, max_value=20))
def test_bins_count_what_lies_between_their_edges(scores: list[Fraction], count: int) -> None:
    bins = score_bins(Fraction(7), scores, count)
    for counted in bins[:-1]:
        assert counted.count == sum(counted.low <= score < counted.high for score in scores)
    assert sum(counted.count for counted in bins) == len(scores)


def test_a_pass_rate_counts_what_says_something_of_the_student() -> None:
    outcomes = [Outcome.PASSED] * 3 + [
        Outcome.FAILED,
        Outcome.TIMED_OUT,
        Outcome.CRASHED,
        Outcome.ERRORED,
        Outcome.NOT_RUN,
    ]
    grades = [grade(0, checks=[check(outcome)]) for outcome in outcomes]
    grades.append(grade(0, checks=[check(Outcome.NOT_RUN, deferred=True)]))
    (figures,) = check_figures(grades)
    assert (figures.passed, figures.decided, figures.pass_rate) == (3, 6, HALF)
    assert dict(figures.outcomes) == {
        Outcome.PASSED: 3,
        Outcome.FAILED: 1,
        Outcome.ERRORED: 1,
        Outcome.TIMED_OUT: 1,
        Outcome.CRASHED: 1,
        Outcome.NOT_RUN: 1,
    }
    assert figures.deferred == 1


def test_a_check_that_nobody_got_to_has_no_pass_rate() -> None:
    (figures,) = check_figures([grade(0, checks=[check(Outcome.ERRORED)])])
    assert figures.pass_rate is None


def test_checks_keep_their_order_and_their_latest_title() -> None:
    old = grade(0, checks=[check(Outcome.PASSED, name="b", title="old"), check(Outcome.PASSED, name="a")])
    new = grade(0, checks=[check(Outcome.PASSED, name="b", title="new"), check(Outcome.PASSED, name="c")])
    figures = check_figures([old, new])
    assert [(found.id, found.title, found.passed) for found in figures] == [
        ("b", "new", 2),
        ("a", "Title", 1),
        ("c", "Title", 1),
    ]


def test_no_answer_earns_nothing_and_one_that_waits_is_left_out() -> None:
    grades = [
        grade(10),
        grade(0, question_status=Status.UNANSWERED),
        grade(0, question_status=Status.NEEDS_REVIEW),
        grade(7, question_status=Status.PENDING),
    ]
    (figures,) = question_figures(grades)
    assert figures.mean == 5
    assert figures.full == 1
    assert [figures.statuses[status] for status in Status] == [1, 1, 1, 1]
