"""`grader gradebook` as an instructor uses it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from grader.decisions import Override
from grader.gradebook import Gradebook
from grader.submission import Submission
from tests.shell import ESC, Shell
from tests.test_gradebook import FOCAL, make_grade

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A seat whose gradebook holds two submissions, one of them graded."""
    with Gradebook.open(tmp_path / "state") as gradebook:
        ada = gradebook.submit("ada", "focal-loss", FOCAL, AT, by="ada")
        gradebook.add_grade(ada, make_grade(), "sha256:abc", AT, by="kim")
        gradebook.submit("ben", "focal-loss", Submission({"focal_loss.py": b"2"}), AT, by="ben")
        gradebook.add_override(Override("ada", "focal-loss", Fraction(9, 2), "kim", AT, f"seen {ESC}[31min class"))
    return Shell(tmp_path)


def blob(shell: Shell, student: str) -> Path:
    with Gradebook.open(shell.folder / "state") as gradebook:
        return gradebook.blob(gradebook.entries(student)[0].digest)


def test_check(shell: Shell) -> None:
    answer = shell("gradebook", "check")
    assert (answer.code, answer.out, answer.err) == (0, f"{shell.folder / 'state'}: it is whole\n", "")
    damaged = blob(shell, "ben")
    damaged.write_bytes(b"damaged")
    answer = shell("gradebook", "check")
    assert answer.code == 3
    assert f"{damaged}: it is damaged: the files of submission" in answer.err
    assert "(ben)" in answer.err
    assert "`grader gradebook restore --files BACKUP` brings it back" in answer.err
    found = shell("gradebook", "check", "--json").json
    assert found["whole"] is False
    assert [finding["where"] for finding in found["findings"]] == [str(damaged)]


def test_check_where_there_is_none(tmp_path: Path) -> None:
    answer = Shell(tmp_path)("gradebook", "check")
    assert answer.code == 3
    assert "there is no gradebook" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_backup_and_restore(shell: Shell) -> None:
    before = shell("status", "--json", "--student", "ada").out
    assert shell("gradebook", "backup", "backup").out == "backup\n"
    shutil.rmtree(shell.folder / "state")
    assert shell("gradebook", "restore", "backup").code == 0
    assert shell("status", "--json", "--student", "ada").out == before
    shell("gradebook", "restore", "backup").fails(2, "is not empty", "--force moves what is there aside")
    answer = shell("gradebook", "restore", "backup", "--force")
    assert answer.code == 0
    assert f"What was there is in {shell.folder / 'state.replaced-'}" in answer.err
    shell("gradebook", "restore", "nothing").fails(2, "there is no gradebook")
    shell("gradebook", "backup", "state").fails(2, "own folder")


def test_files_come_back(shell: Shell) -> None:
    shell("gradebook", "backup", "backup")
    damaged = blob(shell, "ada")
    damaged.write_bytes(b"damaged")
    answer = shell("gradebook", "restore", "--files", "backup")
    assert (answer.code, answer.out) == (0, f"{damaged}: brought back\n")
    assert shell("gradebook", "check").code == 0
    assert shell("gradebook", "restore", "--files", "backup").out == "no file was missing or damaged\n"
    shutil.rmtree(shell.folder / "backup" / "blobs")
    damaged.unlink()
    answer = shell("gradebook", "restore", "--files", "backup")
    assert answer.code == 3
    assert f"{damaged}: not in the backup either" in answer.err


def test_a_backup_that_lacks_something_says_so(shell: Shell) -> None:
    damaged = blob(shell, "ada")
    damaged.unlink()
    answer = shell("gradebook", "backup", "backup")
    assert answer.code == 3
    assert f"{damaged}: it is missing, and was not copied" in answer.err
    assert "1 of the gradebook's files could not be copied" in answer.err


def test_log(shell: Shell) -> None:
    lines = shell("gradebook", "log").out.splitlines()
    assert lines[0].split() == ["WHEN", "WHO", "WHAT", "STUDENT", "ASSIGNMENT", "DETAIL", "WHY"]
    assert [line.split()[2:6] for line in lines[1:]] == [
        ["ada", "submission", "ada", "focal-loss"],
        ["ben", "submission", "ben", "focal-loss"],
        ["kim", "grade", "ada", "focal-loss"],
        ["kim", "override", "ada", "focal-loss"],
    ]
    assert "score 9/2" in lines[-1]
    assert len(shell("gradebook", "log", "--student", "ben").out.splitlines()) == 2
    changes = [json.loads(line) for line in shell("gradebook", "log", "--student", "ada", "--json").out.splitlines()]
    assert [(change["what"], change["at"]) for change in changes] == [
        ("submission", "2026-11-23T10:00:00Z"),
        ("grade", "2026-11-23T10:00:00Z"),
        ("override", "2026-11-23T10:00:00Z"),
    ]
    shell("gradebook", "log", "--assignment", "focal-los").fails(2, "did you mean 'focal-loss'?")
    assert shell("gradebook", "log", "--assignment", "multi-label").out == "Nothing has happened yet.\n"
