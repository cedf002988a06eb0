"""When work came that an instructor takes in: told, never guessed, and asked for where it matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.arrival import NOW, ON_TIME, Arrival, list_unused, note_arrival, parse_arrival, read_times
from grader.errors import InputError
from grader.gradebook import Gradebook
from grader.recording import Work
from grader.roster import Roster, RosterStudent
from grader.spec import Course, load_course
from grader.submission import Submission
from tests.shell import Shell, write

DUE = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)
LATER = DUE + timedelta(days=2)
QUIZ = """\
format: 1
id: {id}
title: A quiz
summary: Numbers.
{due}
questions:
  - {{id: sum, kind: numeric, points: 10, prompt: 1 + 1?, correct: 2, tolerance: 0}}
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    files = {
        "course.yaml": "title: C\nassignments: [late, free, open]\ntime_zone: Europe/Berlin\n",
        "late/assignment.yaml": QUIZ.format(
            id="late", due="due: 2026-11-02T18:00\npolicy: {late: {penalty: 10 % per day}}"
        ),
        "free/assignment.yaml": QUIZ.format(id="free", due="due: 2026-11-02T18:00"),
        "open/assignment.yaml": QUIZ.format(id="open", due=""),
    }
    return load_course(write(tmp_path / "course", files))


def work(course: Course, assignment: str = "late", at: datetime | None = None, student: str = "ada") -> Work:
    return Work(student, course.load(assignment), "there", Submission, at)


@pytest.mark.parametrize(
    ("stated", "known", "expected"),
    [
        (ON_TIME, None, DUE),
        (NOW, None, LATER),
        (DUE + timedelta(hours=1), None, DUE + timedelta(hours=1)),
        (NOW, DUE - timedelta(hours=1), DUE - timedelta(hours=1)),  # what the layout tells comes first
        (None, DUE, DUE),
    ],
)
def test_when_it_came(
    course: Course, stated: str | datetime | None, known: datetime | None, expected: datetime
) -> None:
    (noted,) = note_arrival([work(course, at=known)], Arrival(stated), course, LATER)
    assert noted.submitted_at == expected


def test_nobody_comes_in_the_future(course: Course) -> None:
    early = DUE - timedelta(days=1)
    (noted,) = note_arrival([work(course)], Arrival(ON_TIME), course, early)
    assert noted.submitted_at == early


