"""``grader export-quiz`` and ``grader import-quiz`` as people use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli.quizzes import FORMATS, SOURCES
from grader.quizzes import MAX_INSTANCES, Format, Source, make_quiz, write_quizzes
from grader.resources import find_data
from grader.spec import load_assignment
from tests import golden_quizzes
from tests.lms_quizzes import read_gift, read_moodle_xml
from tests.quiz_files import TEXT2QTI
from tests.shell import Shell, write


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_the_command_knows_all_formats() -> None:
    assert tuple(Format) == FORMATS
    assert tuple(Source) == SOURCES
    assert MAX_INSTANCES == 500


@pytest.mark.parametrize("form", FORMATS)
def test_a_quiz_is_written_and_what_is_lost_is_said(shell: Shell, form: str) -> None:
    answer = shell("export-quiz", form, "choose-the-loss", "--out", "out/quiz")
    assert answer.code == 0, answer
    left_out = answer.err.count("left out:")
    assert answer.out == f"out/quiz: {13 - left_out} questions\n"
    assert answer.err.endswith("It holds the right answers: keep it where students cannot get at it.\n")
    assert all(line.startswith("grader: choose-the-loss") for line in answer.err.splitlines()[:-1])
    quiz, _ = make_quiz(load_assignment(find_data("assignments") / "choose-the-loss"))
    assert (shell.folder / "out/quiz").read_bytes() == write_quizzes(Format(form), [quiz]).data


def test_all_of_a_course_and_json(shell: Shell) -> None:
    answer = shell("export-quiz", "moodle-xml", "--out", "course.xml", "--instances", "2", "--json")
    assert answer.code == 0, answer
    assert not answer.err
    items = read_moodle_xml((shell.folder / "course.xml").read_bytes())
    assert answer.json["questions"] == len(items) > 25
    notes = {note["where"]: note["message"] for note in answer.json["notes"]}
    assert notes["focal-loss/focal-loss"].startswith("left out: a quiz cannot run code")
    assert notes["manual-cross-entropy/loss-of-two-samples"].startswith("2 instances are in the category")


def test_code_as_an_essay(shell: Shell) -> None:
    alone = shell("export-quiz", "gift", "focal-loss", "--out", "q.txt")
    assert alone.code == 2
    assert "grader: there is no question that gift can hold" in alone.err
    assert "--code-as-essay" in alone.err
    assert not (shell.folder / "q.txt").exists()
    assert shell("export-quiz", "gift", "focal-loss", "--out", "q.txt", "--code-as-essay").code == 0
    (item,) = read_gift((shell.folder / "q.txt").read_bytes())
    assert item.kind == "essay"
    assert "class FocalLoss" in item.prompt


def test_wrong_words_are_answered_with_the_next_step(shell: Shell) -> None:
    shell("export-quiz", "qti", "--out", "x").fails(2, "'qti12'")
    shell("export-quiz", "gift").fails(2, "--out")
    shell("export-quiz", "gift", "choose-the-los", "--out", "x").fails(2, "did you mean 'choose-the-loss'?")
    shell("import-quiz", "gone.txt", "week-1").fails(2, "gone.txt cannot be read: no such file")
    write(shell.folder, {"quiz.txt": TEXT2QTI, "empty.xml": "<quiz/>"})
    shell("import-quiz", "quiz.txt", "Week 1").fails(2, "must be lower-case words joined by hyphens")
    shell("import-quiz", "empty.xml", "week-1").fails(2, "no question in it", "--format")
    shell("import-quiz", "quiz.txt", "week-1", "--format", "moodle-xml").fails(2, "this is not XML")


def test_a_quiz_comes_in_is_verified_and_never_overwrites(shell: Shell) -> None:
    write(shell.folder, {"quiz.txt": TEXT2QTI})
    answer = shell("import-quiz", "quiz.txt", "arithmetic")
    assert answer.code == 0, answer
    assert answer.out == ("arithmetic/assignment.yaml\n\nRead it, and run `grader --course . verify arithmetic`.\n")
    assert "grader: line 4: settings of the quiz are left out\n" in answer.err
    listing = (shell.folder / "course.yaml").read_text()
    assert listing == "title: A course # TODO: how the course is called\nassignments:\n  - arithmetic\n"
    (shell.folder / "course.yaml").write_text(listing.replace(" # TODO: how the course is called", ""))
    proven = shell("--course", ".", "verify", "arithmetic")
    assert proven.code == 0, proven
    assert "arithmetic: proven" in proven.out
    before = (shell.folder / "arithmetic/assignment.yaml").read_bytes()
    shell("import-quiz", "quiz.txt", "arithmetic").fails(2, "arithmetic is there already", "choose another id")
    assert (shell.folder / "arithmetic/assignment.yaml").read_bytes() == before
    again = shell("--course", ".", "import-quiz", "quiz.txt", "sums", "--json")
    assert again.json["files"] == ["sums/assignment.yaml"]
    assert any("settings" in note["message"] for note in again.json["notes"])
    assert (shell.folder / "course.yaml").read_text().endswith("  - arithmetic\n  - sums\n")


def test_notes_hold_nothing_that_a_terminal_obeys(shell: Shell) -> None:
    title = b"\\u001b]0;owned\\u0007".decode("unicode_escape")
    write(shell.folder, {"quiz.txt": f"::{title}\u202e::Which{{=a* }}\n\n::b::Say{{=x}}\n"})
    answer = shell("import-quiz", "quiz.txt", "week-1")
    assert answer.code == 0, answer
    assert "\x1b" not in answer.err + answer.out
    assert "\u202e" not in answer.err + answer.out


@pytest.mark.parametrize("form", FORMATS)
def test_the_quiz_of_the_course_is_written_as_it_was(form: str) -> None:
    """If this is meant to change, ``python -m tests.golden_quizzes`` writes the files anew; look at what changed."""
    made = golden_quizzes.make(Format(form))
    kept = {
        path.relative_to(golden_quizzes.FOLDER).as_posix()
        for path in golden_quizzes.FOLDER.rglob("*")
        if path.is_file()
    }
    assert {name for name in kept if name.startswith(f"{form}/")} == set(made)
    for name, content in made.items():
        assert (golden_quizzes.FOLDER / name).read_bytes() == content, name
