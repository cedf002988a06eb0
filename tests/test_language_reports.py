"""What is told of work comes in the course's language.

In a catalog of their own all messages are in other letters than Latin ones, and so is here what authors and students
write. A Latin letter that comes out is a message that nobody marked, or one that came in another language.
"""

# ruff: noqa: RUF001 - Greek is what authors write here

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog

from grader.answers import read_answers
from grader.checks import read_checks
from grader.decisions import HintTaken, Override
from grader.diagnosis import Diagnosis
from grader.engine import Examiner
from grader.errors import InputError
from grader.examiner.expect import Expectation, describe, expect_tensor
from grader.examiner.verdicts import find_came, hide_sizes, judge
from grader.export.choices import Choices
from grader.export.formats import FORMATS, make_export
from grader.export.scores import Column, Detail, ScoreTable
from grader.final_scores import gather_scores
from grader.gradebook import Gradebook
from grader.grading import Setup, grade_submissions
from grader.language import DOMAIN, OWN_CATALOGS, list_languages, speaking
from grader.notebook import UNSAVED, Result
from grader.notebook_stub import render_notebook
from grader.packages import github, github_results, gradescope_results
from grader.packages.gradescope import Settings
from grader.policy import Policy, describe_rules
from grader.questions import Question
from grader.remarks import add_remarks
from grader.report import Reader, SubmissionInfo, build_report, to_html, to_json, to_text
from grader.report.context import AttemptInfo, Context, Excerpt, Prompt
from grader.report.pdf import _describe, _Pictures
from grader.report.remark import to_remark
from grader.report.terminal import WORD_WIDTH
from grader.report.wording import (
    ANSWERED,
    DEFERRED,
    NOT_GRADED,
    PARTLY,
    RIGHT,
    STATUSES,
    UNREADABLE,
    VERDICTS,
    WRONG,
)
from grader.reporting import report_stored
from grader.results import SHADOW, Frame, Outcome, Visibility
from grader.roster import RosterStudent
from grader.scoring import Attempt, CheckGrade, CriterionGrade, FinalGrade, Grade, QuestionGrade, Status, settle
from grader.spec import Assignment, load_assignment, load_course
from grader.stub import render_stub
from grader.submission import Submission
from tests.messages import MARKED, gather, write_catalog
from tests.shell import Shell, write

torch = pytest.importorskip("torch")

AT = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
# Code, and units that durations are written in.
CODE = frozenset(("cpu", "cuda", "shadow", "torch", "UTC", "CET", "d", "h", "min", "s", "MB", "x", "y", "z", "a", "b"))


def disguise(message: str) -> str:
    """Return a message in Cyrillic letters, one for each Latin one; what is in braces stays."""

    def replace_letter(found: re.Match[str]) -> str:
        letter = found[0]
        if len(letter) > 1:
            return letter
        return chr((0x430 if letter.islower() else 0x410) + ord(letter.lower()) - ord("a"))

    return re.sub(r"\{[^{}]*\}|[A-Za-z]", replace_letter, message)


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Make the catalog of all messages in other letters known, and return its language."""
    folder = tmp_path_factory.mktemp("locale")
    catalog = Catalog(locale=MARKED, domain=DOMAIN, fuzzy=False)
    for message in gather():
        if isinstance(message.id, str) and message.id:
            catalog.add(message.id, disguise(message.id))
        elif message.id:
            catalog.add(message.id, tuple(map(disguise, message.id)))
    path = folder / MARKED / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True)
    write_catalog(catalog, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(OWN_CATALOGS, str(folder))
        yield MARKED


def expect_foreign(text: str, *code: str) -> None:
    """Expect that a text holds no Latin word but code."""
    assert text.strip()
    for word in code:
        text = text.replace(word, "")
    left = set(re.findall(r"[A-Za-z]+", text)) - CODE
    assert not left, (sorted(left), text)


class _Words(HTMLParser):
    """Gathers what a page tells, the texts of pictures included."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.language: str | None = None
        self._skipped = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self._skipped = tag in ("style", "math")
        self.told += [text for name in ("alt", "aria-label", "title") if (text := found.get(name))]
        self.language = found.get("lang") or self.language

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.told.append(data)


def read_page(page: str) -> _Words:
    words = _Words()
    words.feed(page)
    return words


# Reports.


