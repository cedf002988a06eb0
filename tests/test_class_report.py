"""The class report: what is worked out of a real gradebook, and the pages, tables and JSON that are made of it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from grader.class_report import (
    ClassReport,
    ClassSource,
    SiteFile,
    build_class_report,
    compare,
    plan_links,
    plan_site,
    read_class,
    read_term,
    to_class_json,
    write_site,
)
from grader.class_report import tables as tables_of
from grader.class_report.cells import Cell, Column, Table, correlation_cell, late_cell, to_csv
from grader.class_report.earlier import Pair, to_term
from grader.class_report.examples import strip_source
from grader.class_report.pages import describe_terms
from grader.class_report.plots import assignment_plots, comparison_plots, overview_plots, student_plots
from grader.class_report.risk import RiskKind, StudentWork, find_risks
from grader.decisions import Extension, Override
from grader.diagnosis import Diagnosis
from grader.display import UNDECIDED
from grader.errors import FaultError, InputError
from grader.gradebook import Entry, Gradebook
from grader.results import Outcome, Visibility
from grader.roster import Roster, RosterStudent
from grader.scoring import Attempt, CheckGrade, FinalGrade, Grade, QuestionGrade, Status
from grader.settlement import Settled
from grader.spec import Course, load_course
from grader.submission import Submission
from tests.made_class import NOW, make_class, make_course
from tests.shell import Shell, write

DOCS = Path(__file__).parents[1] / "docs" / "class_report.md"
DUE = datetime(2026, 11, 20, 17, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HOSTILE = '<script>alert("x")</script>{{ 7 * 7 }}\u202e\x1b[31m'
MEAN = """\
format: 1
id: mean
title: The mean <of> it
summary: S.
due: 2026-11-20T18:00
questions:
  - {id: code, kind: code, points: 4, title: Write it, prompt: P, file: mean.py, starter: "def mean(values): pass"}
  - id: why
    kind: choice
    points: 2
    title: Why?
    prompt: Why $n$?
    choices:
      - {text: "It is $n$.", correct: true}
      - {text: It is a sum., mistake: sum-for-mean}
      - {text: It is not.}
mistakes:
  - {id: sum-for-mean, file: mistakes/sum.py, caught_by: [test_two]}
"""
FILES = {
    "course.yaml": "title: The <course>\nassignments: [mean, essay]\ntime_zone: Europe/Berlin\n"
    "policy: {attempts: {counts: best}, late: {penalty: 10 % per day}}\n",
    "mean/assignment.yaml": MEAN,
    "mean/mistakes/sum.py": '"""This is the sum."""\n\n\ndef mean(values):\n    return sum(values)\n',
    "mean/solutions/plain.py": "def mean(values):\n    return sum(values) / len(values)\n",
    "essay/assignment.yaml": "format: 1\nid: essay\ntitle: An essay\nsummary: S.\ndue: 2026-11-30T18:00\nquestions:\n"
    "  - {id: text, kind: text, points: 5, prompt: Why?}\n",
}
SUM = b"""'By Ada Lovelace.'

def mean(values):
    # ada: the sum
    note = "Lovelace was here"
    return sum(values)
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return load_course(write(tmp_path_factory.mktemp("course"), FILES))


def mean_grade(*passed: bool, answer: str | None = "a", diagnosed: bool = False) -> Grade:
    checks = tuple(
        CheckGrade(
            f"test_{name}",
            f"Title {name} {HOSTILE}",
            Visibility.HIDDEN,
            Fraction(2),
            Fraction(2 * right),
            False,
            Outcome.PASSED if right else Outcome.FAILED,
        )
        for name, right in zip(("one", "two"), passed, strict=True)
    )
    code = QuestionGrade(
        "code", "code", "Write it", Fraction(4), sum((c.score for c in checks), Fraction(0)), checks=checks
    )
    right = Fraction(2 if answer == "a" else 0)
    status = Status.GRADED if answer else Status.UNANSWERED
    quiz = QuestionGrade("why", "choice", "Why?", Fraction(2), right, status=status, answer=answer)
    found = Diagnosis("sum-for-mean", "The sum", "Divide it.", ("code",), ("why",) if answer == "b" else ())
    return Grade(
        "mean",
        "The mean",
        Status.GRADED,
        code.score + quiz.score,
        Fraction(6),
        questions=(code, quiz),
        diagnoses=(found,) if diagnosed else (),
    )


def hand_in(
    gradebook: Gradebook, student: str, grade: Grade | None, at: datetime, files: Mapping[str, bytes] | None = None
) -> Entry:
    content = Submission(files or {"mean.py": f"# {student} {at}\n".encode()})
    entry = gradebook.submit(student, "mean", content, at)
    if grade is not None:
        gradebook.add_grade(entry, grade, "sha256:new", at)
    return entry


