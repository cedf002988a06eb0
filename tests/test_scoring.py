"""Scores: exact amounts for every kind of question and every outcome, and grades that survive being stored."""

from __future__ import annotations

import json
import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.answers import AnswerProblem, Answers, Value
from grader.checks import Check
from grader.results import CheckResult, Frame, Outcome, Run, Visibility
from grader.scoring import (
    CheckGrade,
    CriterionGrade,
    Grade,
    QuestionGrade,
    Status,
    grade_from_json,
    grade_to_json,
    score_submission,
)
from grader.spec import Assignment

ZERO = Fraction(0)
CHOICE = {
    "id": "pick",
    "kind": "choice",
    "points": 1,
    "prompt": "Which?",
    "choices": [
        {"text": "the first", "why": "It is not that one.\n"},
        {"text": "the second", "correct": True, "why": "That is it.\n"},
        {"text": "the third"},
    ],
}
MULTIPLE = {
    "id": "several",
    "kind": "multiple_choice",
    "points": 2,
    "prompt": "Which ones?",
    "choices": [
        {"text": "one", "correct": True, "why": "One counts."},
        {"text": "two", "correct": True},
        {"text": "three", "correct": True, "why": "So does three."},
        {"text": "four", "why": "Four does not."},
        {"text": "five"},
    ],
}
PROPORTIONAL = {**MULTIPLE, "scoring": "proportional"}
NUMERIC = {
    "id": "number",
    "kind": "numeric",
    "points": 1,
    "prompt": "How much?",
    "correct": 0.2,
    "tolerance": 0.1,
    "why": "Add them up.",
}
TEXT = {"id": "word", "kind": "text", "points": 1, "prompt": "Name it.", "accept": ["Cross Entropy"], "why": "So."}
ESSAY = {"id": "essay", "kind": "text", "points": 3, "prompt": "Explain."}
CODE = {
    "id": "code",
    "kind": "code",
    "points": 3,
    "prompt": "Write it.",
    "file": "answer.py",
    "starter": "pass\n",
    "title": "The code",
}


def make_assignment(*questions: Mapping[str, Any]) -> Assignment:
    return Assignment.model_validate(
        {
            "format": 1,
            "id": "scored",
            "title": "Scored",
            "summary": "An assignment.",
            "questions": questions,
            "directory": Path("scored"),
        }
    )


def make_check(name: str, points: int | Fraction, question: str = "code", **more: Any) -> Check:
    given = {"bonus": False, "hint": None, "visibility": Visibility.HIDDEN, **more}
    return Check(name, f"Title of {name}", Fraction(points), question=question, path=Path("c.py"), line=1, **given)


def get(grade: object, *names: str) -> tuple[Any, ...]:
    """Return some of a grade's fields; amounts among them compare with whole numbers."""
    return tuple(getattr(grade, name) for name in names)


def quiz(question: Mapping[str, Any], value: Value) -> QuestionGrade:
    """Score one quiz question with one answer."""
    grade = score_submission(make_assignment(question), (), Run(), Answers({question["id"]: value}))
    assert get(grade, "score", "points") == (grade.questions[0].score, grade.questions[0].points)
    return grade.questions[0]


def code(
    checks: Sequence[Check], results: Sequence[CheckResult], blocked: Mapping[str, str] | None = None, **run: Any
) -> Grade:
    """Score a code question's checks."""
    return score_submission(make_assignment(CODE), checks, Run(tuple(results), **run), Answers(), blocked)


# Amounts


def test_amounts_are_added_exactly() -> None:
    questions = [{**CHOICE, "id": "a", "points": 0.1}, {**CHOICE, "id": "b", "points": 0.2}]
    grade = score_submission(make_assignment(*questions), (), Run(), Answers({"a": "b", "b": "b"}))
    assert grade.score == grade.points == Fraction(3, 10)
    assert isinstance(grade.score, Fraction)


def test_the_amounts_of_checks_are_added_exactly() -> None:
    checks = [make_check(f"test_{number}", Fraction(1, 10)) for number in range(30)]
    grade = code(checks, [CheckResult(check.id, Outcome.PASSED) for check in checks])
    assert grade.score == grade.points == 3


