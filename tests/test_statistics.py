"""Figures of small classes, worked out by hand, by others' programs, or in print."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.results import Outcome, Visibility
from grader.scoring import Attempt, CheckGrade, Grade, QuestionGrade, Status
from grader.statistics import (
    Spread,
    Success,
    alpha_without,
    analyse_items,
    assignment_figures,
    check_figures,
    choice_figures,
    cronbach_alpha,
    find_items,
    find_success,
    item_rest_correlation,
    mean,
    median,
    quantile,
    question_figures,
    score_bins,
    success_figures,
    upper_lower,
)
from grader.statistics.reliability import Floats

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


def test_quantiles_lie_between_the_nearest_two() -> None:
    """Those of numpy's documentation of ``quantile`` and definition 7 of Hyndman and Fan, worked out by hand."""
    values = [Fraction(value) for value in (10, 7, 4, 3, 2, 1)]
    assert [quantile(values, Fraction(part, 4)) for part in range(5)] == [
        1,
        Fraction(9, 4),
        HALF * 7,
        Fraction(25, 4),
        10,
    ]
    assert quantile([Fraction(3)], Fraction(3, 4)) == 3
    with pytest.raises(ValueError, match="no values"):
        quantile([], HALF)


# Item analysis

# Scores of ten people on five items, with what SPSS makes of them: D. J. Denis, Applied Univariate, Bivariate, and
# Multivariate Statistics, 2nd ed., Wiley 2021, section 2.23 on Cronbach's alpha.
DENIS = np.array(
    [
        [10, 12, 15, 11, 12],
        [12, 18, 12, 12, 1],
        [8, 16, 14, 14, 4],
        [6, 8, 16, 8, 6],
        [4, 7, 8, 7, 5],
        [6, 6, 3, 7, 3],
        [3, 4, 6, 5, 8],
        [7, 3, 7, 9, 9],
        [8, 9, 4, 10, 10],
        [9, 5, 6, 11, 12],
    ],
    dtype=np.float64,
)
# Answers of ten students to ten questions, with the difficulty p and the index D of each question, halves of the class
# compared: an exercise for teachers with its key, "Item Analysis Worksheet" (studylib.net, document 25270846).
WORKSHEET = (
    "1111111111 1111111101 1101111100 0111110101 1110111001 1110110100 0110110101 0111001010 1110100001 0100010010"
)
WORKSHEET_P = [0.6, 1, 0.8, 0.5, 0.8, 0.8, 0.5, 0.6, 0.3, 0.6]
WORKSHEET_D = [0.4, 0, 0, 0.6, 0.4, 0.4, 0.6, 0.4, -0.2, 0.4]
# Forty made-up students, eight items worth what POINTS says; figures of scipy 1.17.1 (pointbiserialr) and pingouin
# 0.7.0 (cronbach_alpha).
FORTY = (
    "11110100 11111111 11001000 11110111 10110110 10100000 11101010 11111001 10101100 11111100 11101001 11110101 "
    "11000010 11000110 10000000 11000100 11111111 11110011 00000000 01100000 11111100 01100000 11100000 11110100 "
    "00001000 11001100 00010000 11111100 11011110 11110110 10001000 01000000 10111110 11000000 10111100 11111110 "
    "11010110 11111111 01011000 11111100"
)
POINTS = (1, 2, 1, 3, 1, 2, 1, 2)
FORTY_REST = [
    0.4636699716,
    0.2633462178,
    0.4906981163,
    0.6002650138,
    0.2092434877,
    0.5613687806,
    0.4134925425,
    0.3856190649,
]
FORTY_WITHOUT = [
    0.6685728618,
    0.6904272209,
    0.6569543801,
    0.6202665219,
    0.6932120387,
    0.6130336781,
    0.6675687636,
    0.661826269,
]


def matrix(text: str, points: Sequence[int] = ()) -> Floats:
    rows = np.array([list(map(float, row)) for row in text.split()])
    return rows * np.array(points, dtype=np.float64) if points else rows


def class_of(text: str, points: Sequence[int], kind: str = "code") -> list[Grade]:
    """One grade for each row of ones and zeros: a code question with a check for each column, or quiz questions."""
    grades = []
    for row in text.split():
        passed = [sign == "1" for sign in row]
        if kind == "code":
            checks = [
                replace(
                    check(Outcome.PASSED if right else Outcome.FAILED, name=f"test_{place}"),
                    points=Fraction(points[place]),
                )
                for place, right in enumerate(passed)
            ]
            questions = [QuestionGrade("q", "code", "Q", Fraction(sum(points)), checks=tuple(checks))]
        else:
            questions = [
                QuestionGrade(
                    f"q{place}", "choice", f"Q{place}", Fraction(points[place]), Fraction(points[place] * right)
                )
                for place, right in enumerate(passed)
            ]
        grades.append(Grade("a", "A", Status.GRADED, Fraction(0), Fraction(sum(points)), questions=tuple(questions)))
    return grades


def test_alpha_of_a_published_example() -> None:
    assert round(cronbach_alpha(DENIS) or 0, 3) == 0.633
    assert round(item_rest_correlation(DENIS, 0) or 0, 3) == 0.712