@pytest.fixture(scope="module")
def source(course: Course, tmp_path_factory: pytest.TempPathFactory) -> ClassSource:
    """ada: two attempts, the better one late; ben: a fault of ours; cy: not graded; dee: nothing; =eve: by override."""
    names = {"ada": "Ada Lovelace", "ben": f"Ben {HOSTILE}", "cy": "=1+1", "dee": None}
    with Gradebook.open(tmp_path_factory.mktemp("state")) as gradebook:
        gradebook.set_roster(
            Roster(tuple(RosterStudent(key, name, section="A") for key, name in names.items())), "kim", DUE
        )
        hand_in(gradebook, "ada", mean_grade(False, False, answer="c"), DUE - DAY)
        hand_in(gradebook, "ada", mean_grade(True, False, answer="b", diagnosed=True), DUE + 2 * HOUR, {"mean.py": SUM})
        pending = replace(mean_grade(True, True), status=Status.PENDING, fault="no torch", score=Fraction(0))
        hand_in(gradebook, "ben", pending, DUE - HOUR)
        hand_in(gradebook, "cy", None, DUE - HOUR)
        gradebook.add_override(Override("eve", "mean", Fraction(3), "kim", DUE, "seen in class"))
        return read_class(course, gradebook, [course.load(name) for name in course.assignments])


@pytest.fixture(scope="module")
def report(source: ClassSource) -> ClassReport:
    return build_class_report(source, DUE + 8 * DAY + 12 * HOUR, plan_links(source))


# Figures


def test_what_counts_for_each_student(report: ClassReport) -> None:
    data = to_class_json(report)
    assert [one["student"] for one in data["students"]] == ["ada", "ben", "cy", "dee", "eve"]
    ada = data["students"][0]["assignments"]["mean"]
    assert ada["score"] == 1.4  # 2 of 6 points, less 10 % of 6 for a started day
    assert (ada["attempts"], ada["late_seconds"], ada["diagnoses"]) == (2, 7200, ["sum-for-mean"])
    statuses = [one["assignments"].get("mean", {}).get("status") for one in data["students"]]
    assert statuses == ["graded", "pending", "not_graded", None, "graded"]
    assert [one["score"] for one in data["students"]] == [1.4, None, None, None, 3.0]
    assert data["as_of"] == "2026-11-29T05:00:00Z"


def test_figures_of_an_assignment(report: ClassReport) -> None:
    mean, essay = to_class_json(report)["assignments"]
    assert (mean["submitted"], mean["graded"], mean["pending"], mean["not_graded"], mean["late"]) == (4, 2, 1, 1, 1)
    assert (mean["mean"], mean["median"], mean["due"]) == (2.2, 2.2, "2026-11-20T17:00:00Z")
    assert [one["check"] for one in mean["items"]] == ["test_one", "test_two", None]
    assert [one["difficulty"] for one in mean["items"]] == [1.0, 0.5, 0.5]
    assert mean["reliability"] == {"students": 2, "alpha": None}
    assert [(one["letter"], one["picked"], one["correct"]) for one in mean["choices"]] == [
        ("a", 1, True),
        ("b", 1, False),
        ("c", 0, False),
    ]
    assert mean["success"] == {"students": 3, "reached": 0, "never": 3, "attempts": None, "hours": None}
    assert mean["diagnoses"] == [
        {
            "mistake": "sum-for-mean",
            "title": "The sum",
            "submissions": 1,
            "share": 1.0,
            "in_code": 1,
            "in_quiz": 1,
            "questions": ["code", "why"],
        }
    ]
    assert (essay["submitted"], essay["items"], essay["mean"]) == (0, [], None)


