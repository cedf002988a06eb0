"""How a student stands: due dates in words, attempts left, the best score, and what others changed since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from grader.decisions import Extension, Mark, Override
from grader.display import describe_distance
from grader.gradebook import Gradebook
from grader.overview import Overview, review_assignment
from grader.roster import Roster, RosterStudent
from grader.scoring import Grade, Status
from grader.spec import Course, load_course
from grader.submission import Submission
from tests.shell import Shell, write

DUE = datetime(2026, 11, 20, 18, tzinfo=UTC)
QUIZ = """\
format: 1
id: quiz
title: A quiz
summary: S
due: 2026-11-20T18:00Z
policy: {late: {cut_off: 2 d}, attempts: {limit: 3, cooldown: 1 h, counts: last}}
questions:
  - {id: why, kind: text, points: 10, prompt: Why?}
"""
FREE = """\
format: 1
id: free
title: Free
summary: S
questions:
  - {id: why, kind: text, points: 10, prompt: Why?, accept: [so]}
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    files = {"course.yaml": "title: C\nassignments: [quiz, free]\n"}
    files |= {"quiz/assignment.yaml": QUIZ, "free/assignment.yaml": FREE}
    return load_course(write(tmp_path / "course", files))


@pytest.fixture
def gradebook(tmp_path: Path) -> Gradebook:
    return Gradebook.open(tmp_path / "state")


def hand_in(gradebook: Gradebook, score: int | None, hours: float, status: Status = Status.GRADED) -> str:
    """Hand in so many hours after noon the day before the due date, and grade it at once."""
    at = DUE - timedelta(hours=30) + timedelta(hours=hours)
    files = {"answers.yaml": f"why: {hours}\n".encode()}
    entry = gradebook.submit("ada", "quiz", Submission(files), at)
    if score is not None:
        gradebook.add_grade(entry, make_grade(score, status), "sha256:" + "0" * 64, at)
    return entry.id


def make_grade(score: int, status: Status = Status.GRADED) -> Grade:
    return Grade("quiz", "A quiz", status, Fraction(score), Fraction(10))


def review(course: Course, gradebook: Gradebook | None, now: datetime) -> Overview:
    return review_assignment(course, gradebook, course.load("quiz"), "ada", now)


def test_nothing_was_ever_handed_in(course: Course, gradebook: Gradebook) -> None:
    for found in (review(course, None, DUE), review(course, gradebook, DUE)):
        assert (found.due, found.closed, found.attempts_left, found.best, found.changes) == (DUE, None, 3, None, ())
    after = DUE + timedelta(days=2, seconds=1)
    assert review(course, gradebook, after).closed == review(course, None, after).closed == "the cut-off has passed"
    assert review(course, gradebook, after).attempts_left == 0
    assert review_assignment(course, None, course.load("free"), "ada", DUE).attempts_left is None


def test_the_best_of_all_attempts_is_told_whichever_counts(course: Course, gradebook: Gradebook) -> None:
    hand_in(gradebook, 7, 0)
    hand_in(gradebook, 5, 2)
    found = review(course, gradebook, DUE)
    assert found.best == 7
    assert found.attempts_left == 1
    assert found.final is not None
    assert found.final.score == 5
    hand_in(gradebook, 10, 4, Status.PENDING)
    assert review(course, gradebook, DUE).best == 7  # a fault of ours says nothing


def test_a_cooldown_closes_nothing_for_good(course: Course, gradebook: Gradebook) -> None:
    hand_in(gradebook, 7, 0)
    found = review(course, gradebook, DUE - timedelta(hours=29, minutes=30))
    assert found.closed == "the next attempt opens in 30 min"
    assert found.attempts_left == 2


def test_what_others_did_since_the_last_attempt(course: Course, gradebook: Gradebook) -> None:
    first = hand_in(gradebook, 7, 0)
    entry = next(one for one in gradebook.entries() if one.id == first)
    later = entry.submitted_at + timedelta(hours=1)
    gradebook.add_grade(entry, make_grade(7), "sha256:" + "1" * 64, later, by="kim")  # nothing changed
    assert review(course, gradebook, DUE).changes == ()
    gradebook.add_grade(entry, make_grade(9), "sha256:" + "2" * 64, later + timedelta(hours=1), by="kim", why="mended")
    gradebook.add_mark(Mark(first, "why", Fraction(8), "kim", later + timedelta(hours=2)))
    gradebook.add_override(Override("ada", "quiz", Fraction(6), "kim", later + timedelta(hours=3), "agreed"))
    gradebook.set_roster(Roster((RosterStudent("ada", section="A"), RosterStudent("bob", section="B"))), "kim", later)
    for hours, section in ((4, "B"), (5, "A")):
        due = DUE + timedelta(days=hours)
        gradebook.add_extension(Extension("quiz", due, "kim", later + timedelta(hours=hours), "ill", section=section))
    assert review(course, gradebook, DUE).changes == (
        "graded again, 9 of 10 (before: 7 of 10)",
        "marked, why: 8",
        "decided, score 6",
        "due Wed 25 Nov 2026 18:00 UTC instead",
    )
    hand_in(gradebook, 8, 20)
    assert review(course, gradebook, DUE).changes == ()
    again = entry.submitted_at + timedelta(hours=30)
    gradebook.add_grade(entry, make_grade(5), "sha256:" + "3" * 64, again, by="kim", why="mended")
    assert review(course, gradebook, DUE).changes == ("attempt 1 graded again, 5 of 10 (before: 9 of 10)",)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (59, "now"),
        (-59, "now"),
        (60, "in 1 minute"),
        (3599, "in 59 minutes"),
        (3600, "in 1 hour"),
        (-7300, "2 hours ago"),
        (86_400, "in 1 day"),
        (2 * 86_400 - 1, "in 1 day"),
        (-86_400 * 40, "40 days ago"),
    ],
)
def test_distances_promise_no_more_time_than_there_is(seconds: int, words: str) -> None:
    assert describe_distance(DUE + timedelta(seconds=seconds), DUE) == words


def test_list_and_status_tell_it(tmp_path: Path, course: Course) -> None:
    shell = Shell(tmp_path, course.directory)
    soon = datetime.now(UTC) + timedelta(days=2, hours=1)
    path = course.directory / "quiz" / "assignment.yaml"
    path.write_text(QUIZ.replace("2026-11-20T18:00Z", soon.strftime("%Y-%m-%dT%H:%MZ")))
    heading, quiz, free = (line.split() for line in shell("list").out.splitlines()[2:5])
    assert heading == ["ASSIGNMENT", "POINTS", "DUE", "ATTEMPTS", "TITLE"]
    assert quiz == ["quiz", "10", *["in", "2", "days", "3", "left", "of", "3", "A", "quiz"]]
    assert free == ["free", "10", "-", "-", "Free"]
    work = write(tmp_path / "work", {"answers.yaml": "why: so\n", "grader.json": '{"format": 1, "assignment": "free"}'})
    assert shell("submit", work).code == 0
    listed = {row["id"]: row for row in shell("list", "--json").json}
    assert (listed["free"]["attempts"], listed["free"]["best"]) == (1, 10.0)
    assert listed["quiz"]["due"] == soon.strftime("%Y-%m-%dT%H:%M:00Z")
    out = shell("status").out
    assert "Still open:\n  quiz: due in 2 days, 3 attempts left, nothing handed in\n" in out
    assert "Changed since" not in out
    assert shell("override", "free", "ada", "9", "--why", "by hand").code == 0
    assert "Changed since you handed in:\n  free: decided, score 9\n" in shell("status").out
