"""`grader regrade` and `grader replay`: grading again what the gradebook holds."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from grader.gradebook import Gradebook
from tests.shell import Shell, write
from tests.test_class import GRADE, rows
from tests.test_engine import FILES, HALF, RIGHT
from tests.test_gradebook import latest

pytestmark = pytest.mark.slow  # nearly every command here starts an examiner

HIDDEN = "course/twice/checks/hidden/test_hidden.py"
LENIENT = ("submission.twice(2) == 4", "submission.twice(2) in (2, 4)")
STRICT = ("submission.twice(1) == 2", "submission.twice(1) == 3")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A class of three, graded: ada has all right, ben and cleo half."""
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [twice]\n"})
    write(tmp_path / "course" / "twice", FILES)
    for student, source in (("ada", RIGHT), ("ben", HALF), ("cleo", HALF)):
        write(tmp_path / "inbox" / student, {"twice.py": source.format(student)})
    shell = Shell(tmp_path, tmp_path / "course")
    (tmp_path / "reports.jsonl").write_text(shell(*GRADE, "-j", "1", "--json").out)
    return shell


def change(shell: Shell, old: str, new: str) -> None:
    path = shell.folder / HIDDEN
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def scores(shell: Shell) -> dict[str, float]:
    with Gradebook.open(shell.folder / "state") as gradebook:
        return {entry.student: float(grade.score) for entry, grade in latest(gradebook) if grade is not None}


def grade_again(shell: Shell, *options: str) -> dict[str, Any]:
    answer = shell("regrade", "twice", "-j", "1", "--json", *options)
    assert answer.code == 0, answer
    return {one["student"]: one for one in map(json.loads, answer.out.splitlines())}


def test_nothing_has_changed(shell: Shell) -> None:
    answer = shell("regrade", "twice", "-j", "1")
    assert (answer.code, answer.out, answer.err) == (0, "3 graded again: 3 keep their score\n", "")
    assert {counts[1:] for counts in rows(shell.folder)} == {(1, 1)}  # the same grade is no new one


def test_scores_rise_and_the_reason_is_shown(shell: Shell) -> None:
    """A check that was too strict is mended."""
    change(shell, *LENIENT)
    before = scores(shell)
    dry = shell("regrade", "twice", "-j", "1", "--dry-run")
    assert dry.code == 0
    assert [line.split()[0] for line in dry.out.splitlines()[1:3]] == ["ben", "cleo"]
    assert "test_two: failed 0/1 -> passed 1/1" in dry.out
    assert "3 graded again: 2 rise, 1 keeps its score" in dry.out
    assert scores(shell) == before

    answer = shell("regrade", "twice", "-j", "1", "--why", "the check was too strict")
    assert answer.code == 0
    assert answer.out == dry.out
    assert scores(shell) == {"ada": 2, "ben": 2, "cleo": 2}
    log = shell("gradebook", "log", "--student", "ben", "--json").out.splitlines()
    assert json.loads(log[-1])["why"] == "regrade: the check was too strict"
    assert [json.loads(line)["detail"] for line in log] == ["attempt 1", "1 of 2", "2 of 2"]


def test_a_score_never_falls_unless_told(shell: Shell) -> None:
    change(shell, *STRICT)
    before = scores(shell)
    found = grade_again(shell)
    assert {one["trend"] for one in found.values()} == {"falls"}
    assert not any(one["kept"] for one in found.values())
    assert scores(shell) == before
    assert "3 would fall and keep their score (--lower lets them)" in shell("regrade", "twice", "-j", "1").out
    alone = shell("regrade", "twice", "-j", "1", "--student", "ada").out
    assert "1 would fall and keeps its score (--lower lets it)" in alone
    found = grade_again(shell, "--lower", "--student", "ada")
    assert list(found) == ["ada"]
    assert found["ada"]["kept"]
    assert found["ada"]["differences"][0]["after"]["ended"] == "failed"
    assert scores(shell) == {**before, "ada": 1}


def test_a_damaged_file_is_named_and_the_others_go_on(shell: Shell) -> None:
    change(shell, *LENIENT)
    with Gradebook.open(shell.folder / "state") as gradebook:
        path = gradebook.blob(gradebook.entries("ben")[0].digest)
    path.write_bytes(b"damaged")
    answer = shell("regrade", "twice", "-j", "1")
    assert answer.code == 3
    assert f"ben, attempt 1: {path} is damaged" in answer.err
    assert "it keeps its grade" in answer.err
    assert scores(shell) == {"ada": 2, "ben": 1, "cleo": 2}