def test_a_question_without_points_is_graded_all_the_same() -> None:
    assert quiz({**CHOICE, "points": 0}, "b").score == 0
    assert quiz({**CHOICE, "points": 0}, "b").status is Status.GRADED


# Choices


@pytest.mark.parametrize(
    ("letter", "score", "feedback"), [("a", 0, "It is not that one."), ("b", 1, "That is it."), ("c", 0, None)]
)
def test_a_choice_earns_all_or_nothing_and_says_why(letter: str, score: int, feedback: str | None) -> None:
    grade = quiz(CHOICE, letter)
    assert get(grade, "score", "feedback", "answer") == (score, feedback, letter)
    assert grade.status is Status.GRADED


@pytest.mark.parametrize(
    ("picked", "share"),
    [
        ("abc", Fraction(1)),
        ("a", Fraction(1, 3)),
        ("ab", Fraction(2, 3)),
        ("abcd", Fraction(2, 3)),
        ("abcde", Fraction(1, 3)),
        ("ad", ZERO),
        ("de", ZERO),
        ("ade", ZERO),
        ("e", ZERO),
    ],
)
def test_proportional_scoring_takes_a_share_away_for_each_wrong_pick(picked: str, share: Fraction) -> None:
    assert quiz(PROPORTIONAL, tuple(picked)).score == 2 * share


@pytest.mark.parametrize("picked", ["a", "ab", "abcd", "abcde", "de"])
def test_all_or_nothing_is_nothing_for_anything_but_the_right_set(picked: str) -> None:
    assert quiz(MULTIPLE, tuple(picked)).score == 0
    assert quiz(MULTIPLE, tuple("abc")).score == 2


def test_picking_a_choice_twice_counts_once() -> None:
    assert quiz(PROPORTIONAL, ("a", "a", "a")).score == Fraction(2, 3)
    assert quiz(PROPORTIONAL, ("a", "b", "c", "d", "d", "d")).score == Fraction(4, 3)


def test_multiple_choice_says_why_of_each_choice_that_was_picked() -> None:
    grade = quiz(MULTIPLE, ("a", "b", "d"))
    assert grade.feedback == "a) One counts.\n\nd) Four does not."
    assert quiz(MULTIPLE, ("d",)).feedback == "Four does not."
    assert grade.answer == "a, b, d"


@given(right=st.lists(st.booleans(), min_size=2, max_size=26).filter(any))
def test_picking_everything_earns_no_more_than_its_right_picks_less_its_wrong_ones(right: list[bool]) -> None:
    choices = [{"text": f"choice {n}", "correct": correct} for n, correct in enumerate(right)]
    everything = tuple(string.ascii_lowercase[: len(right)])
    wrong = right.count(False)
    score = quiz({**PROPORTIONAL, "points": 1, "choices": choices}, everything).score
    assert score == max(ZERO, 1 - Fraction(wrong, right.count(True)))
    assert quiz({**MULTIPLE, "points": 1, "choices": choices}, everything).score == (0 if wrong else 1)


# Numbers


@pytest.mark.parametrize(
    ("value", "right"),
    [(0.2, True), (0.3, True), (0.1, True), (0.30000001, False), (0.0999999, False), (-0.2, False), (1e300, False)],
)
def test_the_tolerance_includes_its_ends_in_decimal_arithmetic(value: float, right: bool) -> None:
    assert quiz(NUMERIC, value).score == right


def test_binary_rounding_does_not_shut_the_ends_out() -> None:
    assert abs(0.4 - 0.3) > 0.1  # what is compared in decimal for
    assert quiz({**NUMERIC, "correct": 0.3}, 0.4).score == 1


@pytest.mark.parametrize(("value", "right"), [(5.0, True), (5.0000001, False), (4.9999999, False)])
def test_without_a_tolerance_only_the_number_itself_is_right(value: float, right: bool) -> None:
    assert quiz({**NUMERIC, "correct": 5.0, "tolerance": 0.0}, value).score == right


