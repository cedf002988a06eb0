"""Reports: what each reader may see, the same everywhere; and what is made of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator
from rich.cells import cell_len

from grader.decisions import Override
from grader.diagnosis import Diagnosis
from grader.report import (
    Reader,
    Report,
    SubmissionInfo,
    build_report,
    to_html,
    to_json,
    to_text,
)
from grader.report.context import AttemptInfo, Context, Prompt, cut_excerpts
from grader.report.remark import to_remark
from grader.resources import find_data
from grader.results import Frame, Outcome, Visibility
from grader.scoring import Attempt, CheckGrade, CriterionGrade, FinalGrade, Grade, QuestionGrade, Status

DOCS = Path(__file__).parents[1] / "docs" / "report.md"
SCHEMA = DOCS.with_suffix(".schema.json")
AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
PUBLIC, HIDDEN = Visibility.PUBLIC, Visibility.HIDDEN
INFO = SubmissionInfo("7", "sha256:5f0c…", AT, "ada")
ENVIRONMENT = {"torch": "2.9.0", "python": "3.11.7", "grader": "0.1.0", "isolation": "A", "seed": "0"}
ANSI = re.compile(r"\x1b\[[0-9;]*m")
SECRET = "expected 0.2011"
ZERO = Fraction(0)


def check(
    name: str,
    title: str,
    points: int | Fraction,
    outcome: Outcome,
    visibility: Visibility = PUBLIC,
    **more: Any,
) -> CheckGrade:
    amount = Fraction(points)
    score = amount if outcome is Outcome.PASSED else ZERO
    return CheckGrade(name, title, visibility, amount, score, more.pop("bonus", False), outcome, **more)


def code_question(*checks: CheckGrade, title: str = "The class FocalLoss", **more: Any) -> QuestionGrade:
    plain = [found for found in checks if not found.bonus]
    bonus = [found for found in checks if found.bonus]
    return QuestionGrade(
        id="focal-loss",
        kind="code",
        title=title,
        points=sum((found.points for found in plain), ZERO),
        score=sum((found.score for found in plain), ZERO),
        bonus=sum((found.score for found in bonus), ZERO),
        bonus_points=sum((found.points for found in bonus), ZERO),
        deferred=sum((found.points for found in plain if found.deferred), ZERO),
        checks=checks,
        **more,
    )


def grade_of(*questions: QuestionGrade, title: str = "Implement focal loss", **more: Any) -> Grade:
    return Grade(
        assignment="focal-loss",
        title=title,
        status=more.pop("status", Status.GRADED),
        score=sum((question.score for question in questions), ZERO),
        points=sum((question.points for question in questions), ZERO),
        bonus=sum((question.bonus for question in questions), ZERO),
        bonus_points=sum((question.bonus_points for question in questions), ZERO),
        deferred=sum((question.deferred for question in questions), ZERO),
        questions=questions,
        environment=more.pop("environment", ENVIRONMENT),
        **more,
    )


VALUE = check("test_value_by_hand", "Four examples computed by hand", 2, Outcome.PASSED)
SHAPE = check(
    "test_scalar",
    "The loss is one number",
    3,
    Outcome.FAILED,
    message="expected shape (), got shape (8,)",
    detail="got tensor([0.1, 0.2])",
    hint="Is a mean missing?",
    frames=(Frame("focal_loss.py", 17, "forward", "return weight * loss"),),
)
GRADIENT = check(
    "test_gradient",
    "Its gradient is that of the formula",
    2,
    Outcome.FAILED,
    HIDDEN,
    message="there is no gradient",
    detail=SECRET,
    frames=(Frame("focal_loss.py", 15, "forward", "p_t = torch.exp(-loss.data)"),),
)
LOOP = check("test_many", "A thousand classes take no loop", 1, Outcome.TIMED_OUT, HIDDEN, hint="Index all rows.")
BATCH = check("test_batch", "A batch of one works", 1, Outcome.CRASHED, HIDDEN)
CUDA = check("test_cuda", "It works on a GPU", 1, Outcome.NOT_RUN, HIDDEN, deferred=True, device="cuda")
BONUS = check("test_stable", "Large logits do not overflow", 1, Outcome.PASSED, HIDDEN, bonus=True)
BROKEN = check("test_odd", "It takes any reduction", 1, Outcome.ERRORED, HIDDEN, detail=SECRET)

WHY = QuestionGrade(
    "why", "choice", "Why gamma?", Fraction(1), Fraction(1), answer="b", feedback="Easy ones count less."
)
PICK = QuestionGrade("pick", "multiple_choice", "Which resist outliers?", Fraction(2), Fraction(2, 3), answer="a, c")
NUMBER = QuestionGrade(
    "mean", "numeric", "Their mean", Fraction(1), status=Status.UNANSWERED, message="answers.yaml:4:8: not a number"
)
OWN = QuestionGrade("own", "text", "In your own words", Fraction(1), answer="Rare", status=Status.NEEDS_REVIEW)
WRONG = QuestionGrade("wrong", "choice", "Which is it?", Fraction(1), answer="a", feedback="That is MSE.")

CODE = code_question(VALUE, SHAPE, GRADIENT, LOOP, BATCH, CUDA, BONUS)
FULL = grade_of(CODE, WHY, PICK, NUMBER, OWN, WRONG, status=Status.NEEDS_REVIEW, output="epoch 1\n")
PENDING = grade_of(
    replace(code_question(VALUE, BROKEN), status=Status.PENDING),
    status=Status.PENDING,
    fault=f"checks that broke: test_odd\nTraceback\n{SECRET}",
)
DIAGNOSIS = Diagnosis("detached-weight", "The weight is cut off", "p_t carries no gradient.", code=("focal-loss",))
DIAGNOSED = replace(FULL, diagnoses=(DIAGNOSIS,))
ESSAY = QuestionGrade(
    "essay",
    "text",
    "In your own words",
    Fraction(3),
    Fraction(2),
    answer="They are rare.",
    comment="Rare, and so?\nSay what follows.",
    marked_by="bo",
    criteria=(CriterionGrade("Gives the reason.", "Partly", Fraction(2), Fraction(3)),),
)
MARKED = grade_of(
    replace(code_question(VALUE, SHAPE), score=Fraction(7, 2), marked_by="bo", comment="Nearly: a mean is missing."),
    ESSAY,
)


PICTURE = "iVBORw0KGgo="
DRAWN = check("test_plot", "It draws", 1, Outcome.PASSED, figure=PICTURE)
FILES = {"focal_loss.py": b"".join(b"line %d\n" % number for number in range(1, 31))}
CONTEXT = Context(
    prompts={
        "focal-loss": Prompt("Implement $(1 - p_t)^\\gamma$ as **one** class."),
        "wrong": Prompt("Which *one*?", (("a", "`MSELoss`"), ("b", "$\\max(0, m)$"))),
    },
    excerpts=cut_excerpts(FULL, FILES),
    references={("focal-loss", "test_plot"): PICTURE},
    attempts=tuple(
        AttemptInfo(number, AT, Status.GRADED, Fraction(score), Fraction(16), number == 3, number == 2)
        for number, score in ((1, 2), (2, Fraction(11, 3)), (3, 9))
    ),
    closed="",
)


def student(grade: Grade, **more: Any) -> Report:
    return build_report(grade, INFO, Reader.STUDENT, **more)


def everywhere(report: Report) -> dict[str, str]:
    return {
        "json": json.dumps(to_json(report), ensure_ascii=False),
        "text": to_text(report, width=200),
        "color": to_text(report, width=200, color=True),
        "html": to_html(report),
    }


# Who sees what ------------------------------------------------------------------------------------------------------


def test_a_student_never_sees_what_a_hidden_check_expects() -> None:
    for grade in (FULL, PENDING):
        for form, shown in everywhere(student(grade)).items():
            assert SECRET not in shown, form
            assert "epoch 1" not in shown, form


def test_an_instructor_sees_details_output_and_fault() -> None:
    full = everywhere(build_report(FULL, INFO, Reader.INSTRUCTOR))
    pending = everywhere(build_report(PENDING, INFO, Reader.INSTRUCTOR))
    for form in full:
        assert SECRET in full[form], form
        assert "epoch 1" in full[form], form
        assert "Traceback" in pending[form], form


def test_a_student_sees_the_rest_of_a_hidden_check_and_all_of_a_public_one() -> None:
    for form, shown in everywhere(student(FULL)).items():
        for text in (
            GRADIENT.title,
            "there is no gradient",
            "focal_loss.py",
            "Index all rows.",
            "got tensor([0.1, 0.2])",
        ):
            assert text in shown, (form, text)


def test_of_the_way_to_where_a_hidden_check_failed_a_student_sees_the_end() -> None:
    """Code can choose its way by what it was called with, a branch for each bit of it."""
    way = tuple(Frame("focal_loss.py", line, "forward", f"return step_{line}()") for line in (15, 16, 17))
    hidden, public = replace(GRADIENT, frames=way), replace(SHAPE, outcome=Outcome.FAILED, frames=way)
    for visible, kept in ((hidden, way[-1:]), (public, way)):
        (seen,) = student(grade_of(code_question(visible))).grade.questions[0].checks
        assert seen.frames == kept
        (whole,) = build_report(grade_of(code_question(visible)), INFO, Reader.INSTRUCTOR).grade.questions[0].checks
        assert whole.frames == way


def test_students_see_what_their_code_printed_where_only_public_checks_ran() -> None:
    printed = "p_t = 0.9"
    public, hidden = (
        grade_of(code_question(SHAPE), output=printed),
        grade_of(code_question(SHAPE, GRADIENT), output=printed),
    )
    for complete in (True, False):
        assert printed in to_text(build_report(public, INFO, Reader.STUDENT, complete=complete))
        assert printed not in to_text(build_report(hidden, INFO, Reader.STUDENT, complete=complete))
    assert printed in to_text(build_report(hidden, INFO, Reader.INSTRUCTOR))


def test_hints_wait_until_they_are_needed() -> None:
    hinted = [replace(VALUE, hint="H"), replace(BROKEN, hint="H"), replace(CUDA, hint="H"), replace(SHAPE, hint="H")]
    checks = to_json(student(grade_of(code_question(*hinted))))["questions"][0]["checks"]
    assert [found["hint"] for found in checks] == [None, None, None, "H"]


def test_the_report_holds_nothing_that_its_reader_may_not_see() -> None:
    assert SECRET not in repr(student(FULL))
    assert SECRET not in repr(student(PENDING))


# Before submitting --------------------------------------------------------------------------------------------------


def test_a_local_run_says_nothing_of_hidden_checks_and_of_right_answers() -> None:
    right, wrong = replace(WHY, feedback="Yes"), replace(WHY, score=ZERO, feedback="No")
    reports = [student(grade_of(CODE, question), complete=False) for question in (right, wrong)]
    assert everywhere(reports[0]) == everywhere(reports[1])
    for form, shown in everywhere(reports[0]).items():
        assert GRADIENT.title not in shown, form
        assert BONUS.id not in shown, form


def test_a_local_run_counts_the_public_checks() -> None:
    data = to_json(student(FULL, complete=False))
    assert (data["complete"], data["score"], data["points"], data["deferred"]) == (False, 2.0, 5.0, 0.0)
    assert (data["status"], data["bonus_points"]) == ("graded", 0.0)
    assert [question["status"] for question in data["questions"]] == [
        "graded",
        "answered",
        "answered",
        "unanswered",
        "answered",
        "answered",
    ]


def test_public_checks_passed_is_not_all_passed() -> None:
    report = student(grade_of(code_question(VALUE, LOOP)), complete=False)
    last = "Public checks passed: 1 of 1, 2 of 2 points. Hidden checks run when you submit."
    assert to_text(report).splitlines()[-1] == last
    for form, shown in everywhere(report).items():
        assert not re.search(r"all (\d+ )?(checks )?(passed|right)|full marks|well done", shown, re.IGNORECASE), form


def test_a_local_run_with_failures_counts_them() -> None:
    text = to_text(student(grade_of(CODE), complete=False))
    last = "1 of 2 public checks passed, 2 of 5 points. Hidden checks run when you submit."
    assert text.splitlines()[-1] == last


def test_a_local_run_without_public_checks_says_so() -> None:
    text = to_text(student(grade_of(code_question(LOOP)), complete=False))
    assert "It has no public checks." in text
    assert text.splitlines()[-1] == "There are no public checks here. Hidden checks run when you submit."
    assert "It has no public checks." in to_html(student(grade_of(code_question(LOOP)), complete=False))


def test_a_fault_in_a_local_run_promises_no_stored_submission() -> None:
    broken = replace(BROKEN, visibility=PUBLIC)
    question = replace(code_question(broken), status=Status.PENDING)
    shown = to_text(student(grade_of(question, status=Status.PENDING), complete=False), width=200)
    assert "Your code is not to blame" in shown
    assert "is kept" not in shown


# JSON ---------------------------------------------------------------------------------------------------------------


def documented_example() -> Report:
    message = "the loss is cut off from its inputs: there is no gradient"
    gradient = replace(
        GRADIENT,
        message=message,
        hint="Does .item() or .data stand on the way?",
        frames=(Frame("focal_loss.py", 15, "forward", "    p_t = torch.exp(-cross_entropy.data)"),),
    )
    grade = grade_of(code_question(VALUE, gradient))
    told = "The value is right, but p_t carries no gradient."
    title = "The weight is cut off from the gradient"
    return student(replace(grade, diagnoses=(Diagnosis("detached-weight", title, told, code=("focal-loss",)),)))


def test_the_documented_example_is_what_is_written() -> None:
    block = re.search(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    written = json.dumps(to_json(documented_example()), indent=2, ensure_ascii=False)
    assert written + "\n" == block[1]


def fields(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def test_every_field_is_documented() -> None:
    named = set(re.findall(r"`([a-z_]+)`", DOCS.read_text(encoding="utf-8")))
    assert set(fields(to_json(build_report(DIAGNOSED, INFO, Reader.INSTRUCTOR)))) <= named
    assert set(fields(to_json(build_report(MARKED, INFO, Reader.INSTRUCTOR)))) <= named
    assert set(fields(to_json(student(DIAGNOSED, context=CONTEXT)))) <= named


def strict(schema: Any) -> Any:
    """Return a schema that takes no field but those it names: what is written must be published."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema else {}
    return closed | {name: strict(part) for name, part in schema.items()}