def test_a_fault_of_ours_takes_no_grade_away(shell: Shell) -> None:
    change(shell, "import", "import nothing_of_this_name\nimport")
    before = scores(shell)
    answer = shell("regrade", "twice", "-j", "1", "--lower")
    assert answer.code == 3
    assert "3 could not be graded" in answer.out
    assert answer.err.count("it keeps its grade") == 3
    assert scores(shell) == before


def test_regrade_with_bad_input(shell: Shell) -> None:
    shell("regrade", "twise").fails(2, "did you mean 'twice'?")
    shell("regrade", "twice", "--student", "eve").fails(2, "eve: nothing was handed in for twice")
    shell("regrade", "twice", "--student", "../eve").fails(2, "cannot be a student's id")


def test_a_terminal_is_asked_first(shell: Shell) -> None:
    change(shell, *LENIENT)
    text = shell.in_a_terminal("regrade", "twice", "-j", "1", typed="n\n")
    assert "Keep this? [y/N]" in text
    assert scores(shell) == {"ada": 2, "ben": 1, "cleo": 1}
    assert "Keep this?" not in shell.in_a_terminal("regrade", "twice", "-j", "1", "--yes", typed="")
    assert scores(shell) == {"ada": 2, "ben": 2, "cleo": 2}


def test_replay_gives_the_same_bytes(shell: Shell) -> None:
    answer = shell("replay", "reports.jsonl", "-j", "1")
    assert answer.code == 0, answer
    assert answer.out.splitlines() == [
        f"{student}, twice, attempt 1: the same, byte for byte" for student in ("ada", "ben", "cleo")
    ]
    write(shell.folder, {"one.json": shell("show", "--student", "ben", "--json").out})  # as a student has it
    assert shell("replay", "one.json", "-j", "1").out == "ben, twice, attempt 1: the same, byte for byte\n"
    entry = json.loads((shell.folder / "one.json").read_text())["submission"]["id"]
    assert shell("replay", entry, "-j", "1", "--json").json["same"] is True
    assert {counts[1:] for counts in rows(shell.folder)} == {(1, 1)}


def test_replay_shows_what_has_drifted(shell: Shell) -> None:
    change(shell, *STRICT)
    answer = shell("replay", "reports.jsonl", "-j", "1")
    assert answer.code == 1
    assert "ada, twice, attempt 1: NOT the same" in answer.out
    assert "the assignment has changed since it was graded" in answer.out
    assert "passed 1/1 -> failed 0/1" in answer.out
    assert {counts[1:] for counts in rows(shell.folder)} == {(1, 1)}


def test_replay_shows_another_torch(shell: Shell) -> None:
    with sqlite3.connect(shell.folder / "state" / "gradebook.sqlite3") as connection:
        (text,) = connection.execute("SELECT grade FROM grades ORDER BY sequence LIMIT 1").fetchone()
        torch = json.loads(text)["environment"]["torch"]
        connection.execute("DROP TRIGGER grades_stay")
        connection.execute("UPDATE grades SET grade = replace(grade, ?, '1.13.1')", (torch,))
    (entry, *_), _ = _entries(shell)
    answer = shell("replay", entry, "-j", "1")
    assert answer.code == 1
    assert f"torch: was 1.13.1, is {torch}" in answer.out


def _entries(shell: Shell) -> tuple[list[str], list[str]]:
    with Gradebook.open(shell.folder / "state") as gradebook:
        entries = gradebook.entries()
    return [entry.id for entry in entries], [entry.student for entry in entries]


def test_replay_finds_a_report_that_was_changed(shell: Shell) -> None:
    lines = (shell.folder / "reports.jsonl").read_text().splitlines()
    forged = next(line for line in lines if '"ben"' in line).replace('"score": 1.0', '"score": 2.0')
    write(shell.folder, {"forged.json": forged})
    answer = shell("replay", "forged.json", "-j", "1")
    assert answer.code == 1
    assert "NOT the same" in answer.out
    assert "the gradebook holds no such report" in answer.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("{", "bad.json:1: this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ("[]", "document 1 is no report"),
        ('{"submission": {"id": null}}', "of nothing that was handed in"),
        ('{"submission": {"id": "x", "digest": "y"}}', "no submission 'x'"),
    ],
)
def test_replay_of_something_else(shell: Shell, content: str, words: str) -> None:
    write(shell.folder, {"bad.json": content})
    shell("replay", "bad.json").fails(2, words)


def test_replay_of_nothing(shell: Shell) -> None:
    shell("replay", "20260101T000000Z-00").fails(2, "no such file, and no submission with this id")
    shell("replay", "./nothing.json").fails(2, "no such file")
