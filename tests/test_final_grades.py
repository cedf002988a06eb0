"""Final grades: marks, due dates, lateness, attempts and overrides, by examples and by what must always hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.decisions import Extension, Mark, Override
from grader.errors import InputError
from grader.policy import AttemptPolicy, LatePolicy, Penalty, Policy
from grader.results import Outcome, Visibility
from grader.roster import Roster, RosterStudent
from grader.scoring import (
    Attempt,
    CheckGrade,
    CriterionGrade,
    FinalGrade,
    Grade,
    QuestionGrade,
    Status,
    apply_marks,
    check_mark,
    check_override,
    count_units,
    counting_attempts,
    due_date,
    find_next_attempt,
    find_teammates,
    grade_from_json,
    grade_to_json,
    is_cut_off,
    judge_attempts,
    measure_lateness,
    penalise,
    score_rubric,
    settle,
)
from grader.spec import Assignment

ZERO, HALF = Fraction(0), Fraction(1, 2)
DUE = datetime(2026, 11, 30, 17, tzinfo=UTC)
DAY, HOUR, MINUTE, TICK = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
LATE = LatePolicy.model_validate({"grace": "15 min", "penalty": "10 % per day", "floor": "50 %", "cut_off": "7 d"})
FREE = Policy()
RUBRIC = [
    {
        "id": "reason",
        "title": "Gives the reason.",
        "levels": [
            {"id": "full", "title": "All of it", "points": 2},
            {"id": "part", "title": "A part", "points": 0.5},
            {"id": "none", "title": "None", "points": 0},
        ],
    },
    {"id": "example", "title": "Has an example", "points": 1},
]


def make_assignment(**more: Any) -> Assignment:
    """Return an assignment of 10 points: code for 7, an essay with a rubric for 3."""
    code = {"id": "code", "kind": "code", "points": 7, "prompt": "?", "file": "answer.py", "starter": "pass\n"}
    essay = {"id": "essay", "kind": "text", "points": 3, "prompt": "Why?", "rubric": RUBRIC}
    given = {"format": 1, "id": "losses", "title": "Losses", "summary": "S", "questions": [code, essay]}
    return Assignment.model_validate({**given, "directory": Path("losses"), **more})


ASSIGNMENT = make_assignment()


def make_grade(score: int | Fraction = 7, status: Status = Status.GRADED, bonus: int | Fraction = 0) -> Grade:
    """Return a grade of 10 points and 2 bonus points; one that is not settled waits for the whole code."""
    waits = status in (Status.PENDING, Status.NEEDS_REVIEW)
    question = QuestionGrade(
        "code", "code", "Code", Fraction(10), Fraction(score), Fraction(bonus), Fraction(2), status=status
    )
    return Grade(
        "losses", "Losses", status, question.score, Fraction(10), question.bonus, Fraction(2), questions=(question,),
        fault="ours" if waits and status is Status.PENDING else None,
    )  # fmt: skip


def attempt(after: timedelta, grade: Grade | int | None = 7, name: str | None = None, **more: Any) -> Attempt:
    """Return an attempt that was handed in so long after the due date."""
    given = make_grade(grade) if isinstance(grade, int) else grade
    at = DUE + after
    return Attempt(name or at.isoformat(timespec="microseconds"), at, given, **more)


def policy(late: LatePolicy | None = None, **attempts: Any) -> Policy:
    return Policy(late=late or LatePolicy(), attempts=AttemptPolicy.model_validate(attempts))


def final(attempts: Sequence[Attempt], rules: Policy = FREE, **more: Any) -> FinalGrade:
    return settle(ASSIGNMENT, "ada", attempts, rules, DUE, **more)


# Marks


def reviewed() -> Grade:
    """A grade whose essay waits for a person, and whose code has 4 of 7 points, 1 of them deferred."""
    check = CheckGrade("test_a", "A", Visibility.HIDDEN, Fraction(1), ZERO, False, Outcome.NOT_RUN, deferred=True)
    code = QuestionGrade(
        "code", "code", "Code", Fraction(7), Fraction(4), Fraction(1), Fraction(2), Fraction(1), checks=(check,)
    )
    essay = QuestionGrade("essay", "text", "Essay", Fraction(3), status=Status.NEEDS_REVIEW, answer="So.")
    return Grade(
        "losses", "Losses", Status.NEEDS_REVIEW, Fraction(4), Fraction(10), Fraction(1), Fraction(2), Fraction(1),
        questions=(code, essay),
    )  # fmt: skip


def mark(question: str, score: int | Fraction | None, minutes: int = 0, **more: Any) -> Mark:
    given = None if score is None else Fraction(score)
    return Mark("s", question, given, "bo", DUE + minutes * MINUTE, **more)


def test_a_mark_settles_an_answer_that_waits() -> None:
    given = mark("essay", Fraction(5, 2), rubric=("example=met", "reason=part", "gone=met"), comment="Nearly.")
    grade = apply_marks(reviewed(), [given], ASSIGNMENT)
    essay = grade.questions[1]
    assert (grade.status, grade.score, grade.bonus) == (Status.GRADED, Fraction(13, 2), Fraction(1))
    assert (essay.score, essay.status, essay.comment, essay.marked_by) == (
        Fraction(5, 2),
        Status.GRADED,
        "Nearly.",
        "bo",
    )
    assert essay.criteria == (
        CriterionGrade("Gives the reason.", "A part", HALF, Fraction(2)),
        CriterionGrade("Has an example", "Met", Fraction(1), Fraction(1)),
    )
    assert grade_from_json(grade_to_json(grade)) == grade
    assert apply_marks(reviewed(), [given]).questions[1].criteria == ()


def test_a_mark_takes_the_place_of_what_checks_gave_and_leaves_the_bonus() -> None:
    grade = apply_marks(reviewed(), [mark("code", 6)])
    assert (grade.score, grade.bonus, grade.deferred) == (Fraction(6), Fraction(1), ZERO)
    assert grade.status is Status.NEEDS_REVIEW
    assert grade.questions[0].checks == reviewed().questions[0].checks


def test_the_newest_mark_counts_and_can_take_the_others_back() -> None:
    marks = [mark("essay", 3, 2), mark("essay", 1, 1)]
    assert apply_marks(reviewed(), marks).questions[1].score == 3
    assert apply_marks(reviewed(), marks[::-1]).questions[1].score == 3
    assert apply_marks(reviewed(), [*marks, mark("essay", None, 3)]) == reviewed()
    assert apply_marks(reviewed(), [*marks, mark("essay", 2, 2)]).questions[1].score == 2
    assert apply_marks(reviewed(), [mark("other", 3)]) == reviewed()


def test_a_grade_is_pending_until_its_pending_question_is_marked() -> None:
    code, essay = reviewed().questions
    pending = replace(
        reviewed(), questions=(replace(code, status=Status.PENDING), essay), status=Status.PENDING, fault="ours"
    )
    assert apply_marks(pending, [mark("essay", 3)]).status is Status.PENDING
    assert apply_marks(pending, [mark("essay", 3)]).fault == "ours"
    assert apply_marks(pending, [mark("code", 3)]).status is Status.NEEDS_REVIEW
    both = apply_marks(pending, [mark("code", 3), mark("essay", 3)])
    assert (both.status, both.fault, both.score) == (Status.GRADED, None, Fraction(6))
    unexplained = replace(reviewed(), status=Status.PENDING)
    assert apply_marks(unexplained, [mark("essay", 3)]).status is Status.PENDING


def test_a_mark_never_counts_for_more_than_the_question() -> None:
    """Its assignment may have been worth more when it was given."""
    assert apply_marks(reviewed(), [mark("essay", 4), mark("code", -2)]).score == 3


@pytest.mark.parametrize(
    ("chosen", "points"), [(("reason=full", "example=met"), 3), (("example=not-met", "reason=part"), HALF)]
)
def test_a_rubric_gives_points(chosen: tuple[str, ...], points: Fraction) -> None:
    assert score_rubric(ASSIGNMENT.question("essay"), chosen) == points


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (("reason=full",), r"question 'essay': no level for example$"),
        (("reason=full", "exampel=met"), r"no criterion 'exampel' in the rubric of 'essay'; did you mean 'example'\?"),
        (("reason=ful", "example=met"), r"no level 'ful' of 'reason'; did you mean 'full'\?"),
        (("reason", "example=met"), r"no level '' of 'reason'"),
        (("example=met", "example=not-met"), r"two levels for 'example' of question 'essay'"),
        ((), r"no level for reason, example"),
    ],
)
def test_a_choice_that_is_not_in_the_rubric(chosen: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        score_rubric(ASSIGNMENT.question("essay"), chosen)
    assert raised.value.hint


def test_what_has_no_rubric_and_what_cannot_be_given() -> None:
    with pytest.raises(InputError, match="question 'code' has no rubric"):
        score_rubric(ASSIGNMENT.question("code"), ["reason=full"])
    assert check_mark(ASSIGNMENT.question("essay"), Fraction(3)) == 3
    assert check_override(Fraction(12), Fraction(10), Fraction(2)) == 12
    for score in (Fraction(-1, 10), Fraction(31, 10)):
        with pytest.raises(InputError, match=r"a mark of .* for 'essay' is not possible") as raised:
            check_mark(ASSIGNMENT.question("essay"), score)
        assert raised.value.hint == "the question is worth 3: give a score from 0 to 3"
    for score in (Fraction(-1), Fraction(121, 10)):
        with pytest.raises(InputError, match="is not possible") as raised:
            check_override(score, Fraction(10), Fraction(2))
        assert raised.value.hint == "give one from 0 to 12, 2 bonus points included"


# When it is due


def extend(days: int | None, at: int = 0, **whom: str) -> Extension:
    """Return an extension by so many days, which was given ``at`` minutes after the due date."""
    due = None if days is None else DUE + days * DAY
    return Extension(whom.pop("assignment", "losses"), due, "bo", DUE + at * MINUTE, "ill", **whom)


@pytest.mark.parametrize(
    ("extensions", "days"),
    [
        ([], 0),
        ([extend(2, student="ada")], 2),
        ([extend(2, student="bob")], 0),
        ([extend(2, section="B")], 2),
        ([extend(2, section="C")], 0),
        ([extend(2)], 2),
        ([extend(2, student="ada", section="C")], 0),
        ([extend(2, assignment="other")], 0),
        ([extend(-1, student="ada")], 0),
        ([extend(2, student="ada"), extend(1, 1, student="ada")], 2),
        ([extend(2, student="ada"), extend(3, section="B"), extend(1)], 3),
        # Taken back is what was given before, to the same.
        ([extend(2, student="ada"), extend(None, 1, student="ada")], 0),
        ([extend(None, 1, student="ada"), extend(2, student="ada")], 0),
        ([extend(2, student="ada"), extend(None, 1, student="ada"), extend(1, 2, student="ada")], 1),
        ([extend(2, student="ada"), extend(1), extend(None, 1, student="ada")], 1),
        ([extend(2, section="B"), extend(None, 1, student="ada")], 2),
    ],
)
def test_the_latest_due_date_that_concerns_a_student_counts(extensions: list[Extension], days: int) -> None:
    assert due_date(DUE, extensions, "losses", "ada", "B") == DUE + days * DAY
    assert due_date(DUE, extensions, "losses", "ada", "Lab and B") == DUE + days * DAY  # Canvas: in both sections


def test_what_is_never_due_is_never_late() -> None:
    assert due_date(None, [extend(2)], "losses", "ada") is None
    assert measure_lateness(DUE, None) == timedelta()


def test_moments_are_compared_and_not_clocks() -> None:
    """At the end of summer time the clock shows half past two twice."""
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert measure_lateness(second, first) == HOUR
    assert measure_lateness(first, second) == timedelta()
    assert due_date(first, [Extension("a", second, "bo", DUE, "")], "a", "ada") is second


# What lateness costs

EXAMPLES = [
    (timedelta(), 8, 0, "8"),
    (15 * MINUTE, 8, 0, "8"),
    (15 * MINUTE + TICK, 8, 1, "7"),
    (DAY, 8, 1, "7"),
    (DAY + TICK, 8, 2, "6"),
    (3 * DAY, 8, 3, "5"),
    (4 * DAY, 8, 4, "4"),
    (5 * DAY, 8, 5, "4"),
    (7 * DAY, 8, 7, "4"),
    (7 * DAY + TICK, 8, 8, "0"),
    (5 * DAY, 1, 5, "1/2"),
    (DAY, 0, 1, "0"),
]


@pytest.mark.parametrize(("lateness", "score", "units", "left"), EXAMPLES)
def test_each_started_day_costs_its_share_of_the_points(lateness: timedelta, score: int, units: int, left: str) -> None:
    assert count_units(lateness, LATE) == units
    assert penalise(Fraction(score), Fraction(10), lateness, LATE) == Fraction(left)


def test_hours_are_exact() -> None:
    hourly = LatePolicy(penalty=Penalty(Fraction(1, 300), "hour"))
    assert penalise(Fraction(1, 3), Fraction(1), 2 * HOUR, hourly) == Fraction(1, 3) - Fraction(2, 300)
    assert penalise(Fraction(1, 3), Fraction(1), 100 * HOUR, hourly) == 0


SCORES = st.fractions(min_value=0, max_value=10, max_denominator=60)
LENGTHS = st.timedeltas(min_value=timedelta(), max_value=9 * DAY)
SHARES = st.fractions(min_value=0, max_value=1, max_denominator=60)
UNITS: st.SearchStrategy[Literal["day", "hour"]] = st.sampled_from(("day", "hour"))


@st.composite
def late_policies(draw: st.DrawFn) -> LatePolicy:
    grace = draw(st.none() | LENGTHS)
    return LatePolicy(
        grace=grace,
        penalty=draw(st.none() | st.builds(Penalty, SHARES, UNITS)),
        floor=draw(st.none() | SHARES),
        cut_off=draw(st.none() | LENGTHS.map(lambda more: (grace or timedelta()) + more)),
    )


@given(SCORES, LENGTHS, late_policies())
def test_a_penalty_stays_between_the_floor_and_the_score(
    score: Fraction, lateness: timedelta, late: LatePolicy
) -> None:
    left = penalise(score, Fraction(10), lateness, late)
    assert isinstance(left, Fraction)
    assert 0 <= left <= score
    if is_cut_off(lateness, late):
        assert left == 0
    else:
        assert left >= score * (late.floor or 0)
    if lateness <= (late.grace or timedelta()):
        assert left == score


@given(SCORES, SCORES, LENGTHS, LENGTHS, late_policies())
def test_more_lateness_never_helps_and_a_better_score_never_hurts(
    score: Fraction, more: Fraction, lateness: timedelta, longer: timedelta, late: LatePolicy
) -> None:
    points = Fraction(20)
    assert penalise(score, points, lateness + longer, late) <= penalise(score, points, lateness, late)
    assert penalise(score + more, points, lateness, late) >= penalise(score, points, lateness, late)


# Which attempts count


def stand(rules: AttemptPolicy, *attempts: Attempt) -> list[str | None]:
    return [standing.reason for standing in judge_attempts(attempts, rules)]


def test_attempts_beyond_the_limit_do_not_count() -> None:
    attempts = [attempt(n * HOUR) for n in range(4)]
    beyond = "beyond the limit of 2"
    assert stand(AttemptPolicy(limit=2), *attempts) == [None, None, beyond, beyond]
    assert counting_attempts(attempts, AttemptPolicy(limit=2)) == tuple(attempts[:2])


def test_an_attempt_inside_the_cooldown_does_not_count_and_starts_none() -> None:
    rules = AttemptPolicy.model_validate({"cooldown": "1 h", "limit": 3})
    times = [timedelta(), 59 * MINUTE, HOUR, 2 * HOUR - TICK, 2 * HOUR, 4 * HOUR]
    inside, beyond = "inside the cooldown of 1 h", "beyond the limit of 3"
    assert stand(rules, *map(attempt, times)) == [None, inside, None, inside, None, beyond]


def test_a_fault_of_ours_uses_up_no_attempt_and_starts_no_cooldown() -> None:
    rules = AttemptPolicy.model_validate({"cooldown": "1 h", "limit": 1})
    pending, later = attempt(timedelta(), make_grade(0, Status.PENDING)), attempt(MINUTE)
    assert stand(rules, pending, later, attempt(2 * HOUR)) == [None, None, "beyond the limit of 1"]
    # Graded since, it may count, and the attempt that the student made meanwhile as well.
    assert stand(rules, replace(pending, grade=make_grade(9), excused=True), later) == [None, None]
    # What only waits for its turn, or for a person, is an attempt like others.
    for grade in (None, make_grade(0, Status.NEEDS_REVIEW)):
        assert stand(rules, replace(pending, grade=grade), later) == [None, "beyond the limit of 1"]


def test_whether_another_attempt_is_open_and_when() -> None:
    rules = AttemptPolicy.model_validate({"cooldown": "1 h", "limit": 2})
    none = find_next_attempt([], rules, DUE)
    assert (none.is_open, none.used, none.limit) == (True, 0, 2)
    one = find_next_attempt([attempt(timedelta())], rules, DUE + 20 * MINUTE)
    assert (one.is_open, one.used, one.opens_at) == (False, 1, DUE + HOUR)
    assert one.reason == "the next attempt opens in 40 min"
    assert find_next_attempt([attempt(timedelta())], rules, DUE + HOUR).is_open
    two = find_next_attempt([attempt(timedelta()), attempt(HOUR)], rules, DUE + DAY)
    assert (two.is_open, two.used, two.opens_at, two.reason) == (False, 2, None, "all 2 attempts are used up")
    only = find_next_attempt([attempt(timedelta())], AttemptPolicy(limit=1), DUE + DAY)
    assert only.reason == "the only attempt is used up"


def test_whose_submissions_count() -> None:
    roster = Roster(
        (RosterStudent("ada", group="g"), RosterStudent("bob", group="g"), RosterStudent("cy"), RosterStudent("di"))
    )
    together = make_assignment(groups=True)
    assert find_teammates(together, "bob", roster) == ("ada", "bob")
    assert find_teammates(together, "cy", roster) == ("cy",)
    assert find_teammates(together, "eve", roster) == ("eve",)
    assert find_teammates(ASSIGNMENT, "bob", roster) == ("bob",)


# The final grade


def test_the_whole_arithmetic() -> None:
    graded = attempt(DAY + HOUR, make_grade(8, bonus=1))
    settled = final([graded], policy(LATE))
    assert (settled.status, settled.attempt, settled.number) == (Status.GRADED, graded, 1)
    assert settled.lateness == DAY + HOUR
    assert (settled.units, settled.raw_score, settled.raw_bonus) == (2, Fraction(8), Fraction(1))
    assert (settled.score, settled.points, settled.bonus, settled.bonus_points) == (
        Fraction(6),
        Fraction(10),
        Fraction(3, 5),
        Fraction(2),
    )
    assert settled.penalty == (
        "late by 1 d 1 h: 2 started days \u00d7 10 % of 10 points = 2; 8 - 2 = 6; bonus 1, so 0.6"
    )
    assert settled.notes == ()


def test_nothing_is_taken_from_nothing() -> None:
    told = final([attempt(5 * DAY, 0)], policy(LATE)).penalty
    assert told == "late by 5 d: 5 started days \u00d7 10 % of 10 points = 5; 0 points stay 0"


@pytest.mark.parametrize(
    ("late", "lateness", "text"),
    [
        (LATE, timedelta(), None),
        (LATE, -DAY, None),
        (LATE, 10 * MINUTE, "late by 10 min: within the grace of 15 min"),
        (LatePolicy(), DAY, "late by 1 d: the policy takes nothing off"),
        (LATE, HOUR, "late by 1 h: 1 started day \u00d7 10 % of 10 points = 1; 8 - 1 = 7"),
        (LATE, 5 * DAY, "late by 5 d: 5 started days \u00d7 10 % of 10 points = 5; 8 - 5 is below 50 % of 8, so 4"),
        (LATE, 8 * DAY, "late by 8 d: after the cut-off of 7 d, nothing counts"),
        (
            LatePolicy(penalty=Penalty(Fraction(1, 3), "hour")),
            3 * HOUR,
            "late by 3 h: 3 started hours \u00d7 100/3 % of 10 points = 10; 8 - 10 is below 0, so 0",
        ),
        (LATE, TICK, "late by 1 s: within the grace of 15 min"),
    ],
)
def test_lateness_is_shown_as_arithmetic(late: LatePolicy, lateness: timedelta, text: str | None) -> None:
    assert final([attempt(lateness, 8)], policy(late)).penalty == text


def test_work_after_the_cut_off_earns_nothing_and_says_so() -> None:
    settled = final([attempt(8 * DAY, make_grade(8, bonus=2))], policy(LATE))
    assert (settled.status, settled.score, settled.bonus, settled.raw_score) == (Status.GRADED, ZERO, ZERO, Fraction(8))
    assert settled.notes == ("Attempt 1 came after the cut-off: it earns nothing.",)


def test_an_extension_counts_for_lateness_and_the_cut_off() -> None:
    settled = final([attempt(8 * DAY, 8)], policy(LATE), extensions=[extend(7, student="ada")])
    assert (settled.score, settled.due, settled.lateness) == (Fraction(7), DUE + 7 * DAY, DAY)


ATTEMPTS = (attempt(-DAY, 5, "one"), attempt(-HOUR, 9, "two"), attempt(3 * DAY, 10, "three"))


@pytest.mark.parametrize(("counts", "name", "score"), [("first", "one", 5), ("best", "two", 9), ("last", "three", 7)])
def test_which_attempt_counts(counts: str, name: str, score: int) -> None:
    settled = final(ATTEMPTS, policy(LATE, counts=counts))
    assert settled.attempt is not None
    assert (settled.attempt.submission, settled.score) == (name, Fraction(score))
    assert (settled.used, settled.limit) == (3, None)


def test_of_two_attempts_alike_the_earlier_is_the_best() -> None:
    settled = final([attempt(HOUR, 5, "b"), attempt(HOUR, 5, "a"), attempt(2 * HOUR, 5, "c")], policy(counts="best"))
    assert settled.attempt is not None
    assert (settled.attempt.submission, settled.number) == ("a", 1)


def test_what_does_not_count_is_said() -> None:
    settled = final(ATTEMPTS, policy(counts="best", limit=1))
    assert (settled.score, settled.used, settled.limit) == (Fraction(5), 1, 1)
    assert settled.notes == ("Attempts 2, 3 do not count: beyond the limit of 1.",)
    many = final([attempt(n * HOUR) for n in range(20)], policy(limit=1))
    assert many.notes == ("Attempts 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 9 more do not count: beyond the limit of 1.",)
    cool = final([attempt(timedelta()), attempt(MINUTE)], policy(cooldown="1 h"))
    assert cool.notes == ("Attempt 2 does not count: inside the cooldown of 1 h.",)


def test_nothing_handed_in_is_no_grade() -> None:
    settled = final([], policy(LATE))
    assert (settled.status, settled.attempt, settled.score, settled.points) == (None, None, ZERO, Fraction(10))
    assert settled.notes == ("Nothing was handed in.",)


@pytest.mark.parametrize("grade", [None, make_grade(0, Status.PENDING)])
def test_first_and_last_wait_for_their_attempt(grade: Grade | None) -> None:
    status = None if grade is None else Status.PENDING
    waiting, graded = attempt(timedelta(), grade, "waiting"), attempt(HOUR, 8, "graded")
    assert final([waiting, graded], policy(counts="first")).status is status
    assert final([waiting, graded], policy(counts="last")).score == 8
    earlier = replace(graded, submitted_at=DUE - HOUR)
    assert final([earlier, waiting], policy(counts="last")).status is status
    assert final([earlier, waiting], policy(counts="first")).score == 8
    assert final([waiting], policy(counts="best")).status is status


def test_the_best_attempt_stands_while_others_wait() -> None:
    waiting = attempt(HOUR, make_grade(0, Status.PENDING), "waiting")
    settled = final([attempt(timedelta(), 8), waiting], policy(counts="best"))
    assert (settled.status, settled.score, settled.used) == (Status.GRADED, Fraction(8), 1)
    assert settled.notes == ("Attempt 2 does not count yet, and may raise the grade.",)
    ungraded = final([attempt(timedelta(), 8), attempt(HOUR, None)], policy(counts="best"))
    assert (ungraded.status, ungraded.score, ungraded.notes) == (Status.GRADED, Fraction(8), settled.notes)
    too_late = final([attempt(timedelta(), 8), attempt(8 * DAY, None)], policy(LATE, counts="best"))
    assert (too_late.score, too_late.notes) == (Fraction(8), ())


def test_an_answer_that_nobody_has_read_may_turn_out_the_best() -> None:
    unread = attempt(HOUR, make_grade(2, Status.NEEDS_REVIEW), "unread")
    settled = final([attempt(timedelta(), 8), unread], policy(counts="best"))
    assert (settled.status, settled.score) == (Status.NEEDS_REVIEW, Fraction(8))
    read = final(
        [attempt(timedelta(), 8), unread], policy(counts="best"), marks=[Mark("unread", "code", ZERO, "b", DUE)]
    )
    assert (read.status, read.score, read.notes) == (Status.GRADED, Fraction(8), ())
    late = policy(LatePolicy(penalty=Penalty(Fraction(1, 4), "hour")), counts="best")
    hopeless = final([attempt(timedelta(), 8), unread], late)
    assert (hopeless.status, hopeless.notes) == (Status.GRADED, ())
    no_better = final([attempt(timedelta(), 10), unread], policy(counts="best"))
    assert (no_better.status, no_better.notes) == (Status.GRADED, ())


def test_marks_count_for_their_submission_alone() -> None:
    marks = [Mark("two", "code", Fraction(3), "bo", DUE)]
    assert final(ATTEMPTS, policy(counts="best"), marks=marks).score == 10
    assert final(ATTEMPTS[:2], policy(counts="best"), marks=marks).score == 5
    marked = final(ATTEMPTS[:2], policy(counts="last"), marks=marks)
    assert (marked.score, marked.raw_score) == (Fraction(3), Fraction(3))
    assert marked.grade is not None
    assert marked.grade.questions[0].marked_by == "bo"


def test_a_groups_attempt_counts_for_a_student_with_an_extension_of_their_own() -> None:
    shared = [attempt(HOUR, 8, student="bob")]
    for_ada = final(shared, policy(LATE), extensions=[extend(1, student="ada")])
    assert (for_ada.score, for_ada.notes) == (Fraction(8), ("Attempt 1, by bob for the group, counts.",))
    assert settle(ASSIGNMENT, "bob", shared, policy(LATE), DUE, extensions=[extend(1, student="ada")]).score == 7


def override(score: int | Fraction | None, minutes: int = 0, **more: str) -> Override:
    given = {"student": "ada", "assignment": "losses", "by": "bo", "why": "agreed", **more}
    return Override(score=None if score is None else Fraction(score), at=DUE + minutes * MINUTE, **given)


@pytest.mark.parametrize(("given", "score", "bonus"), [(9, 9, 0), (10, 10, 0), (11, 10, 1), (12, 10, 2), (0, 0, 0)])
def test_an_override_counts_in_place_of_score_and_bonus(given: int, score: int, bonus: int) -> None:
    settled = final([attempt(DAY, make_grade(8, bonus=1))], policy(LATE), overrides=[override(given)])
    assert (settled.score, settled.bonus, settled.total) == (Fraction(score), Fraction(bonus), Fraction(given))
    assert settled.override == override(given)
    assert (settled.raw_score, settled.units) == (Fraction(8), 1)


def test_an_override_settles_whatever_else_there_is() -> None:
    for attempts in ([], [attempt(DAY, None)], [attempt(DAY, make_grade(1, Status.PENDING))]):
        settled = final(attempts, overrides=[override(9)])
        assert (settled.status, settled.score) == (Status.GRADED, Fraction(9))


def test_the_newest_override_of_the_student_counts() -> None:
    others = [override(1, student="bob"), override(2, assignment="other")]
    assert final(ATTEMPTS, overrides=others).override is None
    assert final(ATTEMPTS, overrides=[override(3, 2), override(4, 1), *others]).score == 3
    assert final(ATTEMPTS, overrides=[override(3), override(4)]).score == 4


def test_an_override_beyond_what_can_be_earned_is_cut_and_said() -> None:
    settled = final(ATTEMPTS, overrides=[override(13)])
    assert (settled.score, settled.bonus) == (Fraction(10), Fraction(2))
    assert settled.notes == ("The override gives 13, and no more than 12 can be earned.",)


# What always holds

GRADES = st.none() | st.builds(
    make_grade,
    SCORES,
    st.sampled_from((Status.GRADED, Status.NEEDS_REVIEW, Status.PENDING)),
    st.fractions(min_value=0, max_value=2, max_denominator=10),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Attempt]:
    hours = draw(st.lists(st.integers(-48, 120), max_size=6))
    return [
        Attempt(f"s{number}", DUE + hour * HOUR / 2, draw(GRADES), draw(st.booleans()))
        for number, hour in enumerate(hours)
    ]


ATTEMPT_POLICIES = st.builds(
    AttemptPolicy,
    limit=st.none() | st.integers(1, 4),
    cooldown=st.none() | st.integers(0, 6).map(lambda hours: hours * HOUR / 2),
    counts=st.sampled_from(("last", "best", "first")),
)
POLICIES = st.builds(Policy, late=late_policies(), attempts=ATTEMPT_POLICIES)
SETTLED = (Status.GRADED, Status.NEEDS_REVIEW)


def with_counts(rules: Policy, counts: str) -> Policy:
    return Policy(late=rules.late, attempts=rules.attempts.model_copy(update={"counts": counts}))


@given(histories(), POLICIES)
def test_a_final_grade_stays_within_what_can_be_earned(attempts: list[Attempt], rules: Policy) -> None:
    settled = final(attempts, rules)
    assert 0 <= settled.score <= settled.raw_score <= settled.points
    assert 0 <= settled.bonus <= settled.raw_bonus <= settled.bonus_points or settled.grade is None
    assert isinstance(settled.score, Fraction)
    assert isinstance(settled.bonus, Fraction)


@given(st.data(), histories(), POLICIES)
def test_the_order_in_which_submissions_are_listed_does_not_matter(
    data: st.DataObject, attempts: list[Attempt], rules: Policy
) -> None:
    assert final(data.draw(st.permutations(attempts)), rules) == final(attempts, rules)


@given(histories(), POLICIES, st.integers(-48, 96), st.sampled_from(("ada", "bob", None)))
def test_an_extension_never_lowers_a_grade(
    attempts: list[Attempt], rules: Policy, hours: int, student: str | None
) -> None:
    extension = Extension("losses", DUE + hours * HOUR, "bo", DUE, "ill", student)
    assert final(attempts, rules, extensions=[extension]).total >= final(attempts, rules).total


@given(histories(), POLICIES)
def test_the_best_attempt_is_no_worse_than_any_other_choice(attempts: list[Attempt], rules: Policy) -> None:
    best = final(attempts, with_counts(rules, "best"))
    for counts in ("first", "last"):
        other = final(attempts, with_counts(rules, counts))
        assert other.status not in SETTLED or best.total >= other.total


@given(histories(), POLICIES, SCORES)
def test_an_override_that_was_taken_back_is_none(attempts: list[Attempt], rules: Policy, score: Fraction) -> None:
    overrides = [override(None, 1), override(score, 0)]
    assert final(attempts, rules, overrides=overrides) == final(attempts, rules)


@given(histories(), POLICIES, st.integers(-48, 120))
def test_a_fault_of_ours_never_costs_an_attempt_or_the_best_grade(
    attempts: list[Attempt], rules: Policy, hour: int
) -> None:
    failed = Attempt("failed", DUE + hour * HOUR / 2, make_grade(0, Status.PENDING))
    mended = replace(failed, grade=make_grade(10), excused=True)
    rules = with_counts(rules, "best")
    before = final(attempts, rules)
    for one in (failed, mended):
        after = final([*attempts, one], rules)
        assert after.used == before.used
        assert before.status not in SETTLED or (after.status in SETTLED and after.total >= before.total)
        counting = {found.submission for found in counting_attempts([*attempts, one], rules.attempts)}
        assert counting >= {found.submission for found in counting_attempts(attempts, rules.attempts)}


@given(histories(), ATTEMPT_POLICIES, st.integers(0, 20))
def test_what_is_said_of_the_next_attempt_is_what_becomes_of_it(
    attempts: list[Attempt], rules: AttemptPolicy, hours: int
) -> None:
    now = max([DUE, *(one.submitted_at for one in attempts)]) + hours * HOUR / 2

    def counts(at: datetime) -> bool:
        return judge_attempts([*attempts, Attempt("z", at)], rules)[-1].counts

    told = find_next_attempt(attempts, rules, now)
    assert told.is_open == counts(now)
    assert (told.reason is None) == told.is_open
    if told.opens_at is not None:
        assert counts(told.opens_at)
        assert not counts(told.opens_at - TICK)


@given(st.permutations([mark("essay", 1, 0), mark("essay", 2, 1), mark("code", 5, 2), mark("code", 3, 3)]))
def test_the_order_in_which_marks_are_listed_does_not_matter(marks: list[Mark]) -> None:
    grade = apply_marks(reviewed(), marks)
    assert [question.score for question in grade.questions] == [Fraction(3), Fraction(2)]
    assert (grade.score, grade.status) == (Fraction(5), Status.GRADED)
