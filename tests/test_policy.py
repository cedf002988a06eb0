"""The rules for handing in: how they are written, what is said of those that are wrong, and how two of them join."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import SpecError
from grader.policy import (
    AttemptPolicy,
    LatePolicy,
    Penalty,
    Policy,
    describe_rules,
    feedback_from,
    find_fault,
    format_duration,
    merge,
    parse_due,
    parse_duration,
    parse_penalty,
    parse_share,
    parse_zone,
)
from grader.questions import TextQuestion
from grader.spec import Course, load_assignment, load_course

Writer = Callable[..., Path]
BERLIN = ZoneInfo("Europe/Berlin")
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

# Durations and shares


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2 d", 2 * DAY),
        ("36 h", 36 * HOUR),
        ("15 min", 15 * MINUTE),
        ("90 s", timedelta(seconds=90)),
        ("1 d 12 h", 36 * HOUR),
        ("1d12h", 36 * HOUR),
        (" 1 d 30 s ", DAY + timedelta(seconds=30)),
        ("0 d", timedelta()),
        ("P2D", 2 * DAY),
        ("PT36H", 36 * HOUR),
        ("PT15M", 15 * MINUTE),
        ("P1DT12H30M5S", DAY + 12 * HOUR + 30 * MINUTE + timedelta(seconds=5)),
        ("3650 d", 3650 * DAY),
    ],
)
def test_a_duration(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "given",
    ["", "2", "d", "2 days", "12 h 1 d", "1 d 1 d", "-1 d", "1.5 h", "P", "PT", "P1DT", "P1M", "1 D", "2 d,", "٣ d"],
)
def test_what_is_no_duration(given: str) -> None:
    with pytest.raises(ValueError, match=r"must be a duration such as 2 d, 1 d 12 h or 15 min"):
        parse_duration(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (15, "must be a duration with its unit, such as 2 d, 36 h or 15 min, not 15"),
        (True, "not true"),
        (["2 d"], "not a list"),
        ("3651 d", "must be at most 3650 d, not '3651 d'"),
        ("999999999 d", "must be at most 3650 d"),
    ],
)
def test_what_is_said_of_other_durations(given: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_duration(given)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3650)))
def test_a_duration_is_written_as_it_is_read(length: timedelta) -> None:
    """To the second, and a started one counts: nobody is told that they were late by 0 s."""
    assert timedelta() <= parse_duration(format_duration(length)) - length < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "share"),
    [("50 %", Fraction(1, 2)), ("0%", Fraction(0)), ("12.5 %", Fraction(1, 8)), ("100 %", Fraction(1))],
)
def test_a_per_cent_is_exact(text: str, share: Fraction) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("given", [50, 0.5, "50", "50 percent", "-1 %", None, "1e1 %"])
def test_a_number_alone_is_no_per_cent(given: object) -> None:
    with pytest.raises(ValueError, match="must be a per cent such as 50 %, not"):
        parse_share(given)


def test_a_penalty() -> None:
    assert parse_penalty("10 % per day") == Penalty(Fraction(1, 10), "day")
    assert parse_penalty("0.1% per  hour") == Penalty(Fraction(1, 1000), "hour")
    assert (parse_penalty("1 % per day").length, parse_penalty("1 % per hour").length) == (DAY, HOUR)
    for other in ("10 %", "10 per day", "10 % per week", "10 % a day", 10, None):
        with pytest.raises(ValueError, match=r"must be such as 10 % per day or 0\.5 % per hour, not"):
            parse_penalty(other)
    for parse, text in ((parse_penalty, "101 % per day"), (parse_share, "100.1 %")):
        with pytest.raises(ValueError, match="must be from 0 % to 100 %"):
            parse(text)


# Due dates


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-30T18:00+01:00", datetime(2026, 11, 30, 17, tzinfo=UTC)),
        ("2026-11-30 18:00:30Z", datetime(2026, 11, 30, 18, 0, 30, tzinfo=UTC)),
        ("2026-11-30T18:00", datetime(2026, 11, 30, 17, tzinfo=UTC)),
        ("2026-06-30T18:00", datetime(2026, 6, 30, 16, tzinfo=UTC)),
        ("2026-11-30", datetime(2026, 11, 30, 22, 59, 59, 999999, tzinfo=UTC)),
        # The clocks are put back at 3: the time comes twice, and the later one counts.
        ("2026-10-25T02:30", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        # The clocks are put forward at 2: there is no such time, and what is an hour later counts.
        ("2026-03-29T02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_due_date(text: str, moment: datetime) -> None:
    assert parse_due(text).resolve(BERLIN).astimezone(UTC) == moment


def test_a_due_date_without_a_zone_needs_one() -> None:
    assert parse_due("2026-11-30").needs_zone
    assert not parse_due("2026-11-30T18:00Z").needs_zone
    assert parse_due("2026-11-30T18:00Z").resolve(None) == datetime(2026, 11, 30, 18, tzinfo=UTC)
    with pytest.raises(ValueError, match="without a time zone"):
        parse_due("2026-11-30").resolve(None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("30.11.2026", r"must be such as 2026-11-30, 2026-11-30T18:00 or 2026-11-30T18:00\+01:00, not '30\.11\.2026'"),
        ("2026-11-30+01:00", "must be such as"),
        ("20261130", "must be such as"),
        (20261130, "must be such as .* not 20261130"),
        (None, "not empty"),
        ("2026-11-31", "must be a date of the calendar, not '2026-11-31'"),
        ("2026-11-30T24:00", "must be a date of the calendar"),
        ("2026-11-30T18:00+99:00", "must be a date of the calendar"),
        ("0001-01-01", "must be in the years 1970 to 8999"),
        ("9999-12-31", "must be in the years"),
    ],
)
def test_what_is_no_due_date(given: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_due(given)


@pytest.mark.parametrize("name", ["Europe", "../../etc/passwd", "/etc/localtime", "", "localtime", "right/UTC", "a\0b"])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(ValueError, match="must be a time zone such as Europe/Berlin, not"):
        parse_zone(name)


def test_a_time_zone() -> None:
    assert parse_zone("Europe/Berlin") == BERLIN
    with pytest.raises(ValueError, match="did you mean 'Europe/Berlin'"):
        parse_zone("Europe/Berln")
    with pytest.raises(ValueError, match="not a number"):
        parse_zone(1)


# In the files of a course

COURSE = """\
title: Losses
assignments: [mean-loss]
time_zone: Europe/Berlin
policy:
  late: {grace: 15 min, penalty: 10 % per day, floor: 50 %, cut_off: 7 d}
  attempts: {limit: 5, cooldown: 10 min, counts: best}