@pytest.mark.parametrize(
    ("value", "right"), [(-202.0, True), (-198.0, True), (-202.001, False), (-197.999, False), (200.0, False)]
)
def test_a_relative_tolerance_is_a_share_of_the_right_number(value: float, right: bool) -> None:
    question = {key: given for key, given in NUMERIC.items() if key != "tolerance"}
    assert quiz({**question, "correct": -200.0, "relative_tolerance": 0.01}, value).score == right


@pytest.mark.parametrize(
    ("absolute", "relative", "furthest"), [(0.5, 0.01, 101.0), (2.0, 0.01, 102.0), (0.0, 0.0, 100.0)]
)
def test_the_larger_tolerance_counts(absolute: float, relative: float, furthest: float) -> None:
    question = {**NUMERIC, "correct": 100.0, "tolerance": absolute, "relative_tolerance": relative}
    assert quiz(question, furthest).score == 1
    assert quiz(question, furthest + 0.001).score == 0


def test_tiny_numbers_are_told_apart() -> None:
    question = {**NUMERIC, "correct": 1e-12, "tolerance": 1e-14}
    assert quiz(question, 1.01e-12).score == 1
    assert quiz(question, 1.02e-12).score == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_that_is_not_finite_is_right(value: float) -> None:
    assert quiz({**NUMERIC, "tolerance": 1e308}, value).score == 0


@given(
    correct=st.integers(-(10**6), 10**6),
    tolerance=st.integers(0, 10**5),
    off=st.integers(-(2 * 10**5), 2 * 10**5),
    places=st.integers(0, 8),
)
def test_what_is_within_the_tolerance_on_paper_is_right(correct: int, tolerance: int, off: int, places: int) -> None:
    """Integers decide; the numbers that are scored have their digits behind the point."""
    scaled = [float(f"{number}e-{places}") for number in (correct, tolerance, correct + off)]
    question = {**NUMERIC, "correct": scaled[0], "tolerance": scaled[1]}
    assert quiz(question, scaled[2]).score == (abs(off) <= tolerance)


def test_a_numeric_answer_always_gets_the_authors_words() -> None:
    assert quiz(NUMERIC, 0.2).feedback == quiz(NUMERIC, 9.0).feedback == "Add them up."


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (0.1, "0.1"), (0.123456789, "0.123456789"), (1234567.0, "1234567"), (-2.5e-7, "-2.5e-07")],
)
def test_a_numeric_answer_is_shown_with_all_its_digits(value: float, text: str) -> None:
    assert quiz(NUMERIC, value).answer == text


# Words


@pytest.mark.parametrize(
    "answer",
    [
        "Cross Entropy",
        "cross entropy",
        "CROSS ENTROPY",
        "  cross \t entropy\n",
        "cross\u00a0entropy",
        "\uff43\uff52\uff4f\uff53\uff53 entropy",  # full-width letters
    ],
)
def test_case_spaces_and_compatible_letters_do_not_matter(answer: str) -> None:
    grade = quiz(TEXT, answer)
    assert grade.score == 1
    assert grade.answer == answer


@pytest.mark.parametrize(
    "answer", ["crossentropy", "cross-entropy", "cross entropy loss", "entropy", "\u0421ross entropy"]
)
def test_other_words_are_wrong(answer: str) -> None:
    grade = quiz(TEXT, answer)
    assert get(grade, "score", "status", "feedback") == (0, Status.GRADED, "So.")


def test_folding_holds_for_what_the_author_wrote_too() -> None:
    assert quiz({**TEXT, "accept": ["x", "  \uff2dSE   Loss "]}, "mse loss").score == 1
    assert quiz({**TEXT, "accept": ["Straße"]}, "STRASSE").score == 1
    assert quiz({**TEXT, "accept": ["é"]}, "e\u0301").score == 1  # the accent as a letter of its own


def test_where_case_matters_only_spaces_and_letter_forms_are_folded() -> None:
    question = {**TEXT, "case_sensitive": True}
    assert quiz(question, " Cross  Entropy").score == 1
    assert quiz(question, "cross entropy").score == 0


def test_a_text_without_accepted_answers_waits_for_a_person() -> None:
    grade = score_submission(make_assignment(ESSAY, CHOICE), (), Run(), Answers({"essay": "Because.", "pick": "b"}))
    essay = grade.questions[0]
    assert get(essay, "status", "score", "answer", "feedback") == (Status.NEEDS_REVIEW, 0, "Because.", None)
    assert grade.status is Status.NEEDS_REVIEW
    assert get(grade, "score", "points") == (1, 4)