def check(number: int, outcome: Outcome, **more: Any) -> CheckGrade:
    points = Fraction(1)
    score = points if outcome is Outcome.PASSED else Fraction(0)
    values: dict[str, Any] = {"visibility": Visibility.PUBLIC, "bonus": False, **more}
    return CheckGrade(f"γ{number}", f"Γάμμα {number}", points=points, score=score, outcome=outcome, **values)


CODE_QUESTION = QuestionGrade(
    "α",
    "code",
    "Άλφα",
    Fraction(6),
    Fraction(1),
    bonus=Fraction(1),
    bonus_points=Fraction(1),
    deferred=Fraction(1),
    checks=(
        check(1, Outcome.PASSED),
        check(2, Outcome.PASSED, bonus=True, visibility=Visibility.HIDDEN),
        check(3, Outcome.TIMED_OUT, hint="Ήτα?", frames=(Frame("ω.λ", 2, "φ", "ψ"), Frame("ω.λ", 3, "χ", "ψ"))),
        check(4, Outcome.CRASHED, device=SHADOW),
        check(5, Outcome.ERRORED, detail="Δέλτα"),
        check(6, Outcome.NOT_RUN, deferred=True, device="cuda"),
        check(7, Outcome.FAILED, message="Μι", figure=PIXEL),
        check(8, Outcome.NOT_RUN),
    ),
)
MARKED_QUESTION = QuestionGrade(
    "β",
    "text",
    "Βήτα",
    Fraction(2),
    Fraction(1),
    answer="Ναι",
    marked_by="κ",
    comment="Σχόλιο",
    criteria=(CriterionGrade("Κριτήριο", "Καλό", Fraction(1), Fraction(2)),),
)
QUIZ = (
    QuestionGrade("δ", "choice", "Δέλτα", Fraction(1), Fraction(1), answer="α", feedback="Σωστό"),
    QuestionGrade("ε", "multiple_choice", "Έψιλον", Fraction(2), Fraction(1), answer="α", asked="Τι?", expected="β"),
    QuestionGrade("ζ", "numeric", "Ζήτα", Fraction(1), answer="7", expected="8"),
    QuestionGrade("η", "numeric", "Ήτα", Fraction(1), status=Status.UNANSWERED),
    QuestionGrade("θ", "numeric", "Θήτα", Fraction(1), status=Status.UNANSWERED, message="Λάθος"),
    QuestionGrade("ι", "text", "Ιώτα", Fraction(1), status=Status.NEEDS_REVIEW, answer="ν\nξ"),
    MARKED_QUESTION,
)
MARKED_CODE = replace(CODE_QUESTION, id="ο", title="Όμικρον", marked_by="κ", bonus_points=Fraction(0))
NO_CHECKS = QuestionGrade("π", "code", "Πι", Fraction(1), message="Ρο")
INFO = SubmissionInfo("7", "0", AT, "ν")
DIAGNOSES = (
    Diagnosis("σ", "Σίγμα", "Τι", code=("α",)),
    Diagnosis("τ", "Ταυ", "Τι", quiz=("δ",)),
    Diagnosis("υ", "Ύψιλον", "Τι", code=("α",), quiz=("δ",)),
)
CONTEXT = Context(
    prompts={"δ": Prompt("Τι?", (("α", "Ένα"), ("β", "Δύο"))), "α": Prompt("Πώς?")},
    excerpts={("ω.λ", 3): Excerpt(2, ("ψ", "ψ"), (4, 2))},
    references={("α", "γ7"): PIXEL},
    attempts=tuple(
        AttemptInfo(number, AT, status, Fraction(number), Fraction(9), number == 2, number == 3)
        for number, status in enumerate((Status.GRADED, Status.GRADED, None), start=1)
    ),
    closed="",
    feedback_from=AT,
)


def make_grade(*questions: QuestionGrade, **more: Any) -> Grade:
    values: dict[str, Any] = {
        "score": Fraction(4),
        "points": Fraction(9),
        "bonus": Fraction(1),
        "bonus_points": Fraction(1),
        **more,
    }
    status = values.pop("status", Status.GRADED)
    return Grade("ρ", "Ρεπό", status, questions=questions, environment={"torch": "2"}, **values)