def test_reports_are_what_the_published_schema_says() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(strict(schema))
    override = Override("ada", "focal-loss", Fraction(3), "kim", datetime(2026, 12, 1, tzinfo=UTC), "an oral exam")
    final = FinalGrade("ada", "focal-loss", Status.GRADED, Fraction(3), Fraction(16), override=override, due=AT)
    for grade in (FULL, PENDING, DIAGNOSED, MARKED, grade_of(code_question(DRAWN))):
        for reader in Reader:
            for more in ({}, {"complete": False}, {"final": final}, {"context": CONTEXT}):
                report = to_json(build_report(grade, INFO, reader, **more))
                assert [str(error) for error in validator.iter_errors(report)] == []
    broken = to_json(student(FULL)) | {"score": "9", "new": 1}
    assert len(list(validator.iter_errors(broken))) == 2


def test_the_same_grade_gives_the_same_bytes() -> None:
    shuffled = replace(FULL, environment=dict(sorted(ENVIRONMENT.items())))
    assert json.dumps(to_json(student(FULL))) == json.dumps(to_json(student(shuffled)))
    assert to_html(student(FULL)) == to_html(student(shuffled))


@pytest.mark.parametrize(
    ("zone", "handed_in", "told_from"),
    [
        (None, "submitted 20 November 2026, 18:00 UTC", "shown after Mon 30 Nov 2026 18:00 UTC."),
        ("Asia/Tokyo", "submitted 21 November 2026, 03:00 JST", "shown after Tue 01 Dec 2026 03:00 JST."),
    ],
)
def test_times_are_told_in_the_zone_of_the_course_whichever_the_machine_is_in(
    zone: str | None, handed_in: str, told_from: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 11, 30, 18, tzinfo=UTC)
    context = replace(CONTEXT, feedback_from=at, zone=ZoneInfo(zone) if zone else None)
    report = build_report(FULL, replace(INFO, submitted_at=datetime(2026, 11, 20, 18, tzinfo=UTC)), Reader.STUDENT)
    report = replace(report, context=context)
    shown = []
    for machine in ("Europe/Berlin", "America/Lima"):
        monkeypatch.setenv("TZ", machine)
        time.tzset()
        shown.append((to_html(report), to_text(report, width=200), to_remark(report), json.dumps(to_json(report))))
    monkeypatch.undo()
    time.tzset()
    assert shown[0] == shown[1]
    words = Page(shown[0][0]).text
    assert handed_in in words
    assert told_from in words
    assert told_from in shown[0][1]