# No answer


@pytest.mark.parametrize("question", [CHOICE, MULTIPLE, PROPORTIONAL, NUMERIC, TEXT, ESSAY])
def test_no_answer_earns_nothing_and_is_told_nothing(question: Mapping[str, Any]) -> None:
    for answers in (Answers({str(question["id"]): None}), Answers()):
        grade = score_submission(make_assignment(question), (), Run(), answers)
        only = grade.questions[0]
        assert get(only, "status", "score", "answer", "feedback") == (Status.UNANSWERED, 0, None, None)
        assert grade.status is Status.GRADED
        assert grade.fault is None


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (CHOICE, 1.0),
        (CHOICE, ("b",)),
        (CHOICE, "the second"),
        (MULTIPLE, "abc"),
        (MULTIPLE, 3.0),
        (NUMERIC, "0.2"),
        (TEXT, ("Cross Entropy",)),
        (TEXT, 1.0),
    ],
)
def test_a_value_of_another_kind_is_never_right(question: Mapping[str, Any], value: Value) -> None:
    assert quiz(question, value).score == 0


def test_what_could_not_be_read_is_said_at_its_question() -> None:
    problem = AnswerProblem("answers.yaml", 3, 7, "'x' is not one of the choices", "pick")
    answers = Answers({"pick": None, "number": 0.2}, (problem,))
    pick, number = score_submission(make_assignment(CHOICE, NUMERIC), (), Run(), answers).questions
    assert pick.status is Status.UNANSWERED
    assert pick.message == "answers.yaml:3:7: 'x' is not one of the choices"
    assert number.message is None


def test_what_is_wrong_with_the_whole_file_is_said_where_there_is_no_answer() -> None:
    problem = AnswerProblem("answers.yaml", 1, 1, "a ':' is missing")
    answers = Answers({"pick": None, "number": 0.2}, (problem,))
    pick, number = score_submission(make_assignment(CHOICE, NUMERIC), (), Run(), answers).questions
    assert pick.message == "answers.yaml:1:1: a ':' is missing"
    assert get(number, "message", "score") == (None, 1)


# Checks


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED, Outcome.NOT_RUN])
def test_only_a_check_that_passed_earns_its_points(outcome: Outcome) -> None:
    grade = code(
        [make_check("test_a", 1), make_check("test_b", 2)],
        [CheckResult("test_a", Outcome.PASSED), CheckResult("test_b", outcome)],
    )
    assert [check.score for check in grade.questions[0].checks] == [1, 0]
    assert get(grade, "score", "points", "status", "fault") == (1, 3, Status.GRADED, None)


def test_a_check_keeps_all_that_is_known_of_it() -> None:
    frame = Frame("answer.py", 3, "f", "return x")
    result = CheckResult("test_a", Outcome.FAILED, "in words", "the values", (frame,), "cuda", seconds=0.5)
    check = make_check("test_a", 3, hint="Look again.", visibility=Visibility.PUBLIC)
    run = code([check], [result], output="hello", environment={"torch": "2"})
    assert run.questions[0].checks == (
        CheckGrade(
            id="test_a",
            title="Title of test_a",
            visibility=Visibility.PUBLIC,
            points=Fraction(3),
            score=ZERO,
            bonus=False,
            outcome=Outcome.FAILED,
            device="cuda",
            hint="Look again.",
            message="in words",
            detail="the values",
            frames=(frame,),
        ),
    )
    assert get(run, "output", "environment", "title") == ("hello", {"torch": "2"}, "Scored")
    assert get(run.questions[0], "title", "kind") == ("The code", "code")


def test_checks_stay_in_their_order_and_at_their_question() -> None:
    assignment = make_assignment(CODE, {**CODE, "id": "more", "points": 4, "file": "more.py", "title": None})
    checks = [make_check("test_c", 3), make_check("test_a", 4, "more"), make_check("test_b", 0)]
    results = [CheckResult(check.id, Outcome.PASSED) for check in reversed(checks)]
    results.append(CheckResult("test_of_no_check", Outcome.PASSED))
    first, second = score_submission(assignment, checks, Run(tuple(results)), Answers()).questions
    assert [check.id for check in first.checks] == ["test_c", "test_b"]
    assert [check.id for check in second.checks] == ["test_a"]
    assert get(first, "score", "title") == (3, "The code")
    assert get(second, "score", "title") == (4, "more")