FINAL = FinalGrade(
    "ν",
    "ρ",
    Status.GRADED,
    Fraction(3),
    Fraction(9),
    Fraction(1),
    Fraction(1),
    attempt=Attempt("6", AT),
    number=2,
    limit=3,
)
OVERRIDDEN = replace(FINAL, limit=1, override=Override("ν", "ρ", Fraction(3), "κ", AT, "Λόγος."))
WHOLE = make_grade(CODE_QUESTION, *QUIZ, MARKED_CODE, NO_CHECKS, diagnoses=DIAGNOSES, deferred=Fraction(1), note="Νότα")
LONG = replace(WHOLE, output="ψ\n" * 500)
REPORTS: Mapping[str, tuple[Grade, dict[str, Any]]] = {
    "all": (WHOLE, {"final": FINAL, "context": CONTEXT}),
    "closed": (WHOLE, {"final": OVERRIDDEN, "context": replace(CONTEXT, closed="κ", feedback_from=None)}),
    "waiting": (replace(LONG, status=Status.NEEDS_REVIEW), {"final": replace(FINAL, attempt=Attempt("7", AT))}),
    "pending": (replace(WHOLE, status=Status.PENDING, fault="Φ"), {}),
    "local": (replace(WHOLE, environment={"isolation": "none"}), {"complete": False}),
    "local quiz": (make_grade(*QUIZ), {"complete": False}),
    "quiz": (make_grade(*QUIZ), {"final": replace(FINAL, limit=None)}),
    "right": (make_grade(QUIZ[0], points=Fraction(4), bonus_points=Fraction(0)), {}),
    "late": (make_grade(QUIZ[0]), {"final": replace(FINAL, attempt=Attempt("7", AT), penalty="κ")}),
    "read": (make_grade(QUIZ[0], status=Status.NEEDS_REVIEW), {}),
    "nothing": (make_grade(*QUIZ[2:4], score=Fraction(0)), {}),
    "no checks": (make_grade(NO_CHECKS), {"complete": False}),
}


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("name", REPORTS)
def test_no_word_of_a_report_is_forgotten(name: str, reader: Reader, language: str, tmp_path: Path) -> None:
    grade, more = REPORTS[name]
    report = build_report(grade, INFO, reader, language=language, **more)
    expect_foreign(to_text(report))
    page = read_page(to_html(report))
    assert page.language == language
    expect_foreign("\n".join(page.told), "isolation", "none")
    expect_foreign(to_remark(report))
    data = to_json(report)
    assert data["language"] == language
    if data["context"] is not None and data["context"]["next"]:
        expect_foreign(" ".join(data["context"]["next"]))
    with speaking(language):
        shown = _describe(report, _Pictures(tmp_path))
    assert shown.pop("language") == language
    told = [*shown.pop("words").values(), *(shown[key] for key in ("facts", "of", "encouragement"))]
    told += [*shown["notes"], *shown["sentences"], *(one["at"] for one in shown["attempts"])]
    told += [*(one["source"] for one in shown["diagnoses"]), *(one for q in shown["questions"] for one in q["lines"])]
    checks = [one for question in shown["questions"] for one in question["checks"]]
    told += [text for one in checks for text in (one["verdict"]["label"], one["title"], one["explanation"]) if text]
    told += [one["label"] for check in checks for one in (*check["pictures"], *check["places"])]
    expect_foreign("\n".join(told))


def test_a_page_that_leaves_something_out_says_so(language: str) -> None:
    for figure, detail in (("A" * 300_000, None), (None, "ψ" * 200_000)):
        failed = check(1, Outcome.FAILED, message="Μι", figure=figure, detail=detail)
        many = tuple(replace(failed, id=f"γ{number}") for number in range(40))
        question = replace(CODE_QUESTION, checks=many)
        report = build_report(make_grade(question), INFO, Reader.STUDENT, language=language)
        expect_foreign("\n".join(read_page(to_html(report)).told))


def test_a_notebook_shows_it_in_the_report_s_language(language: str) -> None:
    grade, more = REPORTS["local"]
    report = to_json(build_report(grade, INFO, Reader.STUDENT, language=language, context=CONTEXT, **more))
    result = Result(report, notes=("Ν",), warning=UNSAVED)
    expect_foreign(str(result))
    expect_foreign("\n".join(read_page(result._repr_html_()).told))


def find_texts(data: Any) -> list[str]:
    """Return the texts that somebody reads in results of a test."""
    names = ("name", "output", "message")
    return [one[name] for one in (data, *data["tests"]) for name in names if one.get(name)]