@pytest.mark.parametrize(
    ("amount", "number"),
    [
        (Fraction(9), "9.0"),
        (Fraction(1, 3), "0.3333"),
        (Fraction(2, 3), "0.6667"),
        (Fraction(1, 8), "0.125"),
        (Fraction(1, 20_000), "0.0"),
        (Fraction(3, 20_000), "0.0002"),
        (Fraction(1, 10) + Fraction(2, 10), "0.3"),
    ],
)
def test_amounts_have_four_decimals_and_halves_go_to_even(amount: Fraction, number: str) -> None:
    question = QuestionGrade("q", "choice", "Q", Fraction(10), amount, answer="a")
    assert json.dumps(to_json(student(grade_of(question)))["score"]) == number


def test_a_report_is_told_apart_by_its_status() -> None:
    data = to_json(student(PENDING))
    assert (data["status"], data["fault"]) == ("pending", "checks that broke: test_odd")
    data = to_json(student(FULL))
    assert (data["status"], data["fault"], data["score"], data["points"]) == ("needs_review", None, 3.6667, 16.0)
    assert (data["bonus"], data["bonus_points"], data["deferred"]) == (1.0, 1.0, 1.0)


# Text ---------------------------------------------------------------------------------------------------------------


def test_a_report_in_the_terminal_reads_like_this() -> None:
    report = student(grade_of(CODE, WHY, PICK, NUMBER, OWN, WRONG, status=Status.NEEDS_REVIEW, diagnoses=(DIAGNOSIS,)))
    assert to_text(report) == (
        "focal-loss · Implement focal loss · cpu, torch 2.9.0\n"
        "\n"
        "  The class FocalLoss                                                     2 / 10\n"
        "  pass      Four examples computed by hand                                 2 / 2\n"
        "  FAIL      The loss is one number                                         0 / 3\n"
        "            expected shape (), got shape (8,)\n"
        "            focal_loss.py:17  return weight * loss\n"
        "            got tensor([0.1, 0.2])\n"
        "            hint: Is a mean missing?\n"
        "  FAIL      Its gradient is that of the formula (hidden)                   0 / 2\n"
        "            there is no gradient\n"
        "            focal_loss.py:15  p_t = torch.exp(-loss.data)\n"
        "  slow      A thousand classes take no loop (hidden)                       0 / 1\n"
        "            It was stopped: it took too long.\n"
        "            hint: Index all rows.\n"
        "  crash     A batch of one works (hidden)                                  0 / 1\n"
        "            The program died while this check ran.\n"
        "  deferred  It works on a GPU (hidden, cuda)                               \u2013 / 1\n"
        "            This machine cannot run this check. Its points are kept\n"
        "            for one that can.\n"
        "  pass      Large logits do not overflow (hidden, bonus)                   1 / 1\n"
        "\n"
        "  pass      Why gamma?                                                     1 / 1\n"
        "            answer: b\n"
        "            Easy ones count less.\n"
        "  partly    Which resist outliers?                                      0.67 / 2\n"
        "            answer: a, c\n"
        "  unclear   Their mean                                                     0 / 1\n"
        "            answers.yaml:4:8: not a number\n"
        "  review    In your own words                                              \u2013 / 1\n"
        "            answer: Rare\n"
        "  FAIL      Which is it?                                                   0 / 1\n"
        "            answer: a\n"
        "            That is MSE.\n"
        "\n"
        "  Computes like a known mistake: The weight is cut off\n"
        "    p_t carries no gradient.\n"
        "\n"
        "3.67 of 16 points so far, and 1 of 1 bonus point. 1 point is deferred: this\n"
        "machine cannot run the checks. An answer waits for a person to read it.\n"
        "3 of 10 checks and answers right so far.\n"
        "Start with \u201cThe loss is one number\u201d.\n"
        "Run `grader check` until it is content, then hand in once more with `grader\n"
        "submit`."
    )