def test_times_of_single_students(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_text("ID;Time\n007;2026-11-02T18:30\nben;2026-11-03T01:00+02:00\n")
    times = read_times(path, course, None, LATER)
    assert times == {"007": DUE + timedelta(minutes=30), "ben": datetime(2026, 11, 2, 23, 0, tzinfo=UTC)}
    works = [work(course, student=student) for student in ("007", "ben", "cleo")]
    noted = note_arrival(works, Arrival(ON_TIME, times), course, LATER)
    assert [one.submitted_at for one in noted] == [*times.values(), DUE]
    with pytest.raises(InputError, match="late was due before now, and nothing says when this work came: cleo"):
        note_arrival(works, Arrival(None, times), course, LATER)


@pytest.mark.parametrize("assignment", ["free", "open"])
def test_where_lateness_is_free_nobody_asks(course: Course, assignment: str) -> None:
    (noted,) = note_arrival([work(course, assignment)], Arrival(), course, LATER)
    assert noted.submitted_at is None
    (early,) = note_arrival([work(course)], Arrival(), course, DUE)
    assert early.submitted_at is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id\nada\n", "times.csv:1: no column 'time'"),
        ("id,time\nada,soon\n", "times.csv:2: a time must be such as"),
        ("id,time\nada,2026-11-02\nada,2026-11-02\n", "times.csv:3: 'ada' is there twice"),
    ],
)
def test_times_that_make_no_sense(course: Course, tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "times.csv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_times(path, course, None, LATER)
    assert words in caught.value.message


def test_what_came_can_be_stated(course: Course) -> None:
    assert parse_arrival("on-time", course, LATER) == ON_TIME
    assert parse_arrival("2026-11-02T18:00", course, LATER) == DUE
    with pytest.raises(InputError, match="--came 'yesterday': a time must be"):
        parse_arrival("yesterday", course, LATER)


def test_what_came_is_not_in_the_future(course: Course) -> None:
    assert parse_arrival("2026-11-04", course, LATER) == LATER  # a date means its end, and today is not over
    with pytest.raises(InputError, match=r"--came '2027-01-05': Tue 05 Jan 2027 .* is in the future"):
        parse_arrival("2027-01-05", course, LATER)


def test_times_are_of_people_in_the_roster(course: Course, tmp_path: Path) -> None:
    roster = Roster((RosterStudent("0004720", lms_ids={"canvas_id": "91"}), RosterStudent("0004721")))
    path = tmp_path / "times.csv"
    path.write_text("id,time\n91,2026-11-02T18:30\n")
    times = read_times(path, course, roster, LATER)
    assert list(times) == ["0004720"]
    assert list_unused([work(course, student="0004721")], Arrival(None, times)) == ["0004720"]
    path.write_text("id,time\n4720,2026-11-02T18:30\n")  # as a spreadsheet writes it
    with pytest.raises(InputError, match=r"times.csv:2: 4720 is not in the roster") as caught:
        read_times(path, course, roster, LATER)
    assert "zeros" in str(caught.value.hint)


def test_what_the_lms_marks_as_late_is_not_taken_as_on_time(course: Course) -> None:
    marked = replace(work(course), marked_late=True)
    with pytest.raises(InputError, match="the LMS marks as late what is of ada"):
        note_arrival([marked, work(course, student="ben")], Arrival(ON_TIME), course, LATER)
    told = Arrival(ON_TIME, {"ada": DUE + timedelta(hours=1)})
    assert [one.submitted_at for one in note_arrival([marked], told, course, LATER)] == [DUE + timedelta(hours=1)]
    assert [one.submitted_at for one in note_arrival([marked], Arrival(NOW), course, LATER)] == [LATER]


def test_grade_asks_before_it_does_anything(course: Course, tmp_path: Path) -> None:
    for student in ("ada", "ben"):
        write(tmp_path / "inbox" / student, {"answers.yaml": "sum: 2\n"})
    shell = Shell(tmp_path, tmp_path / "course")
    command = ("grade", "inbox", "--assignment", "late", "-j", "1")
    shell(*command).fails(2, "late was due before now", "ada, ben", "--came on-time")
    with Gradebook.open(tmp_path / "state") as gradebook:
        assert gradebook.entries() == ()
    write(tmp_path, {"times.csv": "id,time\nben,2026-11-03T19:00\n"})
    table = shell(*command, "--came", "on-time", "--times", "times.csv")
    assert table.code == 0
    assert [line.split() for line in table.out.splitlines()] == [
        ["STUDENT", "ASSIGNMENT", "SCORE", "BONUS", "COUNTS", "STATUS"],
        ["ada", "late", "10", "/", "10", "graded"],
        ["ben", "late", "10", "/", "10", "8", "graded"],
    ]
    rows = {row["student"]: row["assignments"]["late"]["score"] for row in shell("report", "--json").json["students"]}
    assert rows == {"ada": 10.0, "ben": 8.0}
    shown = shell("show", "late", "--student", "ben").out
    assert "10 of 10 points." in shown
    assert "2 started days" in shown
    assert "What counts: 8 of 10 points." in shown


def test_an_older_download_that_is_graded_again_changes_nothing(course: Course, tmp_path: Path) -> None:
    write(tmp_path, {"first/ada/answers.yaml": "sum: 3\n", "second/ada/answers.yaml": "sum: 2\n"})
    shell = Shell(tmp_path, tmp_path / "course")
    on_time = ("--assignment", "late", "-j", "1", "--came", "on-time")
    assert [shell("grade", folder, *on_time).code for folder in ("first", "second")] == [1, 0]
    again = shell("grade", "first", *on_time)
    assert again.out.splitlines()[1].split() == ["ada", "late", "0", "/", "10", "10", "graded"]
    assert "an earlier attempt, handed in before, and not filed anew: ada" in again.err
    with Gradebook.open(tmp_path / "state") as gradebook:
        assert [entry.number for entry in gradebook.entries()] == [1, 2]
    anew = shell("grade", "first", *on_time[:-1], "now")
    assert anew.code == 1
    assert "an earlier attempt" not in anew.err
    with Gradebook.open(tmp_path / "state") as gradebook:
        assert [entry.number for entry in gradebook.entries()] == [1, 2, 3]


def test_grade_says_whose_answers_cannot_be_read(course: Course, tmp_path: Path) -> None:
    write(tmp_path / "inbox", {"ada/answers.yaml": "sum: two\n", "ben/answers.yaml": "sum:\n"})
    shell = Shell(tmp_path, tmp_path / "course")
    graded = shell("grade", "inbox", "--assignment", "free", "-j", "1")
    assert "answers that could not be read, and earn nothing: ada\n" in graded.err
    figures = shell("report", "--json").json["assignments"]
    (question,) = next(one for one in figures if one["id"] == "free")["questions"]
    assert (question["unanswered"], question["unreadable"]) == (2, 1)
    assert shell("report", "--out", "site").code == 0
    assert "Not readable" in (tmp_path / "site" / "tables" / "free-questions.csv").read_text()
    assert "1 not readable" in (tmp_path / "site" / "index.html").read_text()


def test_what_the_names_of_an_lms_tell_is_enough(course: Course, tmp_path: Path) -> None:
    write(tmp_path / "inbox", {"Lab 1_ada_attempt_2026-11-02-18-30-00_answers.yaml": "sum: 2\n"})
    shell = Shell(tmp_path, tmp_path / "course")
    assert shell("grade", "inbox", "--assignment", "late", "-j", "1").code == 0
    with Gradebook.open(tmp_path / "state") as gradebook:
        assert [entry.submitted_at for entry in gradebook.entries()] == [DUE + timedelta(minutes=30)]
