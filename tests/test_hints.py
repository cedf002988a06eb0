"""Hints: one after the other, on record before they are read, and at the price that the assignment says."""

from __future__ import annotations

import json
import os
import pty
import select
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from grader.decisions import HintTaken, Mark
from grader.errors import SpecError
from grader.gradebook import Gradebook
from grader.policy import LatePolicy, Policy, parse_penalty
from grader.scoring import Attempt, FinalGrade, Grade, QuestionGrade, Status, settle
from grader.spec import Assignment, load_assignment
from tests.shell import GRADER, Shell, write

DUE = datetime(2026, 11, 20, 18, tzinfo=UTC)
YAML = """\
format: 1
id: quiz
title: A quiz
summary: S
questions:
  - id: loss
    kind: text
    points: 4
    prompt: Which?
    accept: [focal]
    hints:
      - Look at *rare* classes.
      - {text: "It has a factor $(1 - p)^\\\\gamma$.", cost: 0.5}
      - {text: canary-third, cost: 1, after: 2}
  - {id: plain, kind: text, points: 1, prompt: And?, accept: [so]}
  - id: number
    kind: numeric
    points: 1
    prompt: What is {{ a }} times 2?
    correct: 2 * a
    tolerance: 0
    variants: {draw: {a: {integer: [2, 900]}}}
    hints: ["Add {{ a }} to itself."]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [quiz]\n", "quiz/assignment.yaml": YAML})


@pytest.fixture
def assignment(folder: Path) -> Assignment:
    return load_assignment(folder / "quiz")


@pytest.fixture
def shell(tmp_path: Path, folder: Path) -> Shell:
    return Shell(tmp_path, folder)


# What hints cost


def take(question: str, *steps: int, hours: float = -10) -> list[HintTaken]:
    return [HintTaken("ada", "quiz", question, step, DUE + timedelta(hours=hours)) for step in steps]


def count(
    assignment: Assignment, hints: list[HintTaken], *scores: int, late: float = -1, policy: Policy | None = None
) -> FinalGrade:
    """Settle attempts, an hour apart and the last so late; ``scores`` are what the first question earned in each."""
    attempts = []
    for number, score in enumerate(scores):
        question = QuestionGrade("loss", "text", "loss", Fraction(4), Fraction(score))
        grade = Grade("quiz", "A quiz", Status.GRADED, question.score, Fraction(6), questions=(question,))
        at = DUE + timedelta(hours=late - len(scores) + 1 + number)
        attempts.append(Attempt(f"s{number}", at, grade, order=number))
    return settle(assignment, "ada", attempts, policy or Policy(), DUE, hints=hints)


def test_what_is_free_costs_nothing(assignment: Assignment) -> None:
    final = count(assignment, take("loss", 1), 4)
    assert (final.score, final.notes) == (Fraction(4), ())


def test_a_hint_costs_from_the_next_attempt_on(assignment: Assignment) -> None:
    early, late = take("loss", 1, 2), take("loss", 1, 2, hours=-1.5)
    final = count(assignment, early, 2, 4)
    assert final.score == Fraction(7, 2)
    assert final.raw_score == 4
    assert final.notes == ("2 hints taken before attempt 2: 4 - 0.5 = 3.5 points.",)
    assert count(assignment, late, 2, 4).score == Fraction(7, 2)
    best = Policy.model_validate({"attempts": {"counts": "best"}})
    assert count(assignment, late, 4, 4, policy=best).score == 4  # the first came before the hint


def test_hints_take_no_more_than_the_question_earned(assignment: Assignment) -> None:
    assert count(assignment, take("loss", 1, 2, 3), 1).score == 0
    assert count(assignment, take("loss", 1, 2, 3), 0).notes == ()
    assert count(assignment, take("plain", 1), 4).score == 4  # it has no hints any more
    assert count(assignment, take("loss", 7), 4).score == 4


def test_lateness_is_of_what_is_left(assignment: Assignment) -> None:
    policy = Policy(late=LatePolicy(penalty=parse_penalty("10 % per day")))
    final = count(assignment, take("loss", 2), 4, late=1, policy=policy)
    assert final.score == Fraction(4) - Fraction(1, 2) - Fraction(6, 10)
    assert final.penalty is not None
    assert final.penalty.endswith("1 started day \u00d7 10 % of 6 points = 0.6; 3.5 - 0.6 = 2.9")


def test_an_attempt_that_waits_may_still_become_the_best(assignment: Assignment) -> None:
    """The most that it can come to is less its hints: 4 - 0.5 is no more than another attempt's 3.5."""
    best = Policy.model_validate({"attempts": {"counts": "best"}})

    def settled(hints: list[HintTaken]) -> FinalGrade:
        attempts = []
        for number, (status, score) in enumerate([(Status.GRADED, Fraction(7, 2)), (Status.NEEDS_REVIEW, Fraction(0))]):
            question = QuestionGrade("loss", "text", "loss", Fraction(4), score, status=status)
            grade = Grade("quiz", "A quiz", status, score, Fraction(6), questions=(question,))
            attempts.append(Attempt(f"s{number}", DUE - timedelta(hours=2 - number), grade, order=number))
        return settle(assignment, "ada", attempts, best, DUE, hints=hints)

    assert settled([]).status is Status.NEEDS_REVIEW
    assert settled(take("loss", 2, hours=-1.5)).status is Status.GRADED


def test_marks_and_hints_together(assignment: Assignment) -> None:
    question = QuestionGrade("loss", "text", "loss", Fraction(4), status=Status.NEEDS_REVIEW)
    grade = Grade("quiz", "A quiz", Status.NEEDS_REVIEW, Fraction(0), Fraction(6), questions=(question,))
    attempt = Attempt("s0", DUE, grade)
    marks = [Mark("s0", "loss", Fraction(3), "kim", DUE)]
    final = settle(assignment, "ada", [attempt], Policy(), DUE, marks=marks, hints=take("loss", 2))
    assert (final.status, final.score) == (Status.GRADED, Fraction(5, 2))


