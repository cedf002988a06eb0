"""The scores that leave: whose are final, why the others are not, and what students are told beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings

from grader.decisions import Extension, Override
from grader.export.scores import Column, Missing
from grader.final_scores import gather_scores
from grader.gradebook import Gradebook
from grader.remarks import add_remarks
from grader.report import Reader, SubmissionInfo, build_report
from grader.report.remark import LENGTH, to_remark
from grader.results import Outcome, Visibility
from grader.roster import Roster, RosterStudent
from grader.scoring import CheckGrade, Grade, QuestionGrade, Status
from grader.spec import Course, load_course
from grader.submission import Submission
from tests.odd_text import TEXTS
from tests.shell import write

DUE = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COURSE = """\
title: C
assignments: [quiz]
policy:
  feedback: after_due
  late: {penalty: 10 %% per day%s}
  attempts: {counts: best}
"""
QUIZ = """\
format: 1
id: quiz
title: A quiz
summary: Questions.
due: 2026-11-30T17:00Z
questions:
  - {id: which, kind: choice, points: 10, prompt: "Which?",
     choices: [{text: This, correct: true, why: Right.}, {text: That, why: Not that one}]}
"""


def make_course(folder: Path, cut_off: str = "") -> Course:
    return load_course(write(folder / "course", {"course.yaml": COURSE % cut_off, "quiz/assignment.yaml": QUIZ}))


@pytest.fixture
def gradebook(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook.open(tmp_path / "state") as gradebook:
        yield gradebook


def submit(gradebook: Gradebook, student: str, grade: Grade | None, late: timedelta = -HOUR) -> None:
    entry = gradebook.submit(student, "quiz", Submission({"a": f"{student} {grade}".encode()}), DUE + late)
    if grade is not None:
        gradebook.add_grade(entry, grade, "sha256:abc", DUE)


def grade_of(score: int, status: Status = Status.GRADED, points: int = 10) -> Grade:
    question = QuestionGrade(
        "which",
        "choice",
        "Which",
        Fraction(points),
        Fraction(score),
        status=status,
        answer="b",
        feedback="Not that one",
    )
    return Grade("quiz", "A quiz", status, Fraction(score), Fraction(points), questions=(question,))


def gather(course: Course, gradebook: Gradebook, now: datetime) -> Column:
    (column,) = gather_scores(course, gradebook, [course.load("quiz")], now=now).columns
    return column


def test_a_score_is_final_or_says_why_not(tmp_path: Path, gradebook: Gradebook) -> None:
    gradebook.set_roster(Roster((RosterStudent("absent"), RosterStudent("ada"))), "kim", DUE)
    submit(gradebook, "ada", grade_of(8), DAY)
    submit(gradebook, "ungraded", None)
    submit(gradebook, "fault", grade_of(0, Status.PENDING))
    submit(gradebook, "essay", grade_of(0, Status.NEEDS_REVIEW))
    submit(gradebook, "old", grade_of(4, points=5))
    column = gather(make_course(tmp_path), gradebook, DUE)
    assert column.scores == {
        "absent": None, "ada": Fraction(7), "essay": None, "fault": None, "old": Fraction(4), "ungraded": None,
    }  # fmt: skip
    assert column.missing == {
        "absent": Missing.NOT_SUBMITTED,
        "ungraded": Missing.PENDING,  # it was handed in, and is worth no 0
        "fault": Missing.PENDING,
        "essay": Missing.NEEDS_REVIEW,
    }
    assert {student: detail.points for student, detail in column.details.items()}["old"] == 5
    assert column.details["ada"].lateness == DAY
    assert (column.details["ada"].penalty or "").startswith("late by 1 d: ")


def test_it_is_over_after_the_student_s_own_due_date_and_the_cut_off(tmp_path: Path, gradebook: Gradebook) -> None:
    gradebook.set_roster(Roster((RosterStudent("ada"), RosterStudent("ill"))), "kim", DUE)
    gradebook.add_extension(Extension("quiz", DUE + DAY, "kim", DUE, "ill", student="ill"))
    plain = make_course(tmp_path / "plain")
    lenient = make_course(tmp_path / "lenient", ", cut_off: 7 d")

    def over(course: Course, now: datetime) -> set[str]:
        return {student for student, detail in gather(course, gradebook, now).details.items() if detail.is_over}

    assert over(plain, DUE) == set()
    assert over(plain, DUE + HOUR) == {"ada"}
    assert over(plain, DUE + DAY + HOUR) == {"ada", "ill"}
    assert over(lenient, DUE + DAY + HOUR) == set()
    assert over(lenient, DUE + 7 * DAY + HOUR) == {"ada"}
    assert over(lenient, DUE + 9 * DAY) == {"ada", "ill"}


def test_what_may_still_rise_is_marked(tmp_path: Path, gradebook: Gradebook) -> None:
    submit(gradebook, "ada", grade_of(8))
    submit(gradebook, "ada", None, timedelta())
    column = gather(make_course(tmp_path), gradebook, DUE)
    assert (column.scores["ada"], column.details["ada"].may_rise) == (Fraction(8), True)


def test_remarks_are_what_students_may_see(tmp_path: Path, gradebook: Gradebook) -> None:
    submit(gradebook, "ada", grade_of(4))
    submit(gradebook, "bob", grade_of(0, Status.NEEDS_REVIEW))
    gradebook.add_override(Override("cy", "quiz", Fraction(5), "kim", DUE, "an oral exam, in secret"))
    course = make_course(tmp_path)
    table = gather_scores(course, gradebook, [course.load("quiz")], now=DUE)
    early = add_remarks(course, gradebook, table, DUE - HOUR).columns[0].feedback
    assert set(early) == {"ada"}  # bob has no score yet, and cy handed in nothing
    assert "Not that one" not in early["ada"]
    assert "is shown after" in early["ada"]
    later = add_remarks(course, gradebook, table, DUE + HOUR).columns[0].feedback
    assert later["ada"] == "4 of 10 points.\nWhich (4 / 10): partly right. Not that one."


def check(title: str, outcome: Outcome, **more: str) -> CheckGrade:
    points, visibility = Fraction(1), Visibility.HIDDEN
    score = points if outcome is Outcome.PASSED else Fraction(0)
    return CheckGrade(title, title, visibility, points, score, False, outcome, **more)  # type: ignore[arg-type]


def remark_of(*checks: CheckGrade, **more: str) -> str:
    score = sum((one.score for one in checks), Fraction(0))
    question = QuestionGrade("f", "code", "F.", Fraction(len(checks)), score, checks=checks, **more)  # type: ignore[arg-type]
    grade = Grade("quiz", "A quiz", Status.GRADED, score, Fraction(len(checks)), questions=(question,))
    return to_remark(build_report(grade, SubmissionInfo(), Reader.STUDENT))


def test_a_remark_says_what_failed_and_gives_the_hint() -> None:
    failed = check("It is one number", Outcome.FAILED, message="got 8", detail="SECRET", hint="Is a mean missing?")
    slow = check("It is quick.", Outcome.TIMED_OUT)
    assert remark_of(check("It runs", Outcome.PASSED), failed, slow) == (
        "1 of 3 points.\n"
        "It is one number (0 / 1): wrong. got 8. Hint: Is a mean missing?\n"
        "It is quick (0 / 1): timed out. It was stopped: it took too long."
    )
    assert remark_of(failed, message="There is no file f.py.") == "0 of 1 point.\nF: There is no file f.py."
    assert remark_of(failed, message="No f.py.", comment="See me.") == "0 of 1 point.\nF: No f.py.\nF: See me."
    assert remark_of(check("It runs", Outcome.PASSED)) == "1 of 1 point."


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_a_remark_is_short_plain_text(title: str, message: str, hint: str) -> None:
    checks = [check(f"{title}{number}", Outcome.FAILED, message=message, hint=hint) for number in range(60)]
    remark = remark_of(*checks, check("It runs", Outcome.PASSED))
    assert len(remark) <= LENGTH
    assert remark.startswith("1 of 61 points.")
    assert not [sign for sign in remark if (ord(sign) < 32 and sign != "\n") or "\ud800" <= sign <= "\udfff"]
    remark.encode()