@pytest.mark.parametrize("name", ["all", "waiting", "quiz", "pending"])
def test_what_gradescope_and_github_show(name: str, language: str) -> None:
    grade, more = REPORTS[name]
    report = build_report(replace(grade, diagnoses=()), INFO, Reader.STUDENT, language=language, **more)
    settings = Settings("ρ", language=language)
    with speaking(language):
        told = find_texts({"tests": [], **gradescope_results.build_results(report, settings, 0.0)})
        told += find_texts(gradescope_results.refuse_results(InputError("Ν", "Ξ"), 0.0))
        told += find_texts(github_results.build_result(report))
        told.append(github_results.write_summary(report))
    expect_foreign("\n".join(told), "<br>", "grader")


def test_a_repository_knows_its_course_s_language(tmp_path: Path, write_assignment: Callable[..., Path]) -> None:
    assignment = load_assignment(write_assignment())
    place = f"{github.HOME}/{github.LANGUAGE}"
    assert place not in github.make_repository(assignment).files
    made = github.make_repository(assignment, language="de").files
    assert "Schreibe `mean_loss`" in made["README.md"].decode()
    assert github.read_language(write(tmp_path, {place: made[place]}) / github.HOME) == "de"
    assert github.read_language(write(tmp_path, {place: "../../de"}) / github.HOME) == "en"
    assert github.read_language(tmp_path) == "en"


# What counts.


def policy(**late: str) -> Policy:
    return Policy.model_validate(
        {"late": late, "attempts": {"limit": 3, "cooldown": "1 h", "counts": "best"}, "feedback": "after_due"}
    )


POLICIES = {
    "none": policy(),
    "penalty": policy(penalty="10 % per day"),
    "grace": policy(penalty="10 % per day", grace="9 d"),
    "hour": policy(penalty="1 % per hour", grace="1 h"),
    "floor": policy(penalty="90 % per day", floor="50 %"),
    "zero": policy(penalty="100 % per day", floor="0 %"),
    "cut-off": policy(cut_off="1 d"),
}


@pytest.mark.parametrize("name", POLICIES)
def test_what_counts_and_the_rules(name: str, language: str, write_assignment: Callable[..., Path]) -> None:
    assignment = load_assignment(write_assignment(files={"hints": None}))
    grade = replace(make_grade(QUIZ[0]), score=Fraction(3), points=Fraction(4))
    waiting = replace(grade, status=Status.NEEDS_REVIEW)
    late = AT + timedelta(days=2)
    attempts = [Attempt("1", late, grade, student="κ"), Attempt("2", late + timedelta(minutes=5), grade)]
    attempts += [Attempt(f"{n}", late + n * timedelta(hours=2), waiting, student="κ", order=n) for n in range(3, 17)]
    override = Override("ν", assignment.id, Fraction(99), "κ", AT, "Λ")
    with speaking(language):
        final = settle(assignment, "ν", attempts, POLICIES[name], AT, overrides=[override])
        told = [*final.notes, final.penalty or "", *describe_rules(POLICIES[name], AT, groups=True)]
        told += settle(assignment, "ν", [], POLICIES[name], AT).notes
        told += settle(assignment, "ν", [Attempt("1", AT)], POLICIES[name], AT).notes
    expect_foreign("\n".join(told))


COURSE = """\
title: Κ
assignments: [quiz]
language: {language}
time_zone: Europe/Berlin
policy:
  feedback: after_due
  late: {{penalty: 10 % per day}}
  attempts: {{limit: 1}}
"""
QUIZ_YAML = """\
format: 1
id: quiz
title: Κουίζ
summary: Σ
due: 2026-11-30T17:00Z
questions:
  - {id: which, kind: choice, points: 4, title: Τι, prompt: "Τι $x$?", hints: [{text: Η, cost: 1}],
     choices: [{text: Α, correct: true, why: Ναι.}, {text: Β, why: Όχι.}]}
  - {id: how-many, kind: numeric, points: 6, title: Πόσα, prompt: Πόσα?, correct: 3, tolerance: 0.1}
"""
LATE = AT + timedelta(days=1, hours=2)