def test_what_a_person_gave_and_said_is_shown_with_the_question() -> None:
    assert to_text(student(MARKED)) == (
        "focal-loss · Implement focal loss · cpu, torch 2.9.0\n"
        "\n"
        "  The class FocalLoss                                                    3.5 / 5\n"
        "  pass      Four examples computed by hand                                 2 / 2\n"
        "  FAIL      The loss is one number                                         0 / 3\n"
        "            expected shape (), got shape (8,)\n"
        "            focal_loss.py:17  return weight * loss\n"
        "            got tensor([0.1, 0.2])\n"
        "            hint: Is a mean missing?\n"
        "            Marked by bo: 3.5 of 5 points, in place of what the checks\n"
        "            gave.\n"
        "            Nearly: a mean is missing.\n"
        "\n"
        "  partly    In your own words                                              2 / 3\n"
        "            answer: They are rare.\n"
        "            Gives the reason: Partly, 2 of 3 points\n"
        "            Marked by bo: 2 of 3 points.\n"
        "            Rare, and so?\n"
        "            Say what follows.\n"
        "\n"
        "5.5 of 8 points.\n"
        "1 of 3 checks and answers right.\n"
        "Start with \u201cThe loss is one number\u201d.\n"
        "Run `grader check` until it is content, then hand in once more with `grader\n"
        "submit`."
    )
    page = Page(to_html(student(MARKED))).text
    assert "1 of 2 checks passed, 3.5 of 5 points by a person's mark" in page
    for said in (
        "Nearly: a mean is missing.",
        "Gives the reason: Partly, 2 of 3 points",
        "Marked by bo: 2 of 3 points.",
    ):
        assert page.count(said) == 1
    code, essay = to_json(student(MARKED))["questions"]
    assert (code["score"], code["marked_by"], code["criteria"]) == (3.5, "bo", [])
    assert essay["comment"] == "Rare, and so?\nSay what follows."
    assert essay["criteria"] == [{"title": "Gives the reason.", "level": "Partly", "score": 2.0, "points": 3.0}]


def test_a_local_run_knows_of_no_marks() -> None:
    shown = everywhere(student(MARKED, complete=False))
    for form, text in shown.items():
        assert "Nearly" not in text, form
        assert "Rare, and" not in text, form


def test_a_single_question_needs_no_heading() -> None:
    assert to_text(student(grade_of(code_question(VALUE)))).splitlines() == [
        "focal-loss · Implement focal loss · cpu, torch 2.9.0",
        "  pass      Four examples computed by hand                                 2 / 2",
        "",
        "2 of 2 points.",
        "Full marks. Well done.",
    ]


def test_a_fault_of_ours_costs_nothing_and_says_so() -> None:
    text = to_text(student(PENDING))
    assert "  error     It takes any reduction (hidden)                                \u2013 / 1\n" in text
    assert "a fault on our side, which costs you nothing" in " ".join(text.split())
    assert text.endswith(
        "It costs\nyou nothing: your submission is kept, and will be graded again.\n"
        "There is nothing for you to do: it will be graded again, and costs you no\nattempt."
    )
    html = to_html(student(PENDING))
    assert "A fault on our side" in html
    assert "It costs you nothing" in html


