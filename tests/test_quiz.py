"""The quiz in the terminal: one question at a time, saved as it is answered; nothing else in the file changes."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.answers import parse_answer, read_answers, set_answer
from grader.checks import read_checks
from grader.spec import Assignment, load_assignment
from grader.stub import render_stub
from grader.submission import ANSWERS, Submission
from grader.variants import fill_assignment
from tests.shell import GRADER, Shell, write

YAML = """\
format: 1
id: quiz
title: A quiz
summary: S
questions:
  - id: one
    kind: choice
    points: 1
    title: First
    prompt: 'Is $\\gamma$ **large**?'
    choices: [{text: 'yes, $\\frac{1}{a + b}$', correct: true}, {text: no}]
  - {id: many, kind: multiple_choice, points: 2, prompt: Which?, choices: [{text: x, correct: true}, {text: y}]}
  - id: number
    kind: numeric
    points: 1
    prompt: "{{ a }}?"
    correct: a
    tolerance: 0
    variants: {draw: {a: {integer: [1, 900]}}}
  - {id: words, kind: text, points: 1, prompt: Why?}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {"course.yaml": "title: C\nassignments: [quiz, code, single]\n", "quiz/assignment.yaml": YAML}
    files["code/assignment.yaml"] = (
        "format: 1\nid: code\ntitle: T\nsummary: S\nquestions:\n"
        "  - {id: f, kind: code, points: 1, prompt: P, file: f.py, starter: 'def f(): pass'}\n"
    )
    files["single/assignment.yaml"] = (
        "format: 1\nid: single\ntitle: Single\nsummary: S\nquestions:\n"
        "  - {id: number, kind: numeric, points: 1, prompt: P, correct: 1, tolerance: 0}\n"
    )
    return write(tmp_path_factory.mktemp("course"), files)


@pytest.fixture(scope="module")
def assignment(folder: Path) -> Assignment:
    return fill_assignment(load_assignment(folder / "quiz"), "ada")


@pytest.fixture
def shell(tmp_path: Path, folder: Path) -> Shell:
    return Shell(tmp_path, folder)


