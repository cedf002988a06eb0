"""What counts for each student, from a real gradebook and a real course."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from grader.decisions import Extension, Mark, Override
from grader.gradebook import Entry, Gradebook
from grader.roster import Roster, RosterStudent
from grader.scoring import Grade, QuestionGrade, Status
from grader.settlement import find_members, find_next, settle_assignment, settle_student
from grader.spec import Course, load_course
from grader.submission import Submission
from tests.shell import write

DUE = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
COURSE = """\
title: C
assignments: [essay, pairs]
time_zone: Europe/Berlin
policy:
  late: {grace: 10 min, penalty: 10 % per day, cut_off: 7 d}
  attempts: {limit: 3, counts: best}
"""
ESSAY = """\
format: 1
id: {id}
title: An essay
summary: Words.
due: 2026-11-30T18:00
groups: {groups}
questions:
  - {{id: why, kind: text, points: 6, prompt: Why?}}
  - {{id: which, kind: choice, points: 4, prompt: Which?, choices: [{{text: This, correct: true}}, {{text: That}}]}}
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    files = {"course.yaml": COURSE}
    for name in ("essay", "pairs"):
        files[f"{name}/assignment.yaml"] = ESSAY.format(id=name, groups=str(name == "pairs").lower())
    return load_course(write(tmp_path / "course", files))


@pytest.fixture
def gradebook(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook.open(tmp_path / "state") as gradebook:
        yield gradebook


def grade_of(score: int, status: Status = Status.GRADED) -> Grade:
    questions = (
        QuestionGrade("why", "text", "Why", Fraction(6), Fraction(score), status=status),
        QuestionGrade("which", "choice", "Which", Fraction(4), Fraction(0)),
    )
    return Grade("essay", "An essay", status, Fraction(score), Fraction(10), questions=questions)


def submit(
    gradebook: Gradebook, student: str, grade: Grade | None, late: timedelta = timedelta(0), assignment: str = "essay"
) -> Entry:
    content = Submission({"answers.yaml": f"{student} {late} {grade}".encode()})
    entry = gradebook.submit(student, assignment, content, DUE + late)
    if grade is not None:
        gradebook.add_grade(entry, grade, "sha256:abc", DUE)
    return entry


def test_a_class(course: Course, gradebook: Gradebook) -> None:
    essay = course.load("essay")
    gradebook.set_roster(
        Roster((RosterStudent("zoe"), RosterStudent("ada", section="A"), RosterStudent("ben"))), "kim", DUE
    )
    submit(gradebook, "ada", grade_of(5), timedelta(days=-1))
    better = submit(gradebook, "ada", grade_of(6), timedelta(days=1, hours=1))  # 6 - 2 days of 10 % of 10 = 4
    ben = submit(gradebook, "ben", grade_of(6), timedelta(hours=3))
    guest = submit(gradebook, "guest", None)
    settled = settle_assignment(course, gradebook, essay)
    assert list(settled) == ["zoe", "ada", "ben", "guest"]
    assert settled["zoe"].grade is None
    assert settled["ada"].final.total == 5
    assert settled["ben"].final.total == 5
    assert (settled["guest"].entry, settled["guest"].grade) == (guest, None)

    gradebook.add_extension(Extension("essay", DUE + timedelta(days=2), "kim", DUE, "ill", section="A"))
    settled = settle_assignment(course, gradebook, essay)
    assert settled["ada"].final.total == 6
    assert settled["ada"].entry == better
    assert settled["ben"].final.total == 5
    grade = settled["ben"].grade
    assert grade is not None
    assert (grade.score, grade.points, grade.status) == (Fraction(5), Fraction(10), Status.GRADED)
    assert settle_student(course, gradebook, essay, "ben") == settled["ben"]
    assert settled["ben"].entry == ben


def test_an_override_counts_without_a_submission(course: Course, gradebook: Gradebook) -> None:
    essay = course.load("essay")
    gradebook.add_override(Override("zoe", "essay", Fraction(15, 2), "kim", DUE, "an oral exam"))
    settled = settle_assignment(course, gradebook, essay)
    assert settled["zoe"].entry is None
    grade = settled["zoe"].grade
    assert grade is not None
    assert (grade.score, grade.points, grade.status) == (Fraction(15, 2), Fraction(10), Status.GRADED)
    gradebook.add_override(Override("zoe", "essay", None, "kim", DUE + timedelta(1), "no"))
    assert settle_student(course, gradebook, essay, "zoe").grade is None


def test_a_mark_ends_the_waiting(course: Course, gradebook: Gradebook) -> None:
    essay = course.load("essay")
    entry = submit(gradebook, "ada", grade_of(0, Status.NEEDS_REVIEW))
    assert settle_student(course, gradebook, essay, "ada").final.status is Status.NEEDS_REVIEW
    gradebook.add_mark(Mark(entry.id, "why", Fraction(9, 2), "kim", DUE, comment="Nearly."))
    settled = settle_student(course, gradebook, essay, "ada")
    assert (settled.final.status, settled.final.total) == (Status.GRADED, Fraction(9, 2))
    assert settled.grade is not None
    assert settled.grade.questions[0].comment == "Nearly."


def test_a_group_has_one_submission(course: Course, gradebook: Gradebook) -> None:
    pairs = course.load("pairs")
    students = (RosterStudent("ada", group="1"), RosterStudent("ben", group="1"), RosterStudent("cleo", group="2"))
    gradebook.set_roster(Roster(students), "kim", DUE)
    assert find_members(gradebook.roster(), pairs, "ada") == ("ben",)
    assert (
        find_members(gradebook.roster(), pairs, "cleo")
        == find_members(gradebook.roster(), course.load("essay"), "ada")
        == ()
    )
    entry = gradebook.submit("ada", "pairs", Submission({"answers.yaml": b"1"}), DUE, members=["ben"])
    gradebook.add_grade(entry, grade_of(6), "sha256:abc", DUE)
    gradebook.set_roster(Roster((RosterStudent("ben", group="2"), *students[::2])), "kim", DUE)  # ben moves
    settled = settle_assignment(course, gradebook, pairs)
    assert [settled[student].final.total for student in ("ada", "ben", "cleo")] == [6, 6, 0]
    assert settled["ben"].entry == entry
    gradebook.add_override(Override("ben", "pairs", Fraction(0), "kim", DUE, "did nothing"))
    settled = settle_assignment(course, gradebook, pairs)
    assert [settled[student].final.total for student in ("ada", "ben", "cleo")] == [6, 0, 0]


def test_the_next_attempt(course: Course, gradebook: Gradebook) -> None:
    essay = course.load("essay")
    for hours in range(2):
        submit(gradebook, "ada", grade_of(1), timedelta(hours=hours))
    pending = submit(gradebook, "ada", grade_of(1, Status.PENDING), timedelta(hours=2))
    assert find_next(course, gradebook, essay, "ada", DUE).is_open
    gradebook.add_grade(pending, grade_of(2), "sha256:abc", DUE)  # it was our fault, and costs no attempt
    assert find_next(course, gradebook, essay, "ada", DUE).used == 2
    submit(gradebook, "ada", grade_of(3), timedelta(hours=3))
    found = find_next(course, gradebook, essay, "ada", DUE)
    assert (found.is_open, found.used, found.reason) == (False, 3, "all 3 attempts are used up")
    assert find_next(course, gradebook, essay, "ben", DUE).is_open