def test_checks_of_a_blocked_question_are_not_run_and_say_why() -> None:
    question = code_question(
        replace(VALUE, outcome=Outcome.NOT_RUN, score=ZERO), message="focal_loss.py: line 3 calls cross_entropy"
    )
    text = to_text(student(grade_of(question)))
    assert "            focal_loss.py: line 3 calls cross_entropy\n" in text
    assert "  not run   Four examples computed by hand                                 0 / 2\n" in text
    assert 'Next: <a href="#q1">The class FocalLoss</a>' in to_html(student(grade_of(question)))


def test_what_ended_all_checks_alike_is_said_once() -> None:
    place = (Frame("focal_loss.py", 3, "<module>", "raise ValueError"),)
    for outcome, frames in ((Outcome.FAILED, place), (Outcome.CRASHED, ()), (Outcome.TIMED_OUT, ())):
        more: dict[str, Any] = {"message": "The file cannot be imported.", "hint": "Think again.", "frames": frames}
        checks = [check(f"test_{number}", f"Check {number}", 1, outcome, **more) for number in range(3)]
        report = build_report(grade_of(code_question(*checks)), INFO, Reader.STUDENT)
        for shown in (to_text(report), to_html(report)):
            assert shown.count("The file cannot be imported.") == 1
            assert "Think again." not in shown
        assert json.dumps(to_json(report)).count("The file cannot be imported.") == 3


def test_a_loop_that_never_ends_is_said_once_wherever_in_it_time_ran_out() -> None:
    def slow(number: int, function: str, line: int) -> CheckGrade:
        frames = (Frame("focal_loss.py", line, function, f"line {line}"),)
        return check(f"test_{number}", f"Check {number}", 1, Outcome.TIMED_OUT, message="Too long.", frames=frames)

    for functions, times in ((("loop", "loop", "loop"), 1), (("loop", "loop", "other"), 3)):
        checks = [slow(number, name, 3 + number) for number, name in enumerate(functions)]
        shown = to_text(build_report(grade_of(code_question(*checks)), INFO, Reader.STUDENT))
        assert shown.count("Too long.") == times
        used_up = replace(slow(9, "", 3), frames=(), message="All its time was used up.", hint="Unrelated.")
        shown = to_text(build_report(grade_of(code_question(*checks, used_up)), INFO, Reader.STUDENT))
        assert shown.count("Too long.") == times
        assert ("Unrelated." in shown) is (times > 1)
        assert "focal_loss.py:3  line 3" in shown


def test_the_place_and_the_words_of_an_exception_that_all_checks_share_are_shown_once() -> None:
    place = (Frame("focal_loss.py", 3, "forward", "return x.item(7)"),)
    public: dict[str, Any] = {
        "message": "The code raised ValueError at focal_loss.py:3.",
        "detail": "ValueError: no such item",
    }
    checks = [
        check("test_0", "Check 0", 1, Outcome.FAILED, frames=place, **public),
        check("test_1", "Check 1", 1, Outcome.FAILED, HIDDEN, frames=place, **public),
    ]
    report = build_report(grade_of(code_question(*checks)), INFO, Reader.STUDENT)
    for shown in (to_text(report), to_html(report)):
        for words in (public["message"], public["detail"], "return x.item(7)"):
            assert shown.count(words) == 1
    different = [checks[0], replace(checks[0], id="test_2", detail="ValueError: something else")]
    text = to_text(build_report(grade_of(code_question(*different)), INFO, Reader.STUDENT))
    assert "no such item" in text
    assert "something else" in text


def test_wrong_values_keep_their_hints_even_where_the_words_are_the_same() -> None:
    checks = [
        check(f"test_{number}", f"Check {number}", 1, Outcome.FAILED, message="A wrong value.", hint=f"Hint {number}.")
        for number in range(3)
    ]
    for shown in (to_text(build_report(grade_of(code_question(*checks)), INFO, Reader.STUDENT)),):
        assert shown.count("A wrong value.") == 3
        assert "Hint 2." in shown


def test_colour_changes_nothing_but_colour() -> None:
    colored = to_text(student(FULL), color=True)
    assert "\x1b[" in colored
    assert "\x1b" not in to_text(student(FULL))
    bare = [ANSI.sub("", line).rstrip() for line in colored.splitlines()]
    assert bare == to_text(student(FULL)).splitlines()


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07 [bold red]markup[/bold red] [/] \u202eevil :smile: "
    "損失" + "語" * 120 + " <script>alert('x')</script> {{ 7 * 7 }} \ud800 \x9b1m"
)


def hostile_grade() -> Grade:
    frame = Frame(HOSTILE, 3, HOSTILE, HOSTILE)
    failed = replace(SHAPE, message=HOSTILE, detail=HOSTILE * 3, hint=HOSTILE, title=HOSTILE, frames=(frame,))
    criterion = CriterionGrade(HOSTILE, HOSTILE, ZERO, ZERO)
    marked: dict[str, Any] = {"comment": HOSTILE, "marked_by": HOSTILE, "criteria": (criterion,)}
    quiz = replace(WHY, answer=HOSTILE, message=HOSTILE, feedback=HOSTILE, title=HOSTILE, **marked)
    environment = {**ENVIRONMENT, HOSTILE: HOSTILE}
    return grade_of(
        code_question(failed, title=HOSTILE, message=HOSTILE, **marked),
        quiz,
        title=HOSTILE,
        output=HOSTILE * 50,
        fault=HOSTILE,
        status=Status.PENDING,
        environment=environment,
    )