def test_the_index_d_of_a_published_example() -> None:
    answers = matrix(WORKSHEET)
    totals = answers.sum(axis=1)
    assert totals.tolist() == [10, 9, 7, 7, 7, 6, 6, 5, 5, 3]
    assert [upper_lower(answers[:, item], totals, 0.5) for item in range(10)] == pytest.approx(WORKSHEET_D)
    found = find_items(class_of(WORKSHEET, [1] * 10))
    assert [float(mean([share for share in item.shares if share is not None]) or 0) for item in found] == WORKSHEET_P


def test_a_group_of_27_per_cent() -> None:
    """Of 40 students 11 are in each group: 9 of the best are right, and 3 of the worst."""
    values = np.array([1] * 9 + [0] * 2 + [1] * 18 + [1] * 3 + [0] * 8, dtype=np.float64)
    assert upper_lower(values, np.arange(40.0)[::-1]) == pytest.approx((9 - 3) / 11)


def test_students_alike_at_the_edge_of_a_group_share_its_places() -> None:
    """Whoever comes first: two of four places are left for four students alike, of whom one is right."""
    totals = np.array([9, 9, 5, 5, 5, 5, 1, 1, 1, 1], dtype=np.float64)
    for right in range(2, 6):
        values = np.zeros(10)
        values[right] = 1
        assert upper_lower(values, totals, 0.4) == pytest.approx((2 * 1 / 4) / 4)


def test_figures_are_those_of_scipy_and_pingouin() -> None:
    scores = matrix(FORTY, POINTS)
    assert cronbach_alpha(scores) == pytest.approx(0.6919247930260748)
    assert cronbach_alpha(matrix(FORTY)) == pytest.approx(0.72331558231072)
    assert alpha_without(scores) == pytest.approx(FORTY_WITHOUT)
    assert [item_rest_correlation(scores, item) for item in range(8)] == pytest.approx(FORTY_REST)


@pytest.mark.parametrize("kind", ["code", "choice"])
def test_a_class_is_analysed_by_checks_and_quiz_questions(kind: str) -> None:
    analysis = analyse_items(class_of(FORTY, POINTS, kind))
    assert analysis.alpha == pytest.approx(0.6919247930260748)
    assert [one.discrimination for one in analysis.items] == pytest.approx(FORTY_REST)
    assert [one.alpha_without for one in analysis.items] == pytest.approx(FORTY_WITHOUT)
    assert analysis.items[0].difficulty == Fraction(33, 40)
    assert (analysis.complete, analysis.has_few, analysis.is_rough) == (40, False, False)


def test_small_classes_have_no_correlations() -> None:
    rows = FORTY.split()
    few, rough = (
        analyse_items(class_of(" ".join(rows[:9]), POINTS)),
        analyse_items(class_of(" ".join(rows[:10]), POINTS)),
    )
    assert few.has_few
    assert (few.alpha, few.items[0].discrimination, few.items[0].upper_lower) == (None, None, None)
    assert few.items[1].difficulty == Fraction(2, 3)
    assert rough.is_rough
    assert rough.alpha is not None


def test_what_says_nothing_of_the_student_is_missing() -> None:
    """A student with a check that broke is left out of correlations, a check that is deferred for all is, too."""
    grades = class_of(FORTY, POINTS)
    (question,) = grades[0].questions
    broken = (replace(question.checks[0], outcome=Outcome.ERRORED), *question.checks[1:])
    grades[0] = replace(grades[0], status=Status.PENDING, questions=(replace(question, checks=broken),))
    later = check(Outcome.NOT_RUN, name="test_later", deferred=True)
    grades = [
        replace(grade, questions=(replace(own, checks=(*own.checks, later)),))
        for grade in grades
        for own in grade.questions
    ]
    analysis = analyse_items(grades)
    assert analysis.complete == 39
    assert [item.check for item in analysis.left_out] == ["test_later"]
    assert analysis.items[0].known == 39
    assert analysis.items[1].known == 40
    last = analysis.items[-1]
    assert (last.known, last.difficulty, last.discrimination) == (0, None, None)
    rest = matrix(" ".join(FORTY.split()[1:]), POINTS)
    assert analysis.alpha == pytest.approx(cronbach_alpha(rest))


def test_a_bonus_check_is_compared_with_the_score_and_is_no_part_of_alpha() -> None:
    grades = [
        replace(grade, questions=(replace(own, checks=(*own.checks[:7], replace(own.checks[7], bonus=True))),))
        for grade in class_of(FORTY, POINTS)
        for own in grade.questions
    ]
    analysis = analyse_items(grades)
    scores = matrix(FORTY, POINTS)
    assert analysis.alpha == pytest.approx(FORTY_WITHOUT[7])
    assert analysis.items[7].discrimination == pytest.approx(FORTY_REST[7])
    assert analysis.items[7].alpha_without is None
    assert analysis.items[7].upper_lower == pytest.approx(upper_lower(scores[:, 7] / 2, scores[:, :7].sum(axis=1)))