def fields(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ClassSource:
    """A made-up class of 24 in two assignments, of which the second was changed half-way."""
    folder = tmp_path_factory.mktemp("made")
    course = make_course(folder / "course", 2)
    make_class(course, folder / "state", 24)
    with Gradebook.open(folder / "state") as gradebook:
        return read_class(course, gradebook, [course.load(name) for name in course.assignments])


@pytest.fixture(scope="module")
def large(made: ClassSource) -> ClassReport:
    return build_class_report(made, NOW, plan_links(made))


def test_every_field_is_documented(report: ClassReport, large: ClassReport) -> None:
    named = set(re.findall(r"`([a-z_]+)`", DOCS.read_text(encoding="utf-8")))
    data = to_class_json(large, compare(report, to_term(to_class_json(large))))
    ids = {one.id for one in large.assignments}
    assert set(fields(data)) - ids <= named
    json.dumps(to_class_json(report), ensure_ascii=False).encode("utf-8")


def test_items_of_a_made_up_class(large: ClassReport) -> None:
    quiz, code = large.assignments
    assert quiz.analysis.is_rough
    assert quiz.analysis.alpha is not None
    flags = {tag.label for item in code.analysis.items for tag in tables_of.item_flags(code, item)}
    assert "everybody passes" in flags
    table = tables_of.items_table(code)
    assert len(table.rows) == len(code.analysis.items)
    assert all(len(row) == len(table.columns) for row in table.rows)


# At risk


def work(course: Course, *scores: int | None, due: datetime | None = DUE, final: Fraction | None = None) -> StudentWork:
    """Work of one student at the first assignment; None stands for an attempt that failed ``test_two``."""
    grades = [
        mean_grade(True, False) if score is None else replace(mean_grade(True, True), score=Fraction(score))
        for score in scores
    ]
    attempts = tuple(Attempt(str(place), DUE - DAY + place * HOUR, one) for place, one in enumerate(grades))
    last = Fraction(6) if final is None else final
    status = Status.GRADED if attempts else None
    return StudentWork(
        course.load("mean"), Settled(FinalGrade("ada", "mean", status, last, Fraction(6), due=due), None, attempts)
    )


def risks(*works: StudentWork, now: datetime = DUE + DAY) -> list[str]:
    return [risk.words for risk in find_risks(works, now)]


def test_nothing_handed_in_is_a_reason_once_it_was_due_or_soon_is(course: Course) -> None:
    assert risks(work(course), work(course, 6)) == ["Nothing handed in for 1 of 2 that were due: The mean <of> it."]
    assert risks(work(course)) == ["Nothing handed in for The mean <of> it, which was due."]
    assert risks(work(course), now=DUE - 3 * DAY) == []
    (soon,) = risks(work(course), now=DUE - 26 * HOUR)
    assert soon.startswith("Nothing handed in yet for The mean <of> it, due in 1 d 2 h (Fri 20 Nov 2026 ")
    assert risks(work(course, due=None)) == []
    assert risks(work(course, due=DUE + 10 * DAY)) == []  # an extension


def test_an_override_stands_for_what_was_not_handed_in(course: Course) -> None:
    one = work(course)
    decided = replace(one.settled.final, override=Override("ada", "mean", Fraction(3), "kim", DUE, "ill"))
    assert risks(replace(one, settled=replace(one.settled, final=decided))) == []


def test_scores_that_fall_three_times_in_a_row_are_a_reason(course: Course) -> None:
    def falls(*scores: str) -> bool:
        works = [work(course, 6, final=Fraction(score) * 6) for score in scores]
        return any(risk.kind is RiskKind.FALLING for risk in find_risks(works, DUE))

    assert falls("1", "4/5", "1/2")
    assert falls("0", "1", "9/10", "4/5")  # the last three count
    assert not falls("1", "9/10", "17/20")  # by less than a fifth of the points
    assert not falls("1", "1/2", "1/2")
    assert not falls("1", "1/2")


def test_a_check_that_the_newest_three_attempts_fail_is_a_reason(course: Course) -> None:
    assert risks(work(course, None, None)) == []
    assert risks(work(course, None, None, None, 6)) == []
    (words,) = risks(work(course, 6, None, None, None))
    assert words.startswith("Stuck on “Title two <script>")
    assert words.endswith("of The mean <of> it: 3 attempts in a row failed it.")


def test_being_stuck_counts_while_something_can_be_changed(course: Course) -> None:
    stuck = work(course, None, None, None)
    assert len(risks(stuck, now=DUE - DAY)) == len(risks(stuck, now=DUE + 7 * DAY)) == 1
    assert risks(stuck, now=DUE + 7 * DAY + HOUR) == []
    assert len(risks(work(course, None, None, None, due=None), now=DUE + 90 * DAY)) == 1
    extended = work(course, None, None, None, due=DUE + 20 * DAY)
    assert len(risks(extended, now=DUE + 20 * DAY)) == 1


def test_the_strongest_reason_comes_first(course: Course) -> None:
    """Two assignments are missing and one is stuck; a third is due tomorrow."""
    works = (work(course, None, None, None), work(course, due=DUE + DAY + HOUR), work(course), work(course))
    found = find_risks(works, DUE + DAY)
    assert [(risk.kind, risk.weight) for risk in found] == [
        (RiskKind.MISSING, 4),
        (RiskKind.MISSING, 1),
        (RiskKind.STUCK, 1),
    ]
    assert found[0].words.startswith("Nothing handed in for 2 of 3 that were due")


def test_who_is_at_risk_is_named_with_the_weightiest_reasons_first(report: ClassReport) -> None:
    assert [student.id for student in report.at_risk] == ["dee", "ada", "ben", "cy"]
    assert [[risk.weight for risk in student.risks] for student in report.at_risk] == [[2, 1], [1], [1], [1]]


@pytest.mark.parametrize("count", [4, 5])
def test_what_nobody_does_says_something_from_five_students_on(course: Course, tmp_path: Path, count: int) -> None:
    """All fail the same check, pass the other, and pick the same choice."""
    with Gradebook.open(tmp_path) as gradebook:
        for number in range(count):
            hand_in(gradebook, f"s{number}", mean_grade(False, True, answer="b"), DUE - HOUR)
        found = read_class(course, gradebook, [course.load("mean")])
    report = build_class_report(found, DUE)
    (assignment,) = report.assignments
    items = {tag.label for item in assignment.analysis.items for tag in tables_of.item_flags(assignment, item)}
    choices = {
        tag.label
        for table in assignment.choices
        for line in table.choices
        for tag in tables_of.choice_flags(assignment, line)
    }
    overview = make_site(found, report)["index.html"]
    if count < tables_of.FLAGGED:
        assert (items, choices, tables_of.list_concerns(report)) == (set(), set(), [])
        assert "Too early to tell: no check or question is decided for 5 students." in overview
    else:
        assert items == {"nobody passes", "everybody passes"}
        assert choices == {"nobody picks it"}
        assert [(one.flag.label, one.choice) for one in tables_of.list_concerns(report)] == [
            ("nobody passes", None)
        ] * 2
        assert "Too early to tell" not in overview


def test_a_choice_that_stronger_students_pick_is_told_of_on_the_overview(course: Course, tmp_path: Path) -> None:
    """Of twelve, the six who pass all checks pick a distractor, the others what is right."""
    with Gradebook.open(tmp_path) as gradebook:
        for number in range(12):
            strong = number < 6
            grade = mean_grade(strong, strong, answer="b" if strong else "a")
            hand_in(gradebook, f"s{number:02}", grade, DUE - HOUR)
        found = read_class(course, gradebook, [course.load("mean")])
    report = build_class_report(found, DUE)
    told = [(one.flag.label, one.title, one.choice) for one in tables_of.list_concerns(report)]
    assert ("stronger students pick it", "Why?", "b) It is a sum.") in told
    assert ("weaker students pick it", "Why?", "a) It is $n$.") in told
    overview = " ".join(PageReader(make_site(found, report)["index.html"]).text.split())
    assert "stronger students pick it Why?: b) It is a sum. in The mean <of> it" in overview


def test_without_a_roster_who_has_handed_in_something_is_asked_after(course: Course, tmp_path: Path) -> None:
    """Nothing for the essay, with an extension for ada; dee is unknown."""
    with Gradebook.open(tmp_path) as gradebook:
        for student in ("ada", "ben"):
            hand_in(gradebook, student, mean_grade(True, True), DUE - HOUR)
        gradebook.add_extension(Extension("essay", DUE + 30 * DAY, "kim", DUE, "ill", student="ada"))
        found = read_class(course, gradebook, [course.load(name) for name in course.assignments])
    students = build_class_report(found, DUE + 20 * DAY).students
    assert [(one.id, len(one.risks)) for one in students] == [("ada", 0), ("ben", 1)]
    assert students[1].risks[0].words == "Nothing handed in for 1 of 2 that were due: An essay."


# Versions


def test_before_and_after_a_change(course: Course, tmp_path: Path) -> None:
    """Two were graded with the old version and then with the new one, one with the new one only."""
    with Gradebook.open(tmp_path) as gradebook:
        for student, before in (("ada", mean_grade(True, False)), ("ben", mean_grade(False, False))):
            entry = gradebook.submit(student, "mean", Submission({"mean.py": student.encode()}), DUE - DAY)
            gradebook.add_grade(entry, before, "sha256:old", DUE)
            gradebook.add_grade(entry, mean_grade(True, True), "sha256:new", DUE + DAY)
        hand_in(gradebook, "cy", mean_grade(True, False), DUE - HOUR)
        gradebook.submit("dee", "mean", Submission({"mean.py": b""}), DUE)
        found = build_class_report(read_class(course, gradebook, [course.load("mean")]), DUE)
    versions = found.assignments[0].versions
    assert versions is not None
    assert [(one.digest, one.graded, one.counting, one.mean) for one in versions.versions] == [
        ("sha256:old", 2, 0, Fraction(3)),
        ("sha256:new", 3, 3, Fraction(16, 3)),
    ]
    assert [float(one.checks["code", "test_two"].pass_rate or 0) for one in versions.versions] == [
        0,
        pytest.approx(2 / 3),
    ]
    (change,) = versions.changes
    assert (change.both, change.rose, change.fell) == (2, 2, 0)
    assert [float(change.mean_before), float(change.mean_after)] == [3, 6]
    data = to_class_json(found)["assignments"][0]["versions"]
    assert [one["since"] for one in data] == ["2026-11-20T17:00:00Z", "2026-11-21T17:00:00Z"]


def test_one_version_is_not_told_of(report: ClassReport) -> None:
    assert {one.versions for one in report.assignments} == {None}


# Then and now


def test_an_earlier_term_is_matched_by_ids(report: ClassReport) -> None:
    then = to_class_json(report)
    mean, essay = then["assignments"]
    mean |= {"points": 12.0, "mean": 9.0, "title": "Another title", "diagnoses": []}
    mean["checks"] = [
        {**mean["checks"][0], "pass_rate": 0.25},
        {**mean["checks"][1], "id": "test_gone", "title": "Gone"},
    ]
    then["assignments"] = [mean, {**essay, "id": "old", "title": "Old one"}]
    comparison = compare(report, to_term(then))
    assert [(pair.title, pair.before, pair.now) for pair in comparison.means] == [
        ("The mean <of> it", Fraction(3, 4), Fraction("0.3667"))
    ]
    (check,) = comparison.checks
    assert [check.before, check.now, check.change] == [Fraction(1, 4), 1, Fraction(3, 4)]
    (mistake,) = comparison.diagnoses
    assert [mistake.before, mistake.now] == [0, 1]
    assert comparison.only_then == ("assignment “Old one” (old)", "check “Gone” of Another title")
    assert comparison.only_now[0] == "assignment “An essay” (essay)"
    assert comparison.only_now[1].startswith("check “Title two")


def test_a_file_of_before_diagnoses_were_written_has_none_to_compare(report: ClassReport) -> None:
    then = to_class_json(report)
    for assignment in then["assignments"]:
        for name in ("diagnoses", "items", "versions", "due"):
            del assignment[name]
    del then["as_of"]
    then["assignments"][1] |= {"points": 5e-324, "mean": 1e308}
    comparison = compare(report, to_term(then))
    assert (comparison.diagnoses, comparison.as_of) == ((), None)
    assert {pair.change for pair in comparison.means} == {0, None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no class report"),
        ('{"format": 2}', "has format 2"),
        ('{"format": 1, "course": "C"}', "assignments: Field required"),
        ('{"format": 1, "course": "C", "assignments": [{"id": 3}]}', "assignments.0.id"),
        ('{"format": 1, "course": "C", "assignments": [], "as": NaN}', ""),
        ('{"format": 1, "course": "C", "assignments": [], "students": NaN}', "students: "),
        ('{"format": 1, "course": "C", "assignments": [{"id": "a", "points": NaN}]}', "assignments.0"),
        ("\x00", "NUL"),
    ],
)
def test_what_is_no_class_report_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, {"then.json": text}) / "then.json"
    if not words:
        assert read_term(path).assignments == ()
        return
    with pytest.raises(InputError, match=re.escape(words)) as error:
        read_term(path)
    assert error.value.hint
    assert "then.json" in error.value.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean": -1.0}, "its mean is -1, of 6 points"),
        ({"mean": 60.0}, "its mean is 60, of 6 points"),
        ({"median": 6.1}, "its median is 6.1, of 6 points"),
        ({"graded": 5}, "5 graded, of 4 submitted"),
        ({"late": 5}, "5 late, of 4 submitted"),
        ({"full_marks": 3}, "3 full_marks, of 2 graded"),
        ({"submitted": 6}, "6 submitted, of 5 students"),
        ({"id": "essay"}, "is there twice"),
        ({"points": -6.0}, "assignments.0.points"),
        ({"graded": -1}, "assignments.0.graded"),
        ({}, ""),
    ],
)
def test_figures_that_cannot_be_are_refused_in_words(
    report: ClassReport, tmp_path: Path, change: Mapping[str, Any], words: str
) -> None:
    data = to_class_json(report)
    data["assignments"][0] |= change
    path = write(tmp_path, {"then.json": json.dumps(data)}) / "then.json"
    if not words:
        assert read_term(path).size == 5
        return
    with pytest.raises(InputError, match=re.escape(words)) as error:
        read_term(path)
    assert error.value.hint
    assert "then.json" in error.value.message
    assert "assignment" in error.value.message