def hand_in(folder: Path, language: str) -> tuple[Any, Gradebook]:
    """Return a course in a language, and its gradebook with a late attempt and one that is one too many."""
    course = load_course(
        write(folder, {"course.yaml": COURSE.format(language=language), "quiz/assignment.yaml": QUIZ_YAML})
    )
    gradebook = Gradebook.open(folder / "state")
    gradebook.take_hint(HintTaken("ada", "quiz", "which", 1, AT))
    assignment = course.load("quiz")
    for number in range(2):
        submission = Submission({"answers.yaml": b"which: a\nhow-many: %d, that\n" % number})
        with Examiner() as examiner:
            setup = Setup(language=course.language)
            ((_, grade),) = grade_submissions(examiner, assignment, (), [submission], setup)
        at = LATE + number * timedelta(hours=1)
        gradebook.add_grade(gradebook.submit("ada", "quiz", submission, at), grade, assignment.digest, at)
    return course, gradebook


def test_what_is_stored_and_settled_is_in_the_course_s_language(language: str, tmp_path: Path) -> None:
    course, gradebook = hand_in(tmp_path, language)
    with gradebook:
        for entry in gradebook.entries():
            grade = gradebook.grade(entry)
            assert grade is not None
            report = report_stored(course, gradebook, entry, grade, "ada", Reader.STUDENT, LATE)
            assert report.final is not None
            assert report.final.penalty
            assert report.context.closed
            data = to_json(report)
            told = [report.final.penalty, report.context.closed, *report.final.notes, *data["context"]["next"]]
            told += [question["message"] for question in data["questions"] if question["message"]]
            expect_foreign("\n".join(told), "answers.yaml", "that")
            expect_foreign(to_text(report), "answers.yaml", "that", "quiz")
        table = gather_scores(course, gradebook, [course.load("quiz")], now=LATE)
        (detail,) = table.columns[0].details.values()
        assert detail.penalty is not None
        assert detail.penalty.startswith("late by 1 d 2 h: 2 started days")
        (remark,) = add_remarks(course, gradebook, table, LATE).columns[0].feedback.values()
        expect_foreign(remark, "answers.yaml", "that")


@pytest.mark.parametrize("name", [name for name, made in FORMATS.items() if made.write])
def test_files_for_an_lms_are_the_same_in_every_language(name: str, language: str) -> None:
    students = tuple(RosterStudent(f"s{number}", f"N {number}", f"s{number}@x.org") for number in range(30))
    scores = {student.id: Fraction(1) for student in students}
    detail = Detail(Fraction(2), Fraction(0), LATE, timedelta(hours=1), "late by 1 h: …", may_rise=True, is_over=True)
    details = dict.fromkeys(scores, detail)
    column = Column("Quiz", Fraction(2), scores, "quiz", {}, details=details)
    table = ScoreTable(students=students, columns=(column,), strangers=frozenset(scores))
    choices = Choices(columns={"quiz": "Quiz (1)"})
    with speaking("en"):
        english = make_export(name, table, choices)
    with speaking(language):
        assert make_export(name, table, choices) == english


# What the examiner says.