"""


@pytest.fixture
def write_course(write_assignment: Writer, assignment_yaml: str, tmp_path: Path) -> Callable[..., Course]:
    """Write a course of one assignment, with more in its assignment.yaml; return the course."""

    def write(more: str = "", course: str = COURSE) -> Course:
        write_assignment(assignment_yaml + more)
        (tmp_path / "course.yaml").write_text(course)
        return load_course(tmp_path)

    return write


def test_an_assignment_has_the_policy_of_its_course(write_course: Callable[..., Course]) -> None:
    course = write_course("due: 2026-11-30T18:00\n")
    assignment = course.load("mean-loss")
    late = LatePolicy.model_validate({"grace": "15 min", "penalty": "10 % per day", "floor": "50 %", "cut_off": "7 d"})
    assert course.policy_of(assignment).late == late
    assert (late.grace, late.floor, late.cut_off) == (15 * MINUTE, Fraction(1, 2), 7 * DAY)
    attempts = course.policy_of(assignment).attempts
    assert (attempts.limit, attempts.cooldown, attempts.counts) == (5, 10 * MINUTE, "best")
    assert course.due_of(assignment) == datetime(2026, 11, 30, 18, tzinfo=BERLIN)


def test_an_assignments_own_keys_take_the_place_of_the_courses(write_course: Callable[..., Course]) -> None:
    own = "policy:\n  late: {penalty: 1 % per hour, cut_off: }\n  attempts: {limit: , counts: first}\n"
    course = write_course(own)
    policy = course.policy_of(course.load("mean-loss"))
    assert policy.late.penalty == Penalty(Fraction(1, 100), "hour")
    assert (policy.late.grace, policy.late.floor, policy.late.cut_off) == (15 * MINUTE, Fraction(1, 2), None)
    assert (policy.attempts.limit, policy.attempts.cooldown, policy.attempts.counts) == (None, 10 * MINUTE, "first")


def test_without_a_policy_lateness_is_free_and_the_newest_attempt_counts(write_course: Callable[..., Course]) -> None:
    course = write_course(course="title: Losses\nassignments: [mean-loss]\n")
    assignment = course.load("mean-loss")
    assert course.policy_of(assignment) == merge(None, None) == Policy()
    assert course.policy_of(assignment).late == LatePolicy()
    assert course.policy_of(assignment).attempts == AttemptPolicy(limit=None, cooldown=None, counts="last")
    assert course.due_of(assignment) is None
    assert assignment.groups is False


LINE = 41  # of assignment.yaml, where what the tests add begins


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("due: tomorrow\n", "41:6: 'due' must be such as 2026-11-30, 2026-11-30T18:00 or 2026-11-30T18:00+01:00"),
        ("policy: {late: {grace: 15}}\n", "41:24: 'grace' must be a duration with its unit"),
        ("policy: {late: {penalty: 10}}\n", "41:26: 'penalty' must be such as 10 % per day"),
        ("policy: {late: {floor: 0.5}}\n", "41:24: 'floor' must be a per cent such as 50 %, not 0.5"),
        ("policy: {late: {cutoff: 2 d}}\n", "41:17: unknown key 'cutoff'; did you mean 'cut_off'?"),
        ("policy: {late: {grace: 2 d, cut_off: 1 d}}\n", "41:16: 'late' ends before it begins: the grace is 2 d"),
        ("policy: {late: 2 d}\n", "41:16: 'late' must be a mapping of keys, not text"),
        ("policy: {attempts: {limit: 0}}\n", "41:28: 'limit' must be at least 1, not 0"),
        ("policy: {attempts: {limit: 1.5}}\n", "41:28: 'limit' must be a whole number, not 1.5"),
        ("policy: {attempts: {counts: bset}}\n", "41:29: 'counts' must be 'last', 'best' or 'first', not 'bset'; did"),
        ("groups: yes\n", "41:9: 'groups' must be true or false, not text"),
        # What is sound on its own, and not together with the course's.
        ("policy: {late: {grace: 8 d}}\n", "41:16: with what course.yaml says, 'late' ends before it begins"),
    ],
)
def test_what_is_wrong_with_an_assignments_rules(write_course: Callable[..., Course], more: str, expected: str) -> None:
    course = write_course(more)
    with pytest.raises(SpecError) as raised:
        course.load("mean-loss")
    (problem,) = raised.value.problems
    assert str(problem).removeprefix(f"{course.directory}/mean-loss/assignment.yaml:").startswith(expected)


def test_a_due_date_without_any_zone_says_how_to_give_one(write_course: Callable[..., Course]) -> None:
    course = write_course("due: 2026-11-30\n", "title: Losses\nassignments: [mean-loss]\n")
    with pytest.raises(SpecError) as raised:
        course.load("mean-loss")
    (problem,) = raised.value.problems
    assert (problem.line, problem.column) == (LINE, 6)
    assert problem.message == (
        "'due' needs a time zone: write +01:00 behind the time, or 'time_zone: Europe/Berlin' in course.yaml"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Europe/Berlin", "Europe/Berln", "3:12: 'time_zone' must be a time zone such as Europe/Berlin, not"),
        ("limit: 5", "limit: five", "6:21: 'limit' must be a whole number, not text"),
        ("late: {grace: 15 min, ", "lateness: {", "5:3: unknown key 'lateness'; did you mean 'late'?"),
    ],
)
def test_what_is_wrong_with_a_courses_rules(
    write_course: Callable[..., Course], tmp_path: Path, old: str, new: str, expected: str
) -> None:
    with pytest.raises(SpecError) as raised:
        write_course(course=COURSE.replace(old, new))
    assert str(raised.value).removeprefix(f"{tmp_path}/course.yaml:").startswith(expected)


def test_rules_do_not_change_what_kept_grades_depend_on(write_assignment: Writer, assignment_yaml: str) -> None:
    directory = write_assignment()

    def digest(text: str) -> str:
        (directory / "assignment.yaml").write_text(text)
        return load_assignment(directory).digest

    bare = digest(assignment_yaml)
    rules = "# When it is due\ndue: 2026-11-30T18:00Z\npolicy:\n  late:\n    grace: 2 d  # this year\ngroups: true\n"
    assert digest(assignment_yaml + rules) == bare
    assert digest(rules + assignment_yaml.replace("topics:", "\n# What it is about\ntopics:")) == bare
    assert digest(assignment_yaml + rules.replace("2 d", "3 d").replace("11-30", "12-24")) == bare
    assert digest(assignment_yaml.replace("seconds: 30", "seconds: 31") + rules) != bare
    assert digest(assignment_yaml.replace("correct: 3,", "correct: 4,") + rules) != bare


def test_a_spoilt_file_has_a_digest_of_its_bytes(write_assignment: Writer) -> None:
    assignment = load_assignment(write_assignment())
    other = load_assignment(assignment.directory)
    (assignment.directory / "assignment.yaml").write_text("[unclosed")
    spoilt = assignment.digest
    (assignment.directory / "assignment.yaml").write_text("[unclosed, too")
    assert other.digest != spoilt


# Policies that join

DURATIONS = st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=30))
SHARES = st.none() | st.fractions(min_value=0, max_value=1, max_denominator=1000)
PENALTIES = st.none() | st.builds(
    Penalty, st.fractions(min_value=0, max_value=1, max_denominator=1000), st.sampled_from(("day", "hour"))
)
FIELDS = {"grace": DURATIONS, "penalty": PENALTIES, "floor": SHARES, "cut_off": DURATIONS}
PARTS = st.fixed_dictionaries({}, optional=FIELDS)


def policy_of(values: dict[str, object]) -> Policy:
    """Return a policy as it is read, but for what contradicts itself."""
    late = LatePolicy.model_construct(_fields_set=set(values), **{**dict.fromkeys(FIELDS), **values})
    return Policy().model_copy(update={"late": late})


@given(PARTS, PARTS)
def test_what_an_assignment_gives_counts_and_else_what_the_course_gives(
    course: dict[str, object], own: dict[str, object]
) -> None:
    merged = merge(policy_of(course), policy_of(own)).late
    assert {name: getattr(merged, name) for name in FIELDS} == {**dict.fromkeys(FIELDS), **course, **own}
    grace, cut_off = merged.grace, merged.cut_off
    assert (find_fault(merged) is not None) == (grace is not None and cut_off is not None and cut_off < grace)


# Rubrics

ESSAY = "  - {id: essay, kind: text, points: 3, prompt: Why?"
RUBRIC = """,
     rubric: [
       {id: reason, title: Gives the reason, levels: [
         {id: full, title: All of it, points: 2},
         {id: part, title: A part, points: 0.5},
         {id: none, title: None, points: 0}]},
       {id: example, title: Has an example, points: 1}]}