def test_a_change_is_the_difference_of_what_is_shown(report: ClassReport) -> None:
    """0.755 is shown as 76 % and 0.855 as 86 %, to even: that is 10 points and nothing else."""
    shares = (Fraction("0.7649"), Fraction("0.8551"))
    pair = Pair("T", shares[0], shares[1], (3, 40))
    (row,) = tables_of.comparison_table("t", "T", "A", [pair]).rows
    assert [cell.text for cell in row] == ["T", "76 %", "86 %", "+10", "3", "40"]
    falls = tables_of.change_cell(Pair("T", shares[1], shares[0], (3, 40)))
    assert (falls.text, falls.value) == ("\u221210", -10)


def test_class_sizes_stand_beside_a_comparison_and_small_ones_are_called_so(
    source: ClassSource, report: ClassReport, large: ClassReport
) -> None:
    comparison = compare(report, to_term(to_class_json(report)))
    assert (comparison.sizes, comparison.fewest) == ((5, 5), 2)
    page = " ".join(PageReader(make_site(source, report, against=True)["compared.html"]).text.split())
    assert "as of Sun 29 Nov 2026, matched" in page
    assert "5 students then, 5 now." in page
    assert "only 2 submissions are graded. One student is up to 50 percentage points there" in page
    enough = compare(large, to_term(to_class_json(large)))
    assert "only 23 submissions are graded" in (describe_terms(enough) or "")
    assert describe_terms(replace(enough, means=tuple(replace(one, graded=(30, 40)) for one in enough.means))) is None
    assert describe_terms(replace(enough, means=())) is None


