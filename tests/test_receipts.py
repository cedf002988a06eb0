"""Receipts: signed by the trusted side, verified by anybody, and nothing in them can be changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.gradebook import Gradebook
from grader.receipts import format_key, parse_key, public_key, read_receipt, sign_receipt, write_receipt
from grader.submission import Submission
from tests.shell import Shell, write

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
QUIZ = """\
format: 1
id: quiz
title: A quiz
summary: S
groups: true
questions:
  - {id: why, kind: text, points: 1, prompt: Why?, accept: [so]}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    files = {
        "course.yaml": "title: Vorlesung \u201eVerluste\u201c\nassignments: [quiz]\n",
        "quiz/assignment.yaml": QUIZ,
    }
    write(tmp_path / "work", {"answers.yaml": "why: so\n", "grader.json": '{"format": 1, "assignment": "quiz"}'})
    return Shell(tmp_path, write(tmp_path / "course", files))


@pytest.fixture
def file(shell: Shell) -> Path:
    answer = shell("submit", "work")
    assert answer.code == 0
    assert answer.err.endswith("Receipt: work/receipts/quiz-1.json\n")
    return shell.folder / "work" / "receipts" / "quiz-1.json"


def test_whoever_hands_in_gets_a_receipt(shell: Shell, file: Path) -> None:
    answer = shell("receipt", "verify", file)
    assert answer.code == 0
    assert answer.out.startswith("Genuine: ada handed in quiz, attempt 1 at 20")
    told = json.loads(file.read_text())
    assert told["students"] == ["ada"]
    assert told["digest"] in answer.out
    assert shell("receipt", "show", "quiz").out.encode() == file.read_bytes()  # the same again, at any time
    again = shell("submit", "work", "--json")
    assert again.err.endswith("Receipt: work/receipts/quiz-2.json\n")
    assert again.json["assignment"] == "quiz"


def test_the_folder_that_one_stands_in_is_the_one_that_is_meant(shell: Shell, file: Path) -> None:
    inside = replace(shell, folder=file.parents[1], home=shell.folder / "state")
    assert inside("receipt", "show").out.encode() == file.read_bytes()
    inside("receipt", "show", "receipts/quiz-1.json").fails(
        2, "receipts/quiz-1.json is a receipt already", "grader receipt verify receipts/quiz-1.json"
    )


def test_a_receipt_is_no_part_of_the_work(shell: Shell, file: Path) -> None:
    assert shell("submit", "work").code == 0
    first, second = (json.loads(path.read_text()) for path in sorted(file.parent.iterdir()))
    assert first["digest"] == second["digest"]
    assert shell("receipt", "verify", file, "--work", "work").out.endswith("work is the work that was handed in.\n")
    (shell.folder / "work" / "answers.yaml").write_text("why: why not\n")
    answer = shell("receipt", "verify", file, "--work", "work")
    assert answer.code == 1
    assert answer.out.startswith("Genuine: ada handed in ")
    assert answer.out.endswith("\nwork is not what was handed in: was it changed since?\n")


CHANGES: dict[str, Any] = {
    "course": "Another",
    "assignment": "other",
    "students": ["eve"],
    "submission": "x",
    "attempt": 2,
    "digest": "sha256:" + "0" * 64,
    "submitted_at": "2020-01-01T00:00:00Z",
}


@pytest.mark.parametrize("field", CHANGES)
def test_nothing_in_it_can_be_changed(tmp_path: Path, field: str) -> None:
    path = tmp_path / "receipt.json"
    with Gradebook.open(tmp_path / "state") as gradebook:
        entry = gradebook.submit("ada", "quiz", Submission({"answers.yaml": b"why: so"}), NOW)
        path.write_bytes(write_receipt(sign_receipt("Course", gradebook, entry, NOW)))
    assert read_receipt(path).is_genuine
    path.write_text(json.dumps({**json.loads(path.read_text()), field: CHANGES[field]}))
    assert not read_receipt(path).is_genuine


def test_a_change_is_told(shell: Shell, file: Path) -> None:
    key = shell("receipt", "key").out.strip()
    file.write_text(json.dumps({**json.loads(file.read_text()), "attempt": 2}))
    for options in ((), ("--key", key)):
        answer = shell("receipt", "verify", file, *options)
        assert answer.code == 1
        assert "NOT GENUINE: it was changed after it was signed" in answer.out
    told = shell("receipt", "verify", file, "--json").json
    assert told["genuine"] is False
    assert told["faults"]