def test_bonus_points_come_on_top_and_are_counted_apart() -> None:
    checks = [make_check("test_a", 3), make_check("test_b", 1, bonus=True), make_check("test_c", 5, bonus=True)]
    passed = [CheckResult("test_a", Outcome.FAILED), CheckResult("test_b", Outcome.PASSED)]
    grade = code(checks, [*passed, CheckResult("test_c", Outcome.FAILED)])
    assert get(grade, "score", "points") == (0, 3)
    assert get(grade, "bonus", "bonus_points") == (1, 6)
    assert get(grade.questions[0], "bonus", "bonus_points") == (1, 6)


def test_deferred_points_are_told_apart_from_lost_ones() -> None:
    checks = [make_check("test_a", 1), make_check("test_b", 2), make_check("test_c", 4, bonus=True)]
    waits = [CheckResult(name, Outcome.NOT_RUN, device="cuda", deferred=True) for name in ("test_b", "test_c")]
    grade = code(checks, [CheckResult("test_a", Outcome.PASSED), *waits])
    assert get(grade, "score", "deferred", "points") == (1, 2, 3)
    assert get(grade, "status", "fault") == (Status.GRADED, None)
    assert [check.deferred for check in grade.questions[0].checks] == [False, True, True]


# Blocked questions and faults of ours


def test_the_checks_of_a_blocked_question_earn_nothing_whatever_a_run_says() -> None:
    checks = [make_check("test_a", 3), make_check("test_b", 1, bonus=True)]
    results = [CheckResult("test_a", Outcome.PASSED), CheckResult("test_b", Outcome.ERRORED)]
    grade = code(checks, results, {"code": "answer.py is empty."})
    only = grade.questions[0]
    assert get(only, "score", "bonus", "message", "status") == (0, 0, "answer.py is empty.", Status.GRADED)
    assert {check.outcome for check in only.checks} == {Outcome.NOT_RUN}
    assert get(grade, "points", "bonus_points", "status", "fault") == (3, 1, Status.GRADED, None)


def test_a_blocked_question_leaves_the_others_alone() -> None:
    assignment = make_assignment(CODE, {**CODE, "id": "more", "file": "more.py"})
    checks = [make_check("test_a", 3), make_check("test_b", 3, "more")]
    run = Run((CheckResult("test_b", Outcome.PASSED),))
    first, second = score_submission(assignment, checks, run, Answers(), {"code": "no"}).questions
    assert get(first, "score", "message") == (0, "no")
    assert get(second, "score", "message") == (3, None)


def test_a_check_without_an_outcome_makes_the_grade_pending() -> None:
    checks = [make_check("test_a", 1), make_check("test_b", 2)]
    grade = code(checks, [CheckResult("test_a", Outcome.PASSED)], fault="the process ended")
    missing = grade.questions[0].checks[1]
    assert get(missing, "outcome", "score") == (Outcome.NOT_RUN, 0)
    assert missing.message is not None
    assert "our side" in missing.message
    assert get(grade, "status", "fault") == (Status.PENDING, "the process ended")
    assert grade.questions[0].status is Status.PENDING


def test_a_pending_grade_names_a_fault_even_where_the_run_does_not() -> None:
    grade = code([make_check("test_a", 3)], [])
    assert get(grade, "status", "fault") == (Status.PENDING, "some checks gave no outcome")


def test_checks_that_broke_make_the_grade_pending_and_are_named() -> None:
    checks = [make_check(name, 1) for name in ("test_a", "test_b", "test_c")]
    outcomes = [Outcome.ERRORED, Outcome.PASSED, Outcome.ERRORED]
    results = [CheckResult(check.id, outcome) for check, outcome in zip(checks, outcomes, strict=True)]
    grade = code(checks, results)
    assert get(grade, "status", "score") == (Status.PENDING, 1)
    assert grade.fault == "checks that broke: test_a, test_c"