"""


@pytest.fixture
def load_essay(write_assignment: Writer, assignment_yaml: str) -> Callable[[str], TextQuestion]:
    """Load an assignment that has a question with a rubric; return the question."""

    def load(rubric: str) -> TextQuestion:
        before, _, after = assignment_yaml.partition("mistakes:")
        question = load_assignment(write_assignment(f"{before}{ESSAY}{rubric}mistakes:{after}")).question("essay")
        assert isinstance(question, TextQuestion)
        return question

    return load


def test_a_rubric(load_essay: Callable[[str], TextQuestion]) -> None:
    reason, example = load_essay(RUBRIC).rubric
    assert {level.id: level.points for level in reason.scale} == {"full": 2, "part": Fraction(1, 2), "none": 0}
    assert {level.id: level.points for level in example.scale} == {"met": 1, "not-met": 0}
    assert [level.title for level in example.scale] == ["Met", "Not met"]
    assert reason.best == 2
    assert example.best == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "points: 2}",
            "points: 2.5}",
            "40:14: 'rubric' adds up to 3.5 at best, and the question is worth 3",
        ),
        ("id: example", "id: reason", "40:14: 'rubric' holds 'reason' twice"),
        ("id: part", "id: full", "41:54: 'levels' holds 'full' twice"),
        (
            "Has an example, points: 1",
            "Has an example",
            "45:8: rubric 'example' needs 'levels', or 'points' for all or nothing",
        ),
        ("an example, points: 1", "an example, pionts: 1", "45:45: unknown key 'pionts'; did you mean 'points'?"),
        ("title: A part, points: 0.5", "title: A part, points: -1", "43:44: 'points' must be from 0 to 100000, not -1"),
        ("title: A part", "titel: A part", "43:21: unknown key 'titel'; did you mean 'title'?"),
        (",\n     rubric", ", accept: [so]\n     , rubric", "40:16: 'rubric' is for answers that a person reads"),
        (RUBRIC, ", rubric: []}\n", "39:62: 'rubric' must list at least 1"),
    ],
)
def test_a_rubric_that_is_wrong(
    load_essay: Callable[[str], TextQuestion], tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert RUBRIC.count(old) == 1
    with pytest.raises(SpecError) as raised:
        load_essay(RUBRIC.replace(old, new))
    said = [str(problem).removeprefix(f"{tmp_path}/mean-loss/assignment.yaml:") for problem in raised.value.problems]
    assert said[-1].startswith(expected)


def test_the_points_of_a_rubric_are_added_exactly(load_essay: Callable[[str], TextQuestion]) -> None:
    tenths = ", ".join(f"{{id: part-{n}, title: Part, points: 0.1}}" for n in range(30))
    assert sum(criterion.best for criterion in load_essay(f", rubric: [{tenths}]}}\n").rubric) == 3


def test_the_rules_in_sentences() -> None:
    policy = Policy(
        late=LatePolicy(
            grace=timedelta(minutes=15),
            penalty=Penalty(Fraction(1, 200), "hour"),
            floor=Fraction(1, 2),
            cut_off=timedelta(days=7),
        ),
        attempts=AttemptPolicy(limit=3, cooldown=timedelta(hours=1), counts="best"),
    )
    due = datetime(2026, 11, 30, 18, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert describe_rules(policy, due, groups=True) == [
        "Due 30 November 2026, 18:00 (Europe/Berlin).",
        "Every started hour late costs 0.5 % of the points, unless it is late by no more than 15 min."
        " At least 50 % of what you earned is yours.",
        "What comes more than 7 d late earns nothing.",
        "You may hand in 3 times.",
        "Between two attempts wait 1 h.",
        "Your best attempt counts.",
        "One submission counts for your whole group.",
    ]
    assert describe_rules(Policy(), None) == ["Your last attempt counts."]
    assert describe_rules(policy, due.astimezone(UTC))[0] == "Due 30 November 2026, 17:00 (+00:00)."
    once = Policy(attempts=AttemptPolicy(limit=1))
    assert describe_rules(once, None) == ["You may hand in once."]
    later = Policy(feedback="after_due")
    assert describe_rules(later, due)[-1] == "What is said of each answer is shown after the due date."
    assert describe_rules(later, None) == ["Your last attempt counts."]


def test_feedback_is_the_course_s_unless_the_assignment_says_otherwise() -> None:
    late = Policy(feedback="after_due")
    assert merge(late, None).feedback == "after_due"
    assert merge(late, Policy(attempts=AttemptPolicy(limit=1))).feedback == "after_due"
    assert merge(late, Policy(feedback="at_once")).feedback == "at_once"
    assert merge(None, late).feedback == "after_due"
    due = datetime(2026, 11, 30, tzinfo=UTC)
    assert (feedback_from(late, due), feedback_from(late, None), feedback_from(Policy(), due)) == (due, None, None)