def test_who_signs_with_a_key_of_ones_own_proves_nothing(shell: Shell, file: Path, tmp_path: Path) -> None:
    with Gradebook.open(tmp_path / "mine") as gradebook:
        entry = gradebook.submit("ada", "quiz", Submission({"answers.yaml": b"why: so"}), NOW)
        forged = sign_receipt("Vorlesung", gradebook, entry, NOW)
        assert forged.is_genuine  # in itself
    (tmp_path / "forged.json").write_bytes(write_receipt(forged))
    answer = shell("receipt", "verify", "forged.json")
    assert (answer.code, answer.out) == (
        1,
        "NOT GENUINE: it is signed with another key than this course's gradebook has\n",
    )
    key = shell("receipt", "key").out.strip()
    assert "another key than --key" in shell("receipt", "verify", "forged.json", "--key", key).out


def test_anybody_with_the_public_key_can_verify(shell: Shell, file: Path, tmp_path: Path) -> None:
    key = shell("receipt", "key").out.strip()
    elsewhere = Shell(tmp_path, shell.course, home=tmp_path / "nothing")
    elsewhere("receipt", "verify", file).fails(2, "there is no gradebook in", "--key")
    assert elsewhere("receipt", "verify", file, "--key", key).code == 0
    elsewhere("receipt", "verify", file, "--key", "abc").fails(2, "'key' is not 32 bytes in base64")
    assert not (tmp_path / "nothing").exists()


def test_two_who_hand_in_from_one_folder_have_a_receipt_each(shell: Shell, file: Path) -> None:
    before = file.read_bytes()
    told = shell("submit", "work", "--student", "bob")
    assert told.code == 0
    assert file.read_bytes() == before
    (other,) = set(file.parent.iterdir()) - {file}
    assert f"Receipt: work/receipts/{other.name}" in told.err
    assert shell("receipt", "verify", other).out.startswith("Genuine: bob handed in quiz, attempt 1 ")


@pytest.mark.slow
def test_a_gradebook_from_a_backup_that_is_too_old_is_noticed(shell: Shell, file: Path) -> None:
    assert shell("gradebook", "backup", "saved").code == 0
    assert shell("submit", "work").code == 0
    late = file.with_name("quiz-2.json")
    assert shell("receipt", "verify", late).code == 0
    restored = Shell(shell.folder, shell.course, home=shell.folder / "restored")
    assert restored("gradebook", "restore", "saved").code == 0
    assert restored("receipt", "verify", file).code == 0  # the key is in the backup
    assert "the gradebook has no such submission" in restored("receipt", "verify", late).out


def test_a_folder_that_cannot_be_written_loses_nothing(shell: Shell) -> None:
    (shell.folder / "work" / "receipts").write_text("in the way")
    answer = shell("submit", "work")
    assert answer.code == 0
    assert "work/receipts/quiz-1.json cannot be written" in answer.err
    assert "receipt show" in answer.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no receipt"),
        (b"[1]", "it holds no object"),
        (b"{}", "its format is not 1"),
        (b"[" * 10_000, "is no receipt"),
        (b"x" * 30_000, "larger than"),
        (b"\xff\xfe", "is no receipt"),
    ],
)
def test_what_is_no_receipt_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "receipt.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_receipt(path)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_not_genuine(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("receipt")
    with Gradebook.open(folder / "state") as gradebook:
        entry = gradebook.submit("ada", "quiz", Submission({"answers.yaml": b"why: so"}), NOW)
        content = write_receipt(sign_receipt("Course", gradebook, entry, NOW))
    place = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != content[place]))
    path = folder / "receipt.json"
    path.write_bytes(content[:place] + bytes([other]) + content[place + 1 :])
    try:
        changed = read_receipt(path)
    except InputError:
        return
    path.write_bytes(content)
    assert not changed.is_genuine or changed == read_receipt(path)  # white space between its parts means nothing


def test_one_gradebook_has_one_key(tmp_path: Path) -> None:
    with Gradebook.open(tmp_path / "one") as first, Gradebook.open(tmp_path / "one") as second:
        assert public_key(first, NOW) == public_key(second, NOW)
    with Gradebook.open(tmp_path / "one") as again, Gradebook.open(tmp_path / "other") as other:
        key = public_key(again, NOW)
        assert public_key(other, NOW) != key
    assert parse_key(format_key(key)) == key