def test_a_fault_that_left_no_mark_on_any_check_is_no_fault_of_the_grade() -> None:
    grade = code([make_check("test_a", 3)], [CheckResult("test_a", Outcome.PASSED)], fault="it came too late")
    assert get(grade, "status", "fault", "score") == (Status.GRADED, None, 3)


def test_pending_outweighs_an_answer_that_waits_for_a_person() -> None:
    grade = score_submission(
        make_assignment(ESSAY, CODE), [make_check("test_a", 3)], Run(), Answers({"essay": "Because."})
    )
    assert [question.status for question in grade.questions] == [Status.NEEDS_REVIEW, Status.PENDING]
    assert grade.status is Status.PENDING


# What always holds

EVERY_KIND = make_assignment(CHOICE, MULTIPLE, {**PROPORTIONAL, "id": "some"}, NUMERIC, TEXT, ESSAY, CODE)
EVERY_CHECK = (make_check("test_a", 1), make_check("test_b", 2), make_check("test_c", 7, bonus=True))
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.sampled_from("abcde"),
    st.text(max_size=10),
    st.floats(),
    st.sampled_from([0.1, 0.2, 0.3]),
    st.lists(st.sampled_from("abcde"), max_size=6).map(tuple),
)
ANSWERS = st.fixed_dictionaries({}, optional={question.id: VALUES for question in EVERY_KIND.quiz_questions}).map(
    Answers
)
RESULTS = st.lists(
    st.builds(
        CheckResult,
        check=st.sampled_from(["test_a", "test_b", "test_c", "test_unknown"]),
        outcome=st.sampled_from(Outcome),
        deferred=st.booleans(),
    ),
    max_size=5,
).map(tuple)
BLOCKED = st.sampled_from([None, {}, {"code": "It is empty."}])


@given(answers=ANSWERS, results=RESULTS, blocked=BLOCKED)
def test_scores_stay_within_the_points_and_add_up(
    answers: Answers, results: tuple[CheckResult, ...], blocked: Mapping[str, str] | None
) -> None:
    grade = score_submission(EVERY_KIND, EVERY_CHECK, Run(results), answers, blocked)
    assert grade.points == EVERY_KIND.points
    assert 0 <= grade.score <= grade.points
    assert 0 <= grade.bonus <= grade.bonus_points == 7
    for name in ("score", "points", "bonus", "bonus_points", "deferred"):
        amounts = [getattr(question, name) for question in grade.questions]
        assert getattr(grade, name) == sum(amounts, ZERO)
        assert all(isinstance(amount, Fraction) for amount in amounts)
    for question in grade.questions:
        assert 0 <= question.score <= question.points
        if question.status in (Status.UNANSWERED, Status.NEEDS_REVIEW):
            assert question.score == 0
    assert (grade.fault is not None) == (grade.status is Status.PENDING)
    assert grade_from_json(json.loads(json.dumps(grade_to_json(grade)))) == grade


@given(results=RESULTS, worse=st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.PASSED]))
def test_a_check_that_passes_never_lowers_a_score(results: tuple[CheckResult, ...], worse: Outcome) -> None:
    before = [*results, CheckResult("test_b", worse)]
    after = [*results, CheckResult("test_b", Outcome.PASSED)]
    assert code(EVERY_CHECK, after).score - code(EVERY_CHECK, before).score == 2


# Stored grades