ASSIGNMENT = """\
format: 1
id: rho
title: Ρο
summary: Σ
topics: [Τ]
limits: {seconds: 3, check_seconds: 1, memory_mb: 1024}
questions:
  - id: alpha
    kind: code
    points: POINTS
    title: Άλφα
    prompt: Π
    file: f.py
    starter: |
      def f(x):
          \"\"\"Δ\"\"\"
          raise NotImplementedError
    forbid: [torch.exp, statistics.mean]
    devices: [cpu, shadow]
  - {id: which, kind: choice, points: 1, title: Τι, prompt: Τι?, choices: [{text: Α, correct: true}, {text: Β}]}
  - {id: many, kind: multiple_choice, points: 1, title: Τι, prompt: Τι?, choices: [{text: Α, correct: true}, {text: Β}]}
  - {id: number, kind: numeric, points: 1, title: Τι, prompt: Τι?, correct: 3, tolerance: 0.1}
  - {id: words, kind: text, points: 1, title: Τι, prompt: Τι?}
"""
EXPECTATIONS = (
    "expect_tensor(submission.f(x), (3,), torch.float64)",
    "expect_scalar(submission.f(x))",
    "expect_number(submission.f(x))",
    "expect_close(submission.f(x), torch.ones(2, 3))",
    "expect_close(submission.f(x), 7.0)",
    "expect_close(submission.f(x), x.to(torch.complex64))",
    "expect_gradient(submission.f(x), x)",
    "expect_unchanged(submission, submission.f, x)",
    "expect_vectorised(submission, submission.f, [torch.ones(2, 3)], [torch.ones(40, 3)])",
    "expect_figure(submission.f(x))",
    "submission.g(x)",
    "submission.f(x).sum()",
)
CHECKS = (
    "import pytest\nimport torch\nfrom grader.examiner.expect import *\n"
    + "".join(
        f'\n\n@pytest.mark.points(1)\ndef test_{number}(submission):\n    """Τ {number}"""\n'
        f"    x = torch.ones(2, 3, requires_grad=True)\n    {line}\n"
        for number, line in enumerate(EXPECTATIONS)
    )
    + '\n\n@pytest.mark.points(1)\ndef test_device(submission, device):\n    """Τ"""\n'
    "    expect_tensor(submission.f(torch.ones(2, 3, device=device)))\n"
    '\n\n@pytest.mark.points(1)\ndef test_broken(submission):\n    """Τ"""\n    assert undefined\n'
    '\n\n@pytest.mark.points(1)\n@pytest.mark.device("cuda")\ndef test_cuda(submission):\n    """Τ"""\n'
)
SOLUTION = "import torch\n\n\ndef f(x):\n    return x\n\n\ndef g(x):\n    return x\n"
ANSWERS = (
    b"which: q\nmany: [q]\nnumber: 1,5\nwords: [a]\nwich: a\nalpha: b\n",
    b"which: {a: b}\nmany: {a: b}\nnumber: much\nwords: \xc3\xa4\nq: 1\n",
    b"which: [a\n",
    b"which: &a b\nmany: *a\nnumber: !t 3\nwhich: 1\n",
    b"\xff",
    b"[a]",
    b"a\x01",
    b"a: 1\n---\nb: 2\n",
    b"? [a]\n: b\n",
    b"number: .inf\nmany: [[a]]\nwords: " + b"x" * 11_000,
    b"number: " + b"9" * 500,
    b"[" * 40,
    b"a: b: c\n",
)
SUBMISSIONS: Mapping[str, str | None] = {
    "none": "def f(x):\n    return None\n",
    "wrong": "import torch\ndef f(x):\n    return torch.zeros_like(x, dtype=torch.float32)\n",
    "shape": "import torch\ndef f(x):\n    return torch.zeros(7, 7)\n",
    "list": "def f(x):\n    return [1, 2, 3]\n",
    "nan": "def f(x):\n    return x * float('nan')\n",
    "infinite": "def f(x):\n    return float('inf')\n",
    "whole": "import torch\ndef f(x):\n    return torch.tensor(3)\n",
    "loop": "def f(x):\n    for row in x:\n        x = x + row.sum()\n    return x.detach()\n",
    "in place": "def f(x):\n    x.data.sub_(1)\n    return x\n",
    "device": "import torch\ndef f(x):\n    return torch.ones(3)\n",
    "two devices": "import torch\ndef f(x):\n    return x + torch.ones(3)\n",
    "object": "class A:\n    pass\ndef f(x):\n    return A()\n",
    "array": "import numpy\ndef f(x):\n    return numpy.ones(3)\n",
    "open": "def f(x):\n    raise NotImplementedError\n",
    "raises": "def f(x):\n    raise ValueError('x')\n",
    "type": "def f():\n    pass\n",
    "exit": "import sys\ndef f(x):\n    sys.exit()\n",
    "deep": "def f(x):\n    return f(x)\n",
    "memory": "import torch\ndef f(x):\n    raise MemoryError\n",
    "endless": "def f(x):\n    while True: pass\n",
    "crash": "import os\ndef f(x):\n    os.abort()\n",
    "gone": "import os\ndef f(x):\n    os._exit(3)\n",
    "prints": "def f(x):\n    print('x' * 2_000_000)\n",
    "sneaks": "import torch\ndef f(x):\n    return getattr(torch, 'e' + 'xp')(x)\n",
    "import": "raise SystemExit\n",
    "other": "def h(x):\n    return x\n",
    "near": "def ff(x):\n    return x\n",
    "nothing": "1\n",
    "empty": "",
    "forbidden": "import torch\ndef f(x):\n    return torch.exp(x) + torch.exp(x)\n",
    "missing": None,
}
# What stands in messages as code.
NAMES = """U answers.yaml alpha which many number words wich f.py numpy float32 float64 int64 complex64 list None str
Tensor NotImplementedError ValueError SystemExit RecursionError TypeError MemoryError SIGABRT AttributeError
f g h ff A sum inf nan float int dtype test_broken torch.exp return q much""".split()  # noqa: SIM905