def hostile_report(reader: Reader) -> Report:
    info = SubmissionInfo(HOSTILE, HOSTILE, INFO.submitted_at, HOSTILE)
    found = Diagnosis(HOSTILE, HOSTILE, HOSTILE, code=(HOSTILE,), quiz=(HOSTILE,))
    return build_report(replace(hostile_grade(), diagnoses=(found,)), info, reader)


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("width", [40, 80, 133])
def test_hostile_text_is_shown_in_the_terminal_not_obeyed(reader: Reader, width: int) -> None:
    text = to_text(hostile_report(reader), width=width)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    joined = re.sub(r"\s+", "", text)
    assert "[boldred]markup[/boldred][/]" in joined
    assert ":smile:" in joined


def test_a_flood_of_lines_is_cut() -> None:
    flood = replace(SHAPE, message="line\n" * 300, detail="value\n" * 2000)
    text = to_text(build_report(grade_of(code_question(flood)), INFO, Reader.INSTRUCTOR))
    assert len(text.splitlines()) < 40
    assert "more lines" in text


# HTML ---------------------------------------------------------------------------------------------------------------

VOID = {"meta", "br", "rect", "line", "img"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def found(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def pages() -> dict[str, str]:
    return {
        "full": to_html(student(DIAGNOSED)),
        "pending": to_html(student(PENDING)),
        "instructor": to_html(build_report(FULL, INFO, Reader.INSTRUCTOR)),
        "local": to_html(build_report(FULL, SubmissionInfo(), Reader.STUDENT, complete=False)),
        "hostile": to_html(hostile_report(Reader.INSTRUCTOR)),
        "context": to_html(student(DIAGNOSED, context=CONTEXT)),
    }


@pytest.mark.parametrize("name", ["full", "pending", "instructor", "local", "hostile", "context"])
def test_a_page_needs_nothing_else_and_runs_nothing(name: str) -> None:
    html = pages()[name]
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not re.search(r"url\(|@import|https?:|//[a-z]", "".join(str(attributes) for _, attributes in page.tags))
    assert not re.search(r"url\((?!data:font/woff2;base64,)|@import", html)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    policy = [found["content"] for found in page.found("meta") if found.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"]
    assert html.startswith("<!doctype html>")
    html.encode("utf-8")


@pytest.mark.parametrize("name", ["full", "pending", "instructor", "local", "hostile", "context"])
def test_a_page_is_in_order_for_those_who_hear_it(name: str) -> None:
    page = Page(pages()[name])
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointers = [found["href"] or "" for found in page.found("a") if (found["href"] or "").startswith("#")]
    labels = [part for _, found in page.tags for part in (found.get("aria-labelledby") or "").split()]
    assert {pointer[1:] for pointer in pointers} | set(labels) <= set(ids)
    assert len(page.found("h1")) == 1
    assert len(page.found("caption")) == len(page.found("table"))
    assert all(found.get("scope") for found in page.found("th"))
    assert page.found("html") == [{"lang": "en"}]
    assert page.found("title")


def test_hostile_text_stays_text_on_a_page() -> None:
    page = Page(pages()["hostile"])
    assert "<script>alert('x')</script> {{ 7 * 7 }}" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", pages()["hostile"])


def test_a_page_says_the_score_the_outcomes_and_what_to_do_next() -> None:
    text = Page(pages()["full"]).text
    assert "3.67 of 16 points so far" in text
    assert "3 of 10 checks and answers right so far. Next: The loss is one number" in text
    for words in (
        "passed",
        "wrong",
        "timed out",
        "crashed",
        "deferred",
        "partly right",
        "not readable",
        "needs review",
    ):
        assert f" {words} " in text, words
    assert "Instructor" not in text
    assert "On top: 1 of 1 bonus point." in text


def test_encouragement_is_true() -> None:
    def told(*questions: QuestionGrade) -> str:
        return Page(to_html(student(grade_of(*questions)))).text

    assert "Full marks: all 2 checks right. Well done." in told(code_question(VALUE, replace(VALUE, id="b")))
    assert "what is left is bonus" in told(code_question(VALUE, replace(BONUS, outcome=Outcome.FAILED, score=ZERO)))
    assert "Nothing is right yet" in told(code_question(SHAPE))
    assert "1 of 2 checks right." in told(code_question(VALUE, SHAPE))


def test_why_the_attempt_that_counts_earned_less_is_told_with_every_other_one_too() -> None:
    grade = grade_of(code_question(VALUE, replace(VALUE, id="b")))
    attempt, penalty = Attempt("another", AT, grade), "late by 2 d: 10 - 2 = 8"
    final = FinalGrade(
        "ada", "focal-loss", Status.GRADED, grade.score / 2, grade.points, attempt=attempt, number=3, penalty=penalty
    )
    for shown in (Page(to_html(student(grade, final=final))).text, to_text(student(grade, final=final), width=200)):
        told = " ".join(shown.split())
        assert "Nothing is wrong with it, though less counts: see what is said of that." in told
        assert "Attempt 3 counts. Late by 2 d: 10 - 2 = 8." in told
        assert "Well done" not in told


def test_what_nobody_decided_yet_is_neither_right_nor_wrong() -> None:
    waiting = replace(PICK, status=Status.NEEDS_REVIEW, score=ZERO)
    told = Page(to_html(student(grade_of(waiting, status=Status.NEEDS_REVIEW)))).text
    assert "Nothing is decided yet." in told
    assert "0 of" not in told.partition("What was asked")[0].partition("points so far")[2]


def test_in_the_terminal_formulas_are_read_aloud_and_what_code_was_to_do_is_told() -> None:
    context = replace(CONTEXT, prompts={"focal-loss": Prompt("With $(1 - p)^\\gamma \\le 1$.\n\nMore of it.")})
    wrong, right = code_question(SHAPE), code_question(VALUE)
    assert "(1 - p)^\N{GREEK SMALL LETTER GAMMA} \u2264 1. \u2026\n" in to_text(
        student(grade_of(wrong), context=context)
    )
    assert "With" not in to_text(student(grade_of(right), context=context))
    assert "With" not in to_text(student(grade_of(wrong), context=context, complete=False))
    feedback = replace(WRONG, feedback="About $\\log 10 \\approx 2.3$.")
    assert "About log 10 \u2248 2.3." in to_text(student(grade_of(feedback)))


def test_what_lateness_took_is_no_full_marks() -> None:
    grade = grade_of(code_question(VALUE, replace(VALUE, id="b")))
    attempt = Attempt(str(INFO.id), AT, grade)
    final = FinalGrade("ada", "focal-loss", Status.GRADED, grade.score / 2, grade.points, attempt=attempt, number=1)
    words = Page(to_html(student(grade, final=final))).text
    assert "Nothing is wrong with it, though less counts: see what is said of that." in words
    assert "Full marks" not in words
    whole = replace(final, score=grade.score)
    assert "Full marks: all 2 checks right." in Page(to_html(student(grade, final=whole))).text


def test_encouragement_counts_what_a_person_gave() -> None:
    full = replace(code_question(VALUE, SHAPE), score=Fraction(5), marked_by="bo")
    assert "Full marks. Well done." in to_html(student(grade_of(full)))
    assert "is bonus" not in to_html(student(grade_of(full)))
    lowered = replace(code_question(VALUE, replace(SHAPE, outcome=Outcome.PASSED)), score=Fraction(4), marked_by="bo")
    assert "2 of 2 checks right." in to_html(student(grade_of(lowered)))
    some = replace(code_question(SHAPE), score=Fraction(1), marked_by="bo")
    assert "Nothing is right yet" not in to_html(student(grade_of(some)))


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it, from 1 to 21."""

    def luminance(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted([luminance(first), luminance(second)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_text_has_enough_contrast_in_light_dark_and_print() -> None:
    style = (find_data("templates") / "report" / "style.css.jinja").read_text(encoding="utf-8")
    schemes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.split(r"@media \(p|@media p", style)
    ]
    assert len(schemes) == 3
    tones = ("passed", "wrong", "slow", "crashed", "ours", "waiting", "open")
    for colors in schemes:
        papers = ["paper", "panel", *(f"{tone}-paper" for tone in tones)]
        pairs = [(ink, paper) for ink in ("ink", "soft") for paper in papers]
        pairs += [(f"{tone}-ink", f"{tone}-paper") for tone in tones]
        pairs += [("accent", "paper"), ("accent", "panel")]
        for ink, paper in pairs:
            assert contrast(colors[ink], colors[paper]) >= 4.5, (ink, paper, colors[ink], colors[paper])
        for mark in ("passed-ink", "accent", "waiting-ink"):
            assert contrast(colors[mark], colors["track"]) >= 3, mark


# What is told beside the grade --------------------------------------------------------------------------------------


def test_the_lines_around_an_error_are_shown_once() -> None:
    shape, twice = CODE.checks[1], replace(CODE.checks[1], id="test_again", message="something else")
    grade = grade_of(code_question(VALUE, shape, twice))
    report = student(grade, context=Context(excerpts=cut_excerpts(grade, FILES)))
    page, text = Page(to_html(report)).text, to_text(report)
    assert "14 line 14 15 line 15 16 line 16 ▸ 17 line 17 18 line 18" in page
    assert page.count("line 16") == 1
    assert "focal_loss.py:17\n                16  line 16\n            >   17  line 17\n" in text
    assert text.count("line 16") == 1
    assert "focal_loss.py:17  return weight * loss" in text
    lines = [f"line {number}" for number in range(14, 21)]
    assert to_json(report)["context"]["excerpts"] == [
        {"file": "focal_loss.py", "line": 17, "first": 14, "lines": lines, "cell": None}
    ]


def test_places_that_the_files_do_not_have_are_left_out() -> None:
    assert cut_excerpts(FULL, {}) == {}
    assert cut_excerpts(FULL, {"focal_loss.py": b"one line"}) == {}
    assert cut_excerpts(FULL, {"focal_loss.py": b"\xff\xfe" * 20 + b"\n" * 40}).keys() == {
        ("focal_loss.py", 15),
        ("focal_loss.py", 17),
    }


def test_an_excerpt_of_a_place_that_the_reader_does_not_see_is_not_told() -> None:
    outer = Frame("focal_loss.py", 3, "chosen_by_what_a_hidden_check_passed", "line 3")
    secret = replace(GRADIENT, frames=(outer, *GRADIENT.frames))
    grade = grade_of(code_question(secret))
    context = Context(excerpts=cut_excerpts(grade, FILES))
    assert set(context.excerpts) == {("focal_loss.py", 3), ("focal_loss.py", 15)}
    assert set(student(grade, context=context).context.excerpts) == {("focal_loss.py", 15)}
    assert set(build_report(grade, INFO, Reader.INSTRUCTOR, context=context).context.excerpts) == set(context.excerpts)


def test_what_was_asked_and_what_was_chosen() -> None:
    report = student(FULL, context=CONTEXT)
    html, text = to_html(report), to_text(report)
    assert "<strong>one</strong>" in html
    assert "Which <em>one</em>?" in html
    assert html.count("<math") == 2
    assert "a) MSELoss your answer b)" in Page(html).text
    assert "Which *one*?\n            answer: a) `MSELoss`\n            That is MSE." in text


def test_a_prompt_that_is_another_one_by_now_is_not_shown() -> None:
    drawn = replace(WRONG, asked="Which of 3?\n\na) One\nb) Two")
    for text, choices, shown in (
        ("Which of 3?", (("a", "One"), ("b", "Two")), True),
        ("Which of 4?", (("a", "One"), ("b", "Two")), False),
        ("Which of 3?", (("a", "One"), ("b", "Three")), False),
    ):
        context = Context(prompts={"wrong": Prompt(text, choices)})
        report = student(grade_of(drawn), context=context)
        assert ("wrong" in report.context.prompts) == shown
        assert "Which of 3?" in Page(to_html(report)).text
        assert "Which of 4?" not in Page(to_html(report)).text


def test_only_a_page_with_formulas_carries_the_font_for_them() -> None:
    assert "@font-face" in to_html(student(FULL, context=CONTEXT))
    assert "@font-face" not in to_html(student(FULL))


def test_feedback_waits_for_its_moment() -> None:
    picked = replace(DIAGNOSIS, code=(), quiz=("wrong",))
    both = replace(DIAGNOSIS, mistake="both", quiz=("wrong",))
    grade = replace(FULL, diagnoses=(DIAGNOSIS, picked, both))
    context = replace(CONTEXT, feedback_from=datetime(2026, 11, 30, 18, tzinfo=UTC))
    early = student(grade, context=context)
    for shown in everywhere(early).values():
        assert "That is MSE." not in shown
        assert "Easy ones count less." not in shown
    assert [found.quiz for found in early.grade.diagnoses] == [(), ()]
    assert "What is said of each answer is shown after Mon 30 Nov 2026" in to_text(early, width=200)
    assert "What is said of each answer is shown after Mon 30 Nov 2026" in Page(to_html(early)).text
    assert early.grade.score == FULL.score
    assert "That is MSE." in to_text(build_report(grade, INFO, Reader.INSTRUCTOR, context=context))
    assert "That is MSE." in to_text(student(grade, context=CONTEXT))


def test_attempts_are_drawn_and_told() -> None:
    report = student(FULL, context=CONTEXT)
    page = Page(to_html(report))
    dots = [one for one in page.found("circle") if one["class"] != "own"]
    heights = [float(dot["cy"] or "") for dot in dots]
    assert heights == sorted(heights, reverse=True)
    assert [dot["class"] for dot in dots] == ["other", "other", "counts"]
    (ring,) = [one for one in page.found("circle") if one["class"] == "own"]
    assert (ring["cx"], ring["cy"]) == (dots[1]["cx"], dots[1]["cy"])
    assert "ada · attempt 2 of 3 · submitted" in page.text
    assert page.found("svg")[0]["aria-label"] == "Attempts so far: 2, then 3.67, then 9 of 16 points."
    assert "Attempts so far: 2, then 3.67, then 9 of 16 points." in to_text(report)
    one = replace(CONTEXT, attempts=CONTEXT.attempts[:1])
    assert not Page(to_html(student(FULL, context=one))).found("svg")
    assert "Attempts so far" not in to_text(student(FULL, context=one))


def test_an_attempt_without_a_score_is_a_gap() -> None:
    pending = (CONTEXT.attempts[0], replace(CONTEXT.attempts[1], status=None), CONTEXT.attempts[2])
    report = student(FULL, context=replace(CONTEXT, attempts=pending))
    page = Page(to_html(report))
    assert len(page.found("circle")) == 2
    assert len((page.found("polyline")[0]["points"] or "").split()) == 2
    assert "Attempts so far: 2, then \u2013, then 9 of 16 points." in to_text(report)


def test_a_figure_stands_beside_that_of_a_right_solution() -> None:
    grade = grade_of(code_question(DRAWN))
    assert [found["alt"] for found in Page(to_html(student(grade, context=CONTEXT))).found("img")] == [
        "What the code drew",
        "What a right solution draws",
    ]
    hidden = grade_of(code_question(replace(DRAWN, visibility=HIDDEN)))
    report = student(hidden, context=CONTEXT)
    assert not Page(to_html(report)).found("img")
    assert to_json(report)["context"]["references"] == []
    odd = replace(CONTEXT, references={("focal-loss", "test_plot"): '"><script>'})
    assert student(grade, context=odd).context.references == {}


@pytest.mark.parametrize(
    ("grade", "closed", "last"),
    [
        (FULL, "", "Run `grader check` until it is content, then hand in once more with `grader submit`."),
        (FULL, "the cut-off has passed", "Another attempt would not count: the cut-off has passed. This score stands."),
        (grade_of(WRONG), "", "Hand in once more with `grader submit`."),
        (PENDING, "", "There is nothing for you to do: it will be graded again, and costs you no attempt."),
        (
            grade_of(OWN, status=Status.NEEDS_REVIEW),
            "",
            "There is nothing for you to do: a person reads what you wrote.",
        ),
    ],
)
def test_what_to_do_next(grade: Grade, closed: str, last: str) -> None:
    report = student(grade, context=replace(CONTEXT, closed=closed))
    assert to_json(report)["context"]["next"][-1] == last
    assert "What to do next" in Page(to_html(report)).text
    assert to_json(build_report(grade, INFO, Reader.INSTRUCTOR, context=CONTEXT))["context"]["next"] == []


def test_while_a_cooldown_runs_the_next_attempt_is_told_with_its_time() -> None:
    opens_at = datetime(2026, 11, 30, 18, tzinfo=UTC)
    report = student(grade_of(WRONG), context=replace(CONTEXT, opens_at=opens_at, zone=ZoneInfo("Europe/Berlin")))
    assert to_json(report)["context"]["next"][-2:] == [
        "Hand in once more with `grader submit`.",
        "The next attempt counts from Mon 30 Nov 2026 19:00 CET on.",
    ]


def test_after_full_marks_there_is_nothing_to_do() -> None:
    report = student(grade_of(code_question(VALUE)), context=CONTEXT)
    assert to_json(report)["context"]["next"] == []
    assert "What to do next" not in Page(to_html(report)).text


def test_hostile_text_beside_the_grade_stays_text() -> None:
    odd = "</pre><script>alert(1)</script>\x1b[31m\u202e{{ 7 * 7 }}"
    files = {"focal_loss.py": "\n".join([odd] * 40).encode()}
    context = replace(
        CONTEXT,
        prompts={"wrong": Prompt(f"{odd}\n\n[x](javascript:alert(1)) ![y](http://y/z.png)", ((odd, odd), ("a", odd)))},
        excerpts=cut_excerpts(FULL, files),
        closed=odd,
    )
    for form, shown in everywhere(student(FULL, context=context)).items():
        assert not re.search(r"\x1b\[31m|\u202e", shown), form
    page = Page(to_html(student(FULL, context=context)))
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not [found for found in page.found("a") if not (found["href"] or "").startswith("#")]
    assert "<script>alert(1)</script>" in page.text