AMOUNTS = st.fractions(min_value=0, max_value=1000, max_denominator=10**6)
TEXTS = st.text(max_size=20)
MAYBE = st.none() | TEXTS
FRAMES = st.builds(Frame, file=TEXTS, line=st.integers(1, 10**6), function=TEXTS, source=TEXTS)
CHECK_GRADES = st.builds(
    CheckGrade,
    id=TEXTS,
    title=TEXTS,
    visibility=st.sampled_from(Visibility),
    points=AMOUNTS,
    score=AMOUNTS,
    bonus=st.booleans(),
    outcome=st.sampled_from(Outcome),
    deferred=st.booleans(),
    device=TEXTS,
    hint=MAYBE,
    message=MAYBE,
    detail=MAYBE,
    frames=st.lists(FRAMES, max_size=2).map(tuple),
)
QUESTION_GRADES = st.builds(
    QuestionGrade,
    id=TEXTS,
    kind=TEXTS,
    title=TEXTS,
    points=AMOUNTS,
    score=AMOUNTS,
    bonus=AMOUNTS,
    bonus_points=AMOUNTS,
    deferred=AMOUNTS,
    status=st.sampled_from(Status),
    answer=MAYBE,
    message=MAYBE,
    feedback=MAYBE,
    checks=st.lists(CHECK_GRADES, max_size=2).map(tuple),
    comment=MAYBE,
    marked_by=MAYBE,
    criteria=st.lists(st.builds(CriterionGrade, TEXTS, TEXTS, AMOUNTS, AMOUNTS), max_size=2).map(tuple),
)
GRADES = st.builds(
    Grade,
    assignment=TEXTS,
    title=TEXTS,
    status=st.sampled_from(Status),
    score=AMOUNTS,
    points=AMOUNTS,
    bonus=AMOUNTS,
    bonus_points=AMOUNTS,
    deferred=AMOUNTS,
    questions=st.lists(QUESTION_GRADES, max_size=2).map(tuple),
    fault=MAYBE,
    output=TEXTS,
    environment=st.dictionaries(TEXTS, TEXTS, max_size=2),
)


@given(grade=GRADES)
def test_a_grade_comes_back_from_json_exactly(grade: Grade) -> None:
    data = json.loads(json.dumps(grade_to_json(grade)))
    back = grade_from_json(data)
    assert back == grade
    assert type(back.score) is Fraction
    assert grade_to_json(back) == data


GRADE = code(
    [make_check("test_a", Fraction(1, 3)), make_check("test_b", Fraction(8, 3))],
    [
        CheckResult("test_a", Outcome.PASSED),
        CheckResult("test_b", Outcome.FAILED, frames=(Frame("a.py", 1, "f", "x"),)),
    ],
)


def test_a_grade_that_was_stored_before_people_could_mark_is_read() -> None:
    grade = score_submission(make_assignment(CHOICE), (), Run(), Answers({"pick": "b"}))
    data = grade_to_json(grade)
    for name in ("comment", "marked_by", "criteria"):
        del data["questions"][0][name]
    assert grade_from_json(data) == grade


def test_fractions_are_stored_as_they_are() -> None:
    data = grade_to_json(GRADE)
    assert data["score"] == "1/3"
    assert data["questions"][0]["checks"][0]["outcome"] == "passed"


def test_text_that_is_no_unicode_survives() -> None:
    """A student's program may print half of a surrogate pair."""
    odd = replace(GRADE, output="\udc80 printed")
    assert grade_from_json(json.loads(json.dumps(grade_to_json(odd)))) == odd


@pytest.mark.parametrize("data", [None, [], "grade", 3, {}, {"assignment": "a"}, [["assignment", "a"]]])
def test_what_is_no_grade_is_refused(data: Any) -> None:
    with pytest.raises(ValueError):
        grade_from_json(data)


@pytest.mark.parametrize("name", ["assignment", "title", "status", "score", "points"])
def test_a_grade_that_lacks_what_it_must_have_is_refused(name: str) -> None:
    data = grade_to_json(GRADE)
    del data[name]
    with pytest.raises(ValueError, match=name):
        grade_from_json(data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score", "a third"),
        ("score", "1/0"),
        ("score", "nan"),
        ("score", math.inf),
        ("score", None),
        ("status", "excellent"),
        ("title", 3),
        ("questions", "none"),
        ("questions", [{"id": "code"}]),
        ("environment", ["torch"]),
        ("output", None),
    ],
)
def test_a_grade_with_a_value_of_another_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        grade_from_json({**grade_to_json(GRADE), name: value})


def test_damage_deep_inside_is_refused() -> None:
    for name, value in (("outcome", "perfect"), ("visibility", "secret"), ("bonus", "perhaps"), ("frames", [1])):
        data = json.loads(json.dumps(grade_to_json(GRADE)))
        data["questions"][0]["checks"][0][name] = value
        with pytest.raises(ValueError, match=name):
            grade_from_json(data)