# Examples without names


def test_an_example_says_nothing_of_who_it_is_by(report: ClassReport) -> None:
    (found,) = report.assignments[0].diagnoses
    assert found.examples == ("def mean(values):\n    note = '…'\n    return sum(values)",)
    assert found.choices == ("Why?: It is a sum.",)


def test_comments_docstrings_and_own_names_are_stripped() -> None:
    source = (
        '"""Ada"""\n# ada\nclass AdaLoss:\n    """By Ada"""\n    author = "ADA L."\n\n'
        "    def forward(self, lovelace_input, max):\n        'x'\n        self.ada = b'ada'\n"
        "        try:\n            from ada_tools import x as lovelace\n"
        "        except OSError as ada:\n            f(ada=1)\n"
        "        return torch.max(lovelace_input, max)\n\n\nasync def ada():\n    'only words'\n"
        "    if x:\n        y()\n    else:\n        'words'\n"
    )
    found = strip_source(source, ["ada", "Ada Lovelace"])
    assert list(found) == ["name", "name.forward"]
    text = "\n".join(found.values())
    assert not re.search("ada|lovelace|words|'x'", text, re.IGNORECASE)
    assert "torch.max(name, max)" in text


@pytest.mark.parametrize("source", ["def f(:", "(" * 5000, "x = " + "-" * 100_000 + "1", "\x00", "f'{" * 200])
def test_code_that_is_none_gives_no_example(source: str) -> None:
    with pytest.raises(SyntaxError):
        strip_source(source)