def test_a_check_that_all_pass_tells_nobody_apart() -> None:
    text = " ".join(f"1{row}" for row in FORTY.split())
    first, second, *_ = analyse_items(class_of(text, (2, *POINTS))).items
    assert first.is_constant
    assert (float(first.difficulty or 0), first.discrimination, first.upper_lower) == (1.0, None, None)
    assert second.discrimination == pytest.approx(FORTY_REST[0])  # what all have alike changes no correlation


def test_a_check_that_never_fails_alone_decides_nothing() -> None:
    """The second fails only where the third does; the first fails once alone."""
    analysis = analyse_items(class_of("111 011 100 110 000", (1, 1, 1)))
    assert [one.alone for one in analysis.items] == [1, 0, 1]
    assert [one.never_decides for one in analysis.items] == [False, True, False]
    (only,) = analyse_items(class_of("1 0 1", (1,))).items
    assert only.alone is None
    assert not only.never_decides


def test_choices_are_compared_with_the_rest_of_the_score() -> None:
    """Who picks a has the highest score in the rest, who picks b the lowest; nobody picks c."""
    grades = []
    for grade, answer in zip(class_of(FORTY, POINTS, "choice"), itertools.cycle("ab"), strict=False):
        strong = answer == "a"
        asked = QuestionGrade("pick", "choice", "Pick", Fraction(1), Fraction(strong), answer=answer)
        others = tuple(replace(one, score=one.points if strong else Fraction(0)) for one in grade.questions)
        grades.append(replace(grade, questions=(asked, *others)))
    unread = QuestionGrade("pick", "choice", "Pick", Fraction(1), status=Status.UNANSWERED)
    grades.append(replace(grades[0], questions=(unread, *grades[0].questions[1:])))
    first, second, third = choice_figures(grades, "pick", "abc", analyse_items(grades))
    assert (first.picked, first.answered, first.share) == (20, 40, HALF)
    assert first.discrimination == pytest.approx(1)
    assert second.discrimination == pytest.approx(-1)
    assert (third.picked, third.discrimination) == (0, None)


def test_several_choices_at_once_each_count() -> None:
    answers = ["a, c", "c", "a", "a, b, c"]
    grades = [
        Grade(
            "a",
            "A",
            Status.GRADED,
            Fraction(0),
            Fraction(1),
            questions=(QuestionGrade("pick", "multiple_choice", "P", Fraction(1), answer=answer),),
        )
        for answer in answers
    ]
    figures = choice_figures(grades, "pick", "abcd", analyse_items(grades))
    assert [one.picked for one in figures] == [3, 1, 3, 0]
    assert {one.discrimination for one in figures} == {None}


def test_an_empty_class_has_no_figures() -> None:
    analysis = analyse_items([])
    assert (analysis.items, analysis.complete, analysis.alpha) == ((), 0, None)
    assert cronbach_alpha(np.ones((5, 3))) is None
    assert cronbach_alpha(np.ones((5, 1))) is None
    assert upper_lower(np.ones(1), np.ones(1)) is None


# Until full marks

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


def attempts(*scores: int | None, excused: Sequence[int] = (), hours: float = 2) -> list[Attempt]:
    return [
        Attempt(
            f"s{place}",
            START + timedelta(hours=hours * place),
            None if score is None else grade(score),
            place in excused,
        )
        for place, score in enumerate(scores)
    ]


def test_the_first_full_marks_count() -> None:
    assert find_success(attempts(3, 10, 2, 10)) == Success(2, Fraction(2))
    assert find_success(attempts(10)) == Success(1, Fraction(0))
    assert find_success(attempts(None, 4, 9)) is None
    assert find_success([]) is None


def test_an_attempt_that_a_fault_of_ours_spoilt_is_not_counted() -> None:
    assert find_success(attempts(3, 4, 10, excused=[0, 1])) == Success(1, Fraction(4))
    assert find_success(attempts(3, 10, excused=[0, 1])) == Success(1, Fraction(2))


def test_points_that_wait_for_a_device_are_not_missed() -> None:
    (waits,) = attempts(8)
    assert waits.grade is not None
    deferred = [replace(waits, grade=replace(waits.grade, deferred=Fraction(part))) for part in (1, 2)]
    assert [find_success([one]) for one in deferred] == [None, Success(1, Fraction(0))]
    nothing_decided = replace(waits.grade, score=Fraction(0), deferred=waits.grade.points)
    assert find_success([replace(waits, grade=nothing_decided)]) is None


def test_how_a_class_came_to_full_marks() -> None:
    figures = success_figures([attempts(10), attempts(1, 10), attempts(2, 3, 4, 10), attempts(5), []])
    assert (figures.tried, figures.reached, figures.never) == (4, 3, 1)
    assert figures.attempts == Spread(Fraction(3, 2), Fraction(2), Fraction(3))
    assert figures.hours == Spread(Fraction(1), Fraction(2), Fraction(4))
    assert figures.by_attempts == {1: 1, 2: 1, 4: 1}
    assert success_figures([attempts(5)]).attempts is None
