"""The report of a stored submission: what the course and the gradebook add to its grade."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from grader.decisions import Extension, Mark
from grader.gradebook import Entry, Gradebook
from grader.report import Reader, Report
from grader.report.context import Context
from grader.reporting import FIGURE_LIMIT, read_references, report_stored
from grader.results import Frame, Outcome, Visibility
from grader.scoring import CheckGrade, Grade, QuestionGrade, Status
from grader.spec import Course, load_course
from grader.submission import Submission
from tests.shell import write

DUE = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
LATER = DUE + timedelta(days=1)
COURSE = """\
title: C
assignments: [quiz]
policy:
  feedback: after_due
  late: {cut_off: 7 d}
  attempts: {limit: 2}
"""
QUIZ = """\
format: 1
id: quiz
title: A quiz
summary: Questions.
due: 2026-11-30T17:00Z
questions:
  - {id: which, kind: choice, points: 4, prompt: "Which $x$?",
     choices: [{text: This, correct: true, why: Right.}, {text: That, why: No.}]}
  - {id: why, kind: text, points: 6, prompt: Why?}
"""
SOURCE = b"def f():\n    return None.shape\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 10


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return load_course(write(tmp_path / "course", {"course.yaml": COURSE, "quiz/assignment.yaml": QUIZ}))


@pytest.fixture
def gradebook(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook.open(tmp_path / "state") as gradebook:
        yield gradebook


def code(*frames: Frame, figure: str | None = None) -> QuestionGrade:
    outcome = Outcome.FAILED if frames else Outcome.PASSED
    one = CheckGrade(
        "test_f", "It works", Visibility.PUBLIC, Fraction(1), Fraction(0), False, outcome, frames=frames, figure=figure
    )
    return QuestionGrade("f", "code", "F", Fraction(1), checks=(one,))


def grade_of(score: int, *more: QuestionGrade, status: Status = Status.GRADED) -> Grade:
    which = QuestionGrade("which", "choice", "Which", Fraction(4), Fraction(score), answer="b", feedback="No.")
    why = QuestionGrade("why", "text", "Why", Fraction(6), answer="So.", status=status)
    return Grade("quiz", "A quiz", status, Fraction(score), Fraction(10), questions=(which, why, *more))


def submit(gradebook: Gradebook, grade: Grade, at: datetime = DUE) -> Entry:
    entry = gradebook.submit("ada", "quiz", Submission({"f.py": SOURCE, "a": f"{at} {grade}".encode()}), at)
    gradebook.add_grade(entry, grade, "sha256:abc", at)
    return entry


def told(
    course: Course, gradebook: Gradebook, entry: Entry, now: datetime = LATER, reader: Reader = Reader.STUDENT
) -> Report:
    grade = gradebook.grade(entry)
    assert grade is not None
    return report_stored(course, gradebook, entry, grade, "ada", reader, now)


def test_what_was_asked(course: Course, gradebook: Gradebook) -> None:
    prompts = told(course, gradebook, submit(gradebook, grade_of(0))).context.prompts
    assert prompts["which"].text == "Which $x$?"
    assert [letter for letter, _ in prompts["which"].choices] == ["a", "b"]
    assert sorted(text for _, text in prompts["which"].choices) == ["That", "This"]
    assert prompts["why"].choices == ()


def test_feedback_waits_for_the_student_s_own_due_date(course: Course, gradebook: Gradebook) -> None:
    entry = submit(gradebook, grade_of(0), DUE - timedelta(days=1))
    early = told(course, gradebook, entry, DUE - timedelta(seconds=1))
    assert early.context.feedback_from == DUE
    assert early.grade.questions[0].feedback is None
    assert told(course, gradebook, entry, DUE).grade.questions[0].feedback == "No."
    gradebook.add_extension(Extension("quiz", LATER, "kim", DUE, "ill", student="ada"))
    assert told(course, gradebook, entry, DUE).grade.questions[0].feedback is None
    assert told(course, gradebook, entry, LATER).grade.questions[0].feedback == "No."
    seen = told(course, gradebook, entry, DUE - timedelta(seconds=1), Reader.INSTRUCTOR)
    assert (seen.context.feedback_from, seen.grade.questions[0].feedback) == (None, "No.")


def test_the_attempts_with_people_s_marks(course: Course, gradebook: Gradebook) -> None:
    first = submit(gradebook, grade_of(2, status=Status.NEEDS_REVIEW))
    second = submit(gradebook, grade_of(4), DUE + timedelta(hours=1))
    third = submit(gradebook, grade_of(4), DUE + timedelta(hours=2))
    gradebook.add_mark(Mark(first.id, "why", Fraction(5), "kim", DUE))
    report = told(course, gradebook, second)
    assert [(one.number, one.score, one.counts, one.own) for one in report.context.attempts] == [
        (1, Fraction(7), False, False),
        (2, Fraction(4), True, True),
        (3, Fraction(4), False, False),
    ]
    assert report.context.closed == "all 2 attempts are used up"
    assert third.number == 3


def test_after_the_cut_off_nothing_counts(course: Course, gradebook: Gradebook) -> None:
    entry = submit(gradebook, grade_of(2))
    assert told(course, gradebook, entry, DUE + timedelta(days=7)).context.closed == ""
    assert told(course, gradebook, entry, DUE + timedelta(days=7, seconds=1)).context.closed == "the cut-off has passed"


def test_the_lines_of_the_files_as_they_were_handed_in(course: Course, gradebook: Gradebook) -> None:
    entry = submit(gradebook, grade_of(0, code(Frame("f.py", 2, "f", "return None.shape"))))
    (excerpt,) = told(course, gradebook, entry).context.excerpts.values()
    assert excerpt.numbered == [(1, "def f():"), (2, "    return None.shape")]
    blob = gradebook.blob(entry.digest)
    blob.chmod(0o600)
    blob.write_bytes(b"spoilt")
    assert told(course, gradebook, entry).context.excerpts == {}


def test_an_assignment_that_left_the_course(course: Course, gradebook: Gradebook) -> None:
    entry = gradebook.submit("ada", "gone", Submission({"f.py": SOURCE}), DUE)
    gradebook.add_grade(entry, grade_of(0, code(Frame("f.py", 2, "f", "return None.shape"))), "sha256:abc", DUE)
    report = told(course, gradebook, entry)
    assert report.final is None
    assert report.context == Context(excerpts=report.context.excerpts)
    assert len(report.context.excerpts) == 1


def test_figures_to_compare_with(course: Course) -> None:
    assignment = course.load("quiz")
    drawn = grade_of(0, code(figure="AAAA"))
    before = assignment.digest
    write(assignment.directory / "figures", {"test_f.png": PNG})
    assert course.load("quiz").digest == before
    assert read_references(assignment, drawn) == {("f", "test_f"): base64.b64encode(PNG).decode()}
    assert read_references(assignment, grade_of(0, code())) == {}


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + b"x" * FIGURE_LIMIT, b""])
def test_what_is_no_small_picture_is_not_shown(course: Course, content: bytes) -> None:
    assignment = course.load("quiz")
    write(assignment.directory / "figures", {"test_f.png": content})
    assert read_references(assignment, grade_of(0, code(figure="AAAA"))) == {}
