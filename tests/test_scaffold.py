"""``grader new``: what it writes is proven as it stands, but for its TODOs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.errors import InputError
from grader.scaffold import add_assignment, render_assignment
from grader.spec import load_course
from tests.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.slow
def test_a_new_assignment_lacks_nothing_but_what_is_to_do(shell: Shell) -> None:
    answer = shell("new", "hinge-loss")
    assert answer.code == 0, answer
    assert "grader --course . verify hinge-loss" in answer.out
    course = shell.folder
    answer = shell("--course", course, "verify", "--json")
    assert answer.code == 1
    (found,) = answer.json["assignments"]
    (title,) = answer.json["holes"]
    assert title["message"] == "course.yaml:1 still says TODO: how the course is called"
    assert title["hint"] == "do it, and take the comment out: what stands before it in the line stays"
    assert found["holes"]
    said = [hole["message"].partition("TODO: ")[2] for hole in found["holes"]]
    assert any(words.endswith("gets other figures: see docs/authoring.md.") for words in said), said
    assert all(re.search(r":\d+ still says TODO", hole["message"]) for hole in found["holes"])
    named = {hole["message"].partition(":")[0] for hole in found["holes"]}
    assert named == set(render_assignment("hinge-loss"))
    for path in course.rglob("*"):
        if path.suffix in (".py", ".yaml"):
            path.write_text(re.sub(r" *# TODO.*", "", path.read_text()))
    done = shell("--course", ".", "verify", "hinge-loss")
    assert done.code == 0, done.out
    assert "hinge-loss: proven" in done.out


def test_a_student_gets_it_at_once(shell: Shell) -> None:
    shell("new", "hinge-loss")
    assert shell("--course", ".", "fetch", "hinge-loss", "work").code == 0
    assert "def hinge_loss" in (shell.folder / "work/hinge_loss.py").read_text()


def test_a_list_on_one_line_grows_too(shell: Shell) -> None:
    assert shell("new", "one").code == 0
    listing = shell.folder / "course.yaml"
    listing.write_text("title: C\nassignments: [one]     # in this order\n")
    assert shell("new", "two").code == 0
    assert listing.read_text() == "title: C\nassignments: [one, two]     # in this order\n"
    listing.write_text("title: C\nassignments:\n  [one,\n   two]\n")
    assert shell("new", "three").code == 0
    assert load_course(shell.folder).assignments == ("one", "two", "three")


def test_a_course_grows_and_its_own_words_stay(shell: Shell) -> None:
    for name in ("one", "two"):
        assert shell("new", name).code == 0
    listing = shell.folder / "course.yaml"
    listing.write_text(listing.read_text().replace("  - one\n", "  - one  # the first\n  # more\n"))
    assert shell("new", "three").code == 0
    text = listing.read_text()
    assert text.startswith("title: A course # TODO: how the course is called\nassignments:\n")
    assert "\n  - one  # the first\n  # more\n  - two\n  - three\n" in text
    assert load_course(shell.folder).assignments == ("one", "two", "three")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Hinge", "must be lower-case words joined by hyphens"),
        ("../x", "must be lower-case words joined by hyphens"),
        ("class", "cannot be a function's name"),
        ("taken", "is there already"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(shell: Shell, name: str, words: str) -> None:
    (shell.folder / "taken").mkdir()
    shell("new", name).fails(2, words)
    assert [path.name for path in shell.folder.iterdir()] == ["taken"]


def test_a_list_that_cannot_be_added_to_is_left_alone(tmp_path: Path) -> None:
    add_assignment(tmp_path, "one")
    (tmp_path / "course.yaml").write_text('{"title": "T", "assignments": ["one"]}')
    with pytest.raises(InputError, match="cannot be added to"):
        add_assignment(tmp_path, "two")
    assert (tmp_path / "course.yaml").read_text() == '{"title": "T", "assignments": ["one"]}'
    assert not (tmp_path / "two").exists()


def test_an_assignment_that_the_course_lists_already_is_made(tmp_path: Path) -> None:
    listing = "title: T\nassignments: [one]\n"
    (tmp_path / "course.yaml").write_text(listing)
    add_assignment(tmp_path, "one")
    assert (tmp_path / "course.yaml").read_text() == listing
    assert load_course(tmp_path).assignments == ("one",)


def test_the_course_that_ships_is_not_written_to(shell: Shell) -> None:
    assert shell("new", "mine").code == 0
    assert (shell.folder / "mine/assignment.yaml").is_file()
    assert "mine" not in shell("list").out