def answer(shell: Shell, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the quiz with lines that are typed in advance."""
    command = [*GRADER, "quiz", *arguments]
    done = subprocess.run(
        command, cwd=shell.folder, env=shell.environment, input=typed, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def values(assignment: Assignment, text: str) -> dict[str, object]:
    found = read_answers(assignment, Submission({ANSWERS: text.encode()}))
    assert found.problems == ()
    return dict(found.values)


# The file


STUB = "# A quiz\n\n# First\none:\n\n# a list\nmany:\n\nnumber:\n\n# the end\nwords:\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STUB, STUB.replace("many:", "many: [a, b]")),
        ("many: [a]  # mine\none: b\n", "many: [a, b]\none: b\n"),
        ("many:\n- a\n\n# note\none: b\n", "many: [a, b]\n\n# note\none: b\n"),
        ("many:\n  - a\n  # inside\none: b\n", "many: [a, b]\none: b\n"),
        ("one: b", "one: b\nmany: [a, b]\n"),
        ("", "many: [a, b]\n"),
        ("# nothing\n", "# nothing\nmany: [a, b]\n"),
        ("words: |\n  many: x\n\n  more\nmany: a\n", "words: |\n  many: x\n\n  more\nmany: [a, b]\n"),
        ('"many": b\n', "many: [a, b]\n"),
        ("other: kept\nmany: b\n", "other: kept\nmany: [a, b]\n"),
    ],
)
def test_one_answer_changes_and_nothing_else(assignment: Assignment, before: str, after: str) -> None:
    question = next(one for one in assignment.quiz_questions if one.id == "many")
    assert set_answer(before, question, "a, b") == after


@pytest.mark.parametrize("content", ["{one: a, many: b}\n", "[1, 2]\n", "one: 'open\n", "text\n"])
def test_what_only_its_author_can_change_is_refused(assignment: Assignment, content: str) -> None:
    with pytest.raises(ValueError, match=r"answers\.yaml"):
        set_answer(content, assignment.quiz_questions[1], "a")


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(["a", "b", "A)", "yes, $\\frac{1}{a + b}$"]), st.floats(-1e6, 1e6))
def test_whatever_is_typed_is_what_is_read(assignment: Assignment, words: str, letter: str, number: float) -> None:
    one, _, numeric, text = assignment.quiz_questions
    content = STUB
    for question, typed in ((one, letter), (numeric, repr(number)), (text, words)):
        try:
            content = set_answer(content, question, typed)
        except ValueError:
            assert question is text  # characters that YAML cannot hold
            continue
        assert values(assignment, content)[question.id] == parse_answer(question, typed)
    assert values(assignment, content)["many"] is None
    assert content.startswith("# A quiz\n")


def test_the_stub_of_every_quiz_can_be_filled_in() -> None:
    from grader.resources import find_data

    root = find_data("assignments")
    for path in sorted(root.glob("*/assignment.yaml")):
        own = fill_assignment(load_assignment(path.parent), "ada")
        content = render_stub(own, read_checks(own)).get(ANSWERS, b"").decode()
        for question in own.quiz_questions:
            content = set_answer(content, question, {"numeric": "0.5", "text": "so: # it"}.get(question.kind, "a"))
        assert None not in values(own, content).values()
        assert content.count("\n") == render_stub(own, read_checks(own)).get(ANSWERS, b"").decode().count("\n")


# The command


def test_a_quiz_from_beginning_to_end(shell: Shell, assignment: Assignment) -> None:
    done = answer(shell, "b\na b\n<\nb\n12\nit is\\\nso\n", "quiz")
    assert done.returncode == 0
    assert "1 of 4  First" in done.stdout
    assert "Is \N{GREEK SMALL LETTER GAMMA} **large**?" in done.stdout
    assert "a)  yes, 1/(a + b)" in done.stdout
    assert "Your answer: a, b" in done.stdout
    assert "All are answered. `grader submit quiz` hands them in." in done.stdout
    text = (shell.folder / "quiz" / ANSWERS).read_text()
    assert values(assignment, text) == {"one": "b", "many": ("b",), "number": 12.0, "words": "it is\nso"}
    assert "# A number, such as: 0.25" in text  # what was there stays


def test_it_goes_on_where_it_was_left(shell: Shell, assignment: Assignment) -> None:
    first = answer(shell, "a\n!\n", "quiz")
    assert "Not answered yet: many, number, words. `grader quiz quiz` goes on." in first.stdout
    again = answer(shell, "4?\nbecause\n", "quiz")
    assert "2 of 4  many" in again.stdout
    assert "1 of 4" not in again.stdout
    inside = replace(shell, folder=shell.folder / "quiz", home=shell.folder / "state")
    third = answer(inside, "?\n1?\n-\n", ".")
    assert "  [x]  1  First\n  [ ]  2  many\n" in third.stdout
    found = values(assignment, (shell.folder / "quiz" / ANSWERS).read_text())
    assert found == {"one": None, "many": None, "number": None, "words": "because"}


def test_what_cannot_be_understood_is_said_and_asked_again(shell: Shell) -> None:
    done = answer(shell, "z\na\n\n1,5\n1.5\n", "quiz")
    assert "'z' is not one of the choices" in done.stderr
    assert "'1,5' is not a number; write 1.5" in done.stderr
    assert "number: 1.5" in (shell.folder / "quiz" / ANSWERS).read_text()


def test_a_question_that_there_is_not_is_no_answer(shell: Shell) -> None:
    done = answer(shell, "5?\n0?\n99999999999999999999?\n!\n", "quiz")
    assert done.stderr.splitlines()[-3:] == ["there are 4 questions"] * 3
    done = answer(shell, "4?\n1984?\n!\n", "quiz")
    assert "words: 1984?" in (shell.folder / "quiz" / ANSWERS).read_text().replace('"', "")
    alone = answer(shell, "2?\n!\n", "single")
    assert "Single: 1 question. Enter: next" in alone.stdout
    assert "there is 1 question\n" in alone.stderr


def test_a_file_with_a_mistake_is_left_alone(shell: Shell) -> None:
    assert shell("fetch", "quiz").code == 0
    path = shell.folder / "quiz" / ANSWERS
    path.write_text("one: c\n")
    done = answer(shell, "a\n", "quiz")
    assert done.returncode == 2
    assert "answers.yaml:1:6: 'c' is not one of the choices" in done.stderr
    assert path.read_text() == "one: c\n"


def test_q_stops_where_it_is_no_answer(shell: Shell, assignment: Assignment) -> None:
    assert "Not answered yet" in answer(shell, "q\n", "quiz").stdout
    assert "Not answered yet" in answer(shell, "3?\nq\n", "quiz").stdout
    answer(shell, "4?\nq\n", "quiz")
    found = values(assignment, (shell.folder / "quiz" / ANSWERS).read_text())
    assert found == {"one": None, "many": None, "number": None, "words": "q"}


def test_the_folder_that_it_makes_is_the_one_that_fetch_makes(shell: Shell) -> None:
    answer(shell, "!\n", "quiz")
    told = shell("fetch", "quiz")
    assert told.code == 0
    assert "(as it was)" in told.out


def test_what_an_editor_changed_meanwhile_is_not_lost(shell: Shell, assignment: Assignment) -> None:
    assert shell("fetch", "quiz").code == 0
    process = subprocess.Popen(
        [*GRADER, "quiz", "quiz"],
        cwd=shell.folder,
        env=shell.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    wait_for(process.stdout.fileno(), b"One letter")
    path = shell.folder / "quiz" / ANSWERS
    path.write_text(path.read_text().replace("words:", "words: mine"))
    process.communicate(b"a\n!\n", timeout=60)
    found = values(assignment, path.read_text())
    assert (found["one"], found["words"]) == ("a", "mine")


def test_after_a_kill_every_answer_that_was_given_is_there(shell: Shell, assignment: Assignment) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(shell.folder)
        os.execve(GRADER[0], [*GRADER, "quiz", "quiz"], {**shell.environment, "TERM": "xterm"})
    assert wait_for(terminal, b"1 of 4").count(b"Enter: next") == 1
    os.write(terminal, b"b\n")
    wait_for(terminal, b"2 of 4")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    found = values(assignment, (shell.folder / "quiz" / ANSWERS).read_text())
    assert found == {"one": "b", "many": None, "number": None, "words": None}


def test_ctrl_c_says_where_the_answers_are_and_how_to_go_on(shell: Shell) -> None:
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *GRADER, "quiz", "quiz"],
        cwd=shell.folder,
        env=shell.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("b\n")
    process.stdin.flush()
    said = ""
    while "2 of 4" not in said:
        said += process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Your answers are in quiz/answers.yaml.\n" in out
    assert "Not answered yet: many, number, words. `grader quiz quiz` goes on.\n" in out
    assert err.endswith("grader: stopped\n")


def wait_for(terminal: int, words: bytes) -> bytes:
    """Read until these words were said, and return all that was."""
    said = b""
    while words not in said:
        assert select.select([terminal], [], [], 60)[0], said
        said += os.read(terminal, 4096)
    return said


def test_what_has_no_quiz_says_so(shell: Shell) -> None:
    shell("quiz", "code").fails(2, "code has no quiz", "`grader fetch code` gets it")
    shell("quiz", "quizz").fails(2, "no assignment 'quizz'; did you mean 'quiz'?", "the course has quiz, code")
    shell("quiz").fails(2, "is not a submission folder")
    assert not (shell.folder / "code").exists()