# Tables


def test_a_table_as_csv_is_guarded() -> None:
    rows = (
        (Cell("=1+1"), Cell("\u22120.25", -0.25)),
        (Cell("@x"), Cell(UNDECIDED)),
        (Cell("“é”"), Cell("9.5 +1", 9.5)),
    )
    data = to_csv(Table("t", "T", (Column("Who"), Column("r", True)), rows))
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig")))) == [
        ["Who", "r"],
        ["'=1+1", "-0.25"],
        ["'@x", ""],
        ["“é”", "9.5"],
    ]


def test_figures_in_cells() -> None:
    assert (correlation_cell(-0.254).text, correlation_cell(-0.001).text, correlation_cell(None).text) == (
        "\u22120.25",
        "0.00",
        UNDECIDED,
    )
    assert late_cell(timedelta(hours=25, seconds=1)) == Cell("1 d 1 h 1 min", 25.0)
    assert late_cell(timedelta(0)).text == ""


# The site


class PageReader(HTMLParser):
    """Reads a page: its links, ids, headings, tables and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.links += [found[name] or "" for name in ("href", "src") if name in found]
        self.ids += [found["id"] or ""] if "id" in found else []
        self.levels += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []

    def handle_data(self, data: str) -> None:
        self.text += data


def make_site(source: ClassSource, report: ClassReport, *, against: bool = False) -> dict[str, str]:
    then = to_term(to_class_json(report)) if against else None
    files = plan_site(source, report, plan_links(source), then, NOW)
    return {file.path: file.make().decode("utf-8-sig") for file in files if not file.path.endswith(".min.js")}


@pytest.mark.parametrize("which", ["hostile", "made"])
def test_every_link_leads_to_a_file_of_the_site(
    which: str, source: ClassSource, report: ClassReport, made: ClassSource, large: ClassReport
) -> None:
    site = make_site(source, report, against=True) if which == "hostile" else make_site(made, large)
    pages = {path: PageReader(text) for path, text in site.items() if path.endswith(".html")}
    assert {"index.html", "diagnoses.html", "at-risk.html"} <= pages.keys()
    assert ("compared.html" in pages) is (which == "hostile")
    for path, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), path
        for link in page.links:
            if path.startswith("reports/") and not link.startswith("#"):
                continue
            target, _, anchor = unquote(link).partition("#")
            where = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path  # noqa: PTH118, PTH120
            assert where in site or where.endswith(".min.js"), (path, link)
            if anchor:
                assert anchor in pages[where].ids, (path, link)


def test_hostile_text_stays_text_and_every_table_is_in_order(source: ClassSource, report: ClassReport) -> None:
    site = make_site(source, report, against=True)
    for path, text in site.items():
        if not path.endswith(".html") or path.startswith("reports/"):
            continue
        page = PageReader(text)
        assert "script" not in "".join(re.findall(r"<script>alert.*?>", text)), path
        assert "49" not in re.findall(r"Title two <script>.*?</script>(.{4})", page.text), path
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), path
        assert page.tags.count("caption") == page.tags.count("table"), path
        assert page.levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in zip(page.levels, page.levels[1:], strict=False)), path
        policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
        assert len(policy) == 1
        assert policy[0].startswith("default-src 'none'; script-src 'self' file:;")
        assert "unsafe-eval" not in policy[0]
    assert "Title two <script>" in PageReader(site["assignments/mean.html"]).text
    guarded = list(csv.reader(io.StringIO(site["tables/scores.csv"])))
    assert [row[1] for row in guarded[1:]][2] == "'=1+1"


def test_pages_say_what_matters_in_words(source: ClassSource, report: ClassReport) -> None:
    site = make_site(source, report)
    overview = " ".join(PageReader(site["index.html"]).text.split())
    for words in ("5 students", "Students at risk: 4", "1 pending", "1 not graded yet", "3 of 5", "1 bonus"):
        assert (words in overview) is (words != "1 bonus"), words
    page = " ".join(PageReader(site["assignments/mean.html"]).text.split())
    assert "2 students have every check and question decided. With fewer than 10" in page
    assert "With fewer than 5, nothing is said of what all or none pass." in page
    assert "everybody passes" not in page
    student = " ".join(PageReader(site["students/0001.html"]).text.split())
    assert "Ada Lovelace" in student
    assert "2 h" in student
    assert "The sum" in student


def test_a_course_without_anybody_has_pages(course: Course, tmp_path: Path) -> None:
    with Gradebook.open(tmp_path) as gradebook:
        empty = read_class(course, gradebook, [course.load("mean")])
    report = build_class_report(empty, DUE)
    site = make_site(empty, report)
    overview = " ".join(PageReader(site["index.html"]).text.split())
    for words in ("0 students", "There is nobody yet", "Nothing has been handed in yet.", "Too early to tell"):
        assert words in overview
    for page in ("index.html", "assignments/mean.html", "at-risk.html"):
        assert not re.search("every submission is graded|nobody fails all|Nobody: nothing that was", site[page])
        assert "There is nobody yet" in site[page]
    assert site["tables/scores.csv"].startswith("Student,")
    assert not [path for path in site if path.startswith(("students/", "reports/"))]


def test_a_class_that_handed_in_nothing_is_told_so(course: Course, tmp_path: Path) -> None:
    with Gradebook.open(tmp_path) as gradebook:
        gradebook.set_roster(Roster((RosterStudent("ada", None),)), "kim", DUE)
        early = read_class(course, gradebook, [course.load("mean")])
        report = build_class_report(early, DUE - 20 * DAY)
        site = make_site(early, report)
        assert "Too early to tell: nothing has been handed in, and nothing is missing." in site["index.html"]
        assert "Nobody has handed in yet." in site["assignments/mean.html"]
        hand_in(gradebook, "ada", None, DUE - HOUR)
        waits = read_class(course, gradebook, [course.load("mean")])
    assert "Nothing is graded yet." in make_site(waits, build_class_report(waits, DUE))["assignments/mean.html"]


def test_mistakes_of_one_student_stand_at_the_end(course: Course, tmp_path: Path) -> None:
    """Two made one mistake, a third another: the table has the first, the list at the end the second, the file both."""
    other = Diagnosis("other", "Another one", "Mend it.", ("code",), ())
    with Gradebook.open(tmp_path) as gradebook:
        for number in range(2):
            hand_in(gradebook, f"s{number}", mean_grade(True, False, diagnosed=True), DUE - HOUR)
        hand_in(gradebook, "s2", replace(mean_grade(True, False), diagnoses=(other,)), DUE - HOUR)
        found = read_class(course, gradebook, [course.load("mean")])
    site = make_site(found, build_class_report(found, DUE))
    page = site["diagnoses.html"]
    shared, single = page.split("Of a single student each")
    assert "The sum" in shared
    assert "Another one" not in shared
    assert "1 more, each of a single student" in " ".join(PageReader(page).text.split())
    assert ("Another one" in single, "The mean &lt;of&gt; it, in code" in single) == (True, True)
    assert [row[0] for row in csv.reader(io.StringIO(site["tables/diagnoses.csv"]))][1:] == ["The sum", "Another one"]


def test_plots_are_vega_lite(report: ClassReport, large: ClassReport) -> None:
    schema_file = Path(__file__).with_name("vendor") / "vega-lite-schema.json.gz"
    validator = jsonschema.Draft7Validator(json.loads(gzip.decompress(schema_file.read_bytes())))
    plots = [*overview_plots(large), *overview_plots(report)]
    for one in large.assignments:
        plots += assignment_plots(one)
    plots += student_plots(large, large.students[0])
    plots += comparison_plots(compare(large, to_term(to_class_json(large))))
    names = {plot.name for plot in plots}
    assert names == {"handed-in", "spread", "totals", "days", "scores", "items", "success", "attempts", "means"}
    for plot in plots:
        assert not list(validator.iter_errors(plot.spec)), plot.name
        assert plot.spec["description"] == plot.title
        assert plot.table.rows, plot.name
        assert "color" not in json.dumps(plot.spec.get("config", {}))
    assert list(validator.iter_errors({**plots[0].spec, "mark": "no such mark"}))


def test_an_extension_moves_what_is_late(course: Course, tmp_path: Path) -> None:
    with Gradebook.open(tmp_path) as gradebook:
        hand_in(gradebook, "ada", mean_grade(True, True), DUE + HOUR)
        late = build_class_report(read_class(course, gradebook, [course.load("mean")]), DUE)
        gradebook.add_extension(Extension("mean", DUE + DAY, "kim", DUE, "ill", student="ada"))
        extended = build_class_report(read_class(course, gradebook, [course.load("mean")]), DUE)
    assert [one.assignments[0].late for one in (late, extended)] == [1, 0]


def test_days_say_what_was_late_and_a_due_line_stands_behind_its_day(course: Course, tmp_path: Path) -> None:
    """Due on 20 November at 18:00 in Berlin: what comes before is left of the line, and so is what comes that evening.

    What was due at midnight is so at the end of the day before.
    """
    with Gradebook.open(tmp_path) as gradebook:
        for student, at in (("ada", DUE - HOUR), ("ben", DUE + HOUR), ("cy", DUE + 6 * HOUR)):
            hand_in(gradebook, student, mean_grade(True, True), at)
        found = build_class_report(read_class(course, gradebook, [course.load("mean")]), DUE + DAY)
    table = tables_of.days_table(found)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["Fri 20 Nov 2026", "2", "2", "1"],
        ["Sat 21 Nov 2026", "1", "1", "1"],
    ]
    assert [row[0].exported for row in table.rows] == ["2026-11-20", "2026-11-21"]

    def read_days(shown: ClassReport) -> tuple[list[tuple[str, str]], list[str]]:
        (plot,) = [one for one in overview_plots(shown) if one.name == "days"]
        bars = [(one["day"], one["when"]) for one in plot.spec["data"]["values"]]
        return bars, [one["day"] for one in plot.spec["layer"][1]["data"]["values"]]

    morning = "2026-11-21T00:00:00Z"
    assert read_days(found) == (
        [("2026-11-20T00:00:00Z", "on time"), ("2026-11-20T00:00:00Z", "late"), (morning, "late")],
        [morning],
    )
    midnight = datetime(2026, 11, 20, 23, tzinfo=UTC)
    one = replace(found.assignments[0], due=midnight)
    assert read_days(replace(found, assignments=(one,)))[1] == [morning]
    never = replace(found.assignments[0], due=datetime(9999, 12, 31, 22, tzinfo=UTC))
    assert read_days(replace(found, assignments=(never,)))[1] == []


# Writing


def test_many_files_are_written_by_several_processes(tmp_path: Path) -> None:
    files = [SiteFile(f"students/{number}.html", partial(bytes, f"{number}", "utf-8")) for number in range(300)]
    assert sum(1 for _ in write_site(tmp_path, files)) == 300
    assert {path.read_text() for path in (tmp_path / "students").iterdir()} == set(map(str, range(300)))


def test_a_process_that_dies_is_told_of(tmp_path: Path) -> None:
    files = [SiteFile(f"{number}.html", lambda: os._exit(1)) for number in range(300)]
    with pytest.raises(FaultError, match="died"):
        list(write_site(tmp_path, files))


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "students").write_text("a file")
    for count in (1, 300):
        files = [SiteFile(f"students/{number}.html", lambda: b"x") for number in range(count)]
        with pytest.raises(InputError, match="cannot be written"):
            list(write_site(tmp_path, files))


def test_what_an_earlier_report_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    def site(*paths: str) -> None:
        list(write_site(tmp_path, [SiteFile(path, lambda: b"x") for path in paths]))

    site("index.html", "students/0001.html", "students/0002.html", "tables/a.csv")
    write(tmp_path, {"students/notes.html": "mine", "mine.html": "mine"})
    manifest = tmp_path / "assets" / "files.json"
    names = [*json.loads(manifest.read_text()), "../mine.html", "mine.html", "students/../mine.html", "/etc/passwd", 7]
    manifest.write_text(json.dumps(names))
    site("index.html", "students/0001.html")
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["assets/files.json", "index.html", "mine.html", "students/0001.html", "students/notes.html"]
    manifest.write_text("[" * 100_000)
    site("index.html")
    assert (tmp_path / "students/0001.html").exists()


# The command


@pytest.fixture(scope="module")
def shell(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    with Gradebook.open(folder / "state") as gradebook:
        hand_in(gradebook, "ada", mean_grade(True, True), DUE - HOUR)
    return Shell(folder, course.directory)


def test_the_command_writes_pages_and_prints_where(shell: Shell) -> None:
    answer = shell("report", "--out", "site")
    assert (answer.code, answer.out, answer.err) == (0, "site/index.html\n", "")
    files = {path.relative_to(shell.folder / "site").as_posix() for path in (shell.folder / "site").rglob("*.html")}
    assert files == {
        "index.html",
        "diagnoses.html",
        "at-risk.html",
        "assignments/mean.html",
        "assignments/essay.html",
        "students/0001.html",
        "reports/0001-mean.html",
    }
    assert (shell.folder / "site/assets/vega.LICENSE.txt").exists()


def test_the_command_compares_with_an_earlier_term(shell: Shell) -> None:
    then = shell("report", "--json")
    assert then.code == 0
    (shell.folder / "then.json").write_text(then.out)
    now = shell("report", "--json", "--against", "then.json").json
    assert [pair["title"] for pair in now["against"]["means"]] == ["The mean <of> it", "An essay"]
    answer = shell("report", "--out", "both", "--against", "then.json")
    assert answer.code == 0
    assert "Then and now" in (shell.folder / "both/compared.html").read_text()
    shell("report", "--against", "missing.json").fails(2, "missing.json cannot be read")
    (shell.folder / "bad.json").write_text("{}")
    shell("report", "--against", "bad.json").fails(2, "bad.json is no class report", "grader report --json")


def test_pages_beside_json_are_refused(shell: Shell) -> None:
    shell("report", "--json", "--out", "elsewhere").fails(2, "--json prints figures and writes no pages")
    assert not (shell.folder / "elsewhere").exists()


def test_an_empty_folder_s_name_is_refused(shell: Shell) -> None:
    """It is what a variable is that is not set; nothing comes into the folder that one stands in."""
    before = set(shell.folder.iterdir())
    shell("report", "--out", "").fails(2, "invalid value for '--out': Directory '' does not exist")
    shell("report", "--against", "").fails(2, "invalid value for '--against': File '' does not exist")
    assert set(shell.folder.iterdir()) == before


def test_a_folder_that_is_a_file_is_refused(shell: Shell) -> None:
    (shell.folder / "file").write_text("x")
    assert shell("report", "--out", "file").code == 2
    shell("report", "--out", "file/inside").fails(2, "cannot be written")