@pytest.mark.parametrize(
    ("hints", "words"),
    [
        ("[{text: a, cost: 3}, {text: b, cost: 2}]", "'hints' cost 5 together, and the question is worth 4"),
        ("[{text: a, price: 1}]", "unknown key 'price'"),
        ("[{cost: 1}]", "text"),
        ('[""]', "'text' must not be empty"),
        ("[{text: a, cost: -1}]", "must be from 0"),
    ],
)
def test_hints_that_make_no_sense(folder: Path, hints: str, words: str) -> None:
    start, end = YAML.index("    hints:\n"), YAML.index("  - {id: plain")
    (folder / "quiz" / "assignment.yaml").write_text(f"{YAML[:start]}    hints: {hints}\n{YAML[end:]}")
    with pytest.raises(SpecError) as caught:
        load_assignment(folder / "quiz")
    assert words in str(caught.value), caught.value


# The command


def test_hints_come_one_after_the_other(shell: Shell) -> None:
    listed = shell("hint", "quiz")
    assert listed.code == 0
    assert listed.out.splitlines()[1:3] == ["loss      0 of 3  free", "number    0 of 1  free"]
    first = shell("hint", "quiz", "loss")
    assert first.out == (
        "Hint 1 of 3 for loss:\n\nLook at *rare* classes.\n\nThere is another one, which costs 0.5 points: "
        "`grader hint quiz loss`\n"
    )
    shell("hint", "quiz", "loss").fails(2, "the next hint costs 0.5 points", "--yes")
    second = shell("hint", "quiz", "loss", "--yes", "--json").json
    assert (second["step"], second["cost"], second["text"]) == (2, 0.5, r"It has a factor $(1 - p)^\gamma$.")
    shell("hint", "quiz", "loss", "--yes").fails(2, "hint 3 of loss is for after 2 attempts; so far there are 0")
    assert "canary" not in shell("hint", "quiz", "--again").out
    again = shell("hint", "quiz", "loss", "--again", "--json").json
    assert [one["step"] for one in again] == [1, 2]
    with Gradebook.open(shell.folder / "state") as gradebook:
        assert [(one.student, one.step) for one in gradebook.hints("quiz")] == [("ada", 1), ("ada", 2)]
        assert [change.detail for change in gradebook.trail("ada")] == ["loss, step 1", "loss, step 2"]


def test_a_hint_is_the_student_s_own(shell: Shell) -> None:
    told = {name: shell("hint", "quiz", "number", "--student", name).out for name in ("ada", "bob")}
    assert told["ada"].startswith("Hint 1 of 1 for number:\n\nAdd ")
    assert told["ada"] != told["bob"]
    assert "{{" not in told["ada"]
    shell("hint", "quiz", "number").fails(2, "number has no further hint")


def test_in_a_fetched_folder_the_question_is_enough(shell: Shell) -> None:
    assert shell("fetch", "quiz").code == 0
    for path in (shell.folder / "quiz").iterdir():
        assert "rare" not in path.read_text()  # the hints are not handed out
    inside = replace(shell, folder=shell.folder / "quiz", home=shell.folder / "state")
    assert inside("hint", "loss").code == 0
    assert "loss      1 of 3" in inside("hint").out
    assert "loss      1 of 3" in shell("hint", Path("quiz")).out
    inside("hint", "los").fails(2, "no question 'los'", "did you mean 'loss'?")
    inside("hint", "plain").fails(2, "plain has no hints", "loss, number")
    shell("hint", "quizz").fails(2, "no assignment 'quizz'", "did you mean 'quiz'?")
    shell("hint").fails(2, "is not a submission folder")


def test_what_was_taken_is_paid_for(shell: Shell) -> None:
    with Gradebook.open(shell.folder / "state") as gradebook:
        for step in (1, 2):
            gradebook.take_hint(HintTaken("ada", "quiz", "loss", step, datetime.now(UTC)))
            gradebook.take_hint(HintTaken("ada", "quiz", "loss", step, datetime.now(UTC)))  # once is enough
    marker = json.dumps({"format": 1, "assignment": "quiz"})
    write(shell.folder / "work", {"answers.yaml": "loss: focal\nplain: so\nnumber: 0\n", "grader.json": marker})
    told = shell("submit", "work")
    assert "2 hints taken before attempt 1: 5 - 0.5 = 4.5 points." in told.out
    assert "What counts: 4.5 of 6 points." in told.out
    report = shell("show", "quiz", "--json").json
    assert (report["score"], report["final"]["score"]) == (5.0, 4.5)


def test_on_a_terminal_the_price_is_asked_for(shell: Shell) -> None:
    assert shell("hint", "quiz", "loss").code == 0
    for answer, words in ((b"n\n", "No hint was taken."), (b"y\n", "It has a factor")):
        assert words in talk(shell, answer, "hint", "quiz", "loss")


def talk(shell: Shell, answer: bytes, *arguments: str) -> str:
    """Run a command on a terminal of its own, answer its question, and return all that it printed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(shell.folder)
        os.execve(GRADER[0], [*GRADER, *arguments], {**shell.environment, "TERM": "xterm"})
    said = b""
    answered = False
    try:
        while select.select([terminal], [], [], 30)[0]:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
            if b"[y/N]" in said and not answered:
                os.write(terminal, answer)
                answered = True
    finally:
        os.waitpid(pid, 0)
        os.close(terminal)
    return said.decode()