def find_latin(message: str) -> set[str]:
    """Return the Latin words of a message that are not code."""
    words = {word.strip(".") for word in re.findall(r"[A-Za-z_.0-9]*[A-Za-z]+[A-Za-z_.0-9]*", message)}
    return words - CODE - {*NAMES}


def test_what_the_examiner_says_to_students(language: str, write_assignment: Callable[..., Path]) -> None:
    files: dict[str, str | None] = {"checks/public/test_public.py": CHECKS, "checks/hidden/test_hidden.py": None}
    files |= {"solutions/plain.py": SOLUTION, "mistakes/sum_for_mean.py": None}
    assignment = load_assignment(write_assignment(ASSIGNMENT.replace("POINTS", "15"), files, "rho"))
    handed_in = {
        name: Submission({} if source is None else {"f.py": source.encode()}) for name, source in SUBMISSIONS.items()
    }
    with Examiner() as examiner:
        setup = Setup(language=language)
        graded = dict(grade_submissions(examiner, assignment, read_checks(assignment), [*handed_in.values()], setup))
    told: dict[str, str] = {}
    for number, name in enumerate(handed_in):
        grade = graded[number]
        assert grade.fault is None or "test_broken" in grade.fault, grade.fault
        question = grade.questions[0]
        told |= {message: name for message in (question.message, *(one.message for one in question.checks)) if message}
        details = [one.detail for one in question.checks if one.detail and re.search(r"\d, .* \d|\d: .*, ", one.detail)]
        for detail in details:
            told.setdefault(detail, f"{name}, detail")
        told.setdefault(grade.fault or "", name)
    assert len(told) > 60
    left = {message: words for message in told if "Error: " not in message and (words := find_latin(message))}
    assert not left


def test_what_is_said_of_answers(language: str, write_assignment: Callable[..., Path]) -> None:
    yaml = ASSIGNMENT.replace("POINTS", "15")
    assignment = load_assignment(write_assignment(yaml, name="rho"))
    for content in ANSWERS:
        with speaking(language):
            problems = read_answers(assignment, Submission({"answers.yaml": content})).problems
        assert problems
        for problem in problems:
            said = re.sub(r"(?<=: )(did not|while|mapping values|found)[^;]*", "", problem.message)  # libyaml's own
            assert not find_latin(said), said


# Hidden checks keep what they hide.


def hidden_message(error: BaseException, known: frozenset[int] = frozenset()) -> str:
    result = judge("t", error, ("f", [0] * 4711), lambda: None)
    return hide_sizes(result, known, find_came(error, ("f", [0] * 4711))).message or ""


@pytest.mark.parametrize("spoken", ["en", "de", MARKED])
def test_sizes_that_code_chose_stay_hidden_in_every_language(spoken: str, language: str) -> None:
    with speaking(spoken):
        for value, shape in ((torch.empty(0, 4711, 42), (3,)), ([0] * 4711, None), ("x" * 4711, None)):
            with pytest.raises(Expectation) as caught:
                expect_tensor(value, shape)
            assert "4711" in caught.value.message
            assert "4711" not in hidden_message(caught.value)
            assert "?" in hidden_message(caught.value)
            if isinstance(value, torch.Tensor):
                assert "(0, 4711, 42)" in hidden_message(caught.value, frozenset({4711, 42}))
                assert "(3,)" in hidden_message(caught.value)
        assert "4711" not in hidden_message(ValueError("4711"))
        own = Expectation(f"It should be a tensor, but it is {describe([0] * 4711)}.")
        assert "4711" not in hidden_message(own)


def test_an_author_s_own_words_hide_sizes_too() -> None:
    with speaking("de"):
        message = hidden_message(Expectation("Die Form sollte (3,) sein, ist aber (4711, 3)."))
    assert message == "Die Form sollte (3,) sein, ist aber (?, 3)."


# Stubs and notebooks.


def expect_foreign_stub(text: str) -> None:
    """Expect no Latin word outside of code, in Markdown or in comments."""
    text = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", lambda code: "".join(re.findall(r"#.*", code[0])), text)
    text = re.sub(r"(?m)^(which|many|number|words):.*|\b(which|many|number|words|alpha|rho)\b", "", text)
    expect_foreign(text, "README.md")


@pytest.mark.parametrize("starter", ["raise NotImplementedError", "return x"])
def test_no_word_of_a_stub_is_forgotten(starter: str, language: str, write_assignment: Callable[..., Path]) -> None:
    yaml = ASSIGNMENT.replace("raise NotImplementedError", starter).replace("POINTS", "29")
    hidden = CHECKS.replace("points(1)", "points(1, bonus=True)", 1).replace("test_", "test_h")
    files: dict[str, str | None] = {"checks/public/test_public.py": CHECKS, "checks/hidden/test_hidden.py": hidden}
    whole = load_assignment(write_assignment(yaml, {**files, "mistakes/sum_for_mean.py": None}, "rho"))
    for assignment in (whole, only(whole, whole.code_questions), only(whole, whole.quiz_questions)):
        checks = read_checks(whole) if assignment.code_questions else ()
        made = render_stub(assignment, checks, ["Κ"], language=language)
        expect_foreign_stub(made["README.md"].decode())
        if "answers.yaml" in made:
            expect_foreign_stub(made["answers.yaml"].decode())
        if "f.py" in made:
            expect_foreign_stub(made["f.py"].decode().split('"""')[1])
        notebook = json.loads(render_notebook(assignment, checks, ["Κ"], language=language))
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            comments = "\n".join(re.findall(r"(?m)^#.*", source))
            expect_foreign_stub(source if cell["cell_type"] == "markdown" else comments + "\nΩ")


def only(assignment: Assignment, questions: Sequence[Question]) -> Assignment:
    return assignment.model_copy(update={"questions": tuple(questions)})


# The real thing.


def test_a_german_course(tmp_path: Path, write_assignment: Callable[..., Path]) -> None:
    course = write_assignment(name="mean-loss").parent
    (course / "course.yaml").write_text("title: Kurs\nlanguage: de\nassignments: [mean-loss]\n")
    shell = Shell(write(tmp_path / "home", {"a": ""}), course)
    assert shell("fetch", "mean-loss").code == 0
    readme = (shell.folder / "mean-loss" / "README.md").read_text()
    assert "Schreibe `mean_loss` in `mean_loss.py`." in readme
    assert "# Ein Buchstabe, etwa: a\n" in (shell.folder / "mean-loss" / "answers.yaml").read_text()
    answers = shell.folder / "mean-loss" / "answers.yaml"
    answers.write_text("by-hand: 3\n")
    submitted = shell("submit", "mean-loss")
    told = " ".join(submitted.out.split())
    assert told, submitted
    assert "FALSCH The mean of one number is that number." in told, told
    assert "Noch nicht geschrieben: NotImplementedError wird ausgelöst (mean_loss.py:" in told
    assert "0.5 von 6.6 Punkten, dazu 0 von 1 Bonuspunkt." in told
    shown = shell("show", "mean-loss", "--html", "page.html")
    assert shown.code == 0, shown
    page = (shell.folder / "page.html").read_text()
    assert '<html lang="de">' in page
    assert '<h2 id="next">Was du jetzt tun kannst</h2>' in page


def test_commands_for_instructors_speak_english(tmp_path: Path, write_assignment: Callable[..., Path]) -> None:
    course = write_assignment(name="mean-loss").parent
    (course / "course.yaml").write_text(
        "title: Kurs\nlanguage: de\nassignments: [mean-loss]\ntime_zone: Europe/Berlin\n"
    )
    spec = course / "mean-loss" / "assignment.yaml"
    spec.write_text(spec.read_text().replace("id: mean-loss\n", "id: mean-loss\ndue: 2026-11-30T18:00\n", 1))
    shell = Shell(write(tmp_path / "home", {"a": ""}), course, extra={"GRADER_LANGUAGE": "de"})
    told = shell("extend", "mean-loss", "--everybody", "--until", "2026-12-05T18:00", "--why", "ill")
    assert told.code == 0, told
    assert told.out.startswith("everybody: due Sat 05 Dec 2026 18:00 CET\n")


def test_the_terminal_s_words_have_room_in_every_language() -> None:
    verdicts = [
        *VERDICTS.values(),
        *STATUSES.values(),
        DEFERRED,
        NOT_GRADED,
        UNREADABLE,
        ANSWERED,
        RIGHT,
        PARTLY,
        WRONG,
    ]
    for spoken in list_languages():
        with speaking(spoken):
            words = {verdict.word for verdict in verdicts}
        assert max(map(len, words)) <= WORD_WIDTH, (spoken, words)
