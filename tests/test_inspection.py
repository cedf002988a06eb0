"""`grader gradebook check` names everything that is wrong with a gradebook, and nothing else."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest

from grader.decisions import Extension, Mark, Override
from grader.gradebook import DATABASE, Entry, Gradebook
from grader.gradebook.inspection import count_blobs, inspect_gradebook
from grader.gradebook.schema import SCHEMA_VERSION
from grader.roster import Roster, RosterStudent
from grader.submission import Submission
from tests.test_gradebook import AT, FOCAL, make_grade, rows

OTHER = Submission({"focal_loss.py": b"other = 1\n"})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A gradebook with one of everything."""
    with Gradebook.open(tmp_path / "state") as gradebook:
        ada = gradebook.submit("ada", "focal-loss", FOCAL, AT, by="ada", members=["ben"])
        gradebook.submit("cleo", "focal-loss", FOCAL, AT)
        gradebook.submit("dan", "focal-loss", OTHER, AT)
        gradebook.add_grade(ada, make_grade(), "sha256:abc", AT)
        gradebook.add_extension(Extension("focal-loss", AT, "kim", AT, "ill", student="ada"))
        gradebook.add_override(Override("ada", "focal-loss", Fraction(9, 2), "kim", AT, "said so"))
        gradebook.add_mark(Mark(ada.id, "why", Fraction(1), "kim", AT, ("idea=clear",), "nice"))
        gradebook.set_roster(Roster((RosterStudent("ada", "Ada Lovelace"),)), "kim", AT)
    return tmp_path / "state"


def findings(directory: Path) -> list[str]:
    return [f"{finding.where}: {finding.message}" for finding in inspect_gradebook(directory) if not finding.harmless]


def first_blob(directory: Path) -> tuple[Entry, Path]:
    with Gradebook.open(directory) as gradebook:
        entry = gradebook.entries()[0]
        return entry, gradebook.blob(entry.digest)


def test_a_whole_gradebook(directory: Path) -> None:
    seen = 0

    def advance() -> None:
        nonlocal seen
        seen += 1

    assert list(inspect_gradebook(directory, advance)) == []
    assert seen == count_blobs(directory) == 2


def test_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    assert findings(tmp_path) == [f"{tmp_path / DATABASE}: there is no gradebook"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "it is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "it is damaged"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"1", b"2")), "it is damaged"),
        (lambda path: (path.unlink(), path.mkdir()), "it cannot be read"),
    ],
)
def test_a_stored_file_is_named(directory: Path, spoil: Callable[[Path], object], words: str) -> None:
    entry, path = first_blob(directory)
    spoil(path)
    (found,) = findings(directory)
    assert found.startswith(f"{path}: {words}")
    assert f"the files of submission {entry.id} (ada) and 1 more" in found


def test_a_file_that_nothing_names_is_harmless(directory: Path) -> None:
    with Gradebook.open(directory) as gradebook:
        stray = gradebook.blob("sha256:" + "ab" * 32)
    stray.parent.mkdir()
    stray.write_bytes(b"")
    half = directory / "blobs" / ".x.part"
    half.write_bytes(b"")
    found = list(inspect_gradebook(directory))
    assert {finding.where for finding in found} == {str(stray), str(half)}
    assert all(finding.harmless for finding in found)


SPOILT = [
    ("submissions", "submitted_at = 'yesterday'", "Invalid isoformat"),
    ("submissions", "student = '../x' WHERE student = 'dan'", "cannot be a student's id"),
    ("submissions", "digest = '../x' WHERE student = 'dan'", "is not a digest"),
    ("grades", "grade = '{}'", "makes no sense"),
    ("grades", "score = 1.0", "score is 1.0, and the grade says 0.333"),
    ("grades", "status = 'pending'", "status is pending, and the grade says graded"),
    ("grades", "graded_at = '2026-01-01'", "a time without a time zone"),
    ("extensions", "due = 'never'", "makes no sense"),
    ("overrides", "score = '1/0'", "no number"),
    ("marks", "rubric = 'x'", "makes no sense"),
    ("rosters", "roster = '[{}]'", "makes no sense"),
]


@pytest.mark.parametrize(("table", "change", "words"), SPOILT, ids=[f"{table}-{change}" for table, change, _ in SPOILT])
def test_a_row_is_named(directory: Path, table: str, change: str, words: str) -> None:
    trigger = rows(directory, f"SELECT sql FROM sqlite_master WHERE name = '{table}_stay'")[0][0]
    with closing(sqlite3.connect(directory / DATABASE)) as connection, connection:
        connection.execute(f"DROP TRIGGER {table}_stay")
        connection.execute(f"UPDATE {table} SET {change}")
        connection.execute(str(trigger))
    found = [line for line in findings(directory) if str(directory / "blobs") not in line]
    assert any(words in line for line in found)
    assert all(str(directory / DATABASE) in line for line in found)


@pytest.mark.parametrize("name", ["grades_stay", "members_are_added", "submissions_remain"])
def test_a_rule_that_was_removed_is_named(directory: Path, name: str) -> None:
    rows(directory, f"DROP TRIGGER {name}")
    assert findings(directory) == [f"{directory / DATABASE}: the trigger {name} is missing: somebody has removed it"]


def test_a_grade_of_no_submission_is_named(directory: Path) -> None:
    with closing(sqlite3.connect(directory / DATABASE)) as connection, connection:
        connection.execute(
            "INSERT INTO marks (submission, question, rubric, who, at) VALUES ('x', 'y', '[]', 'z', ?)",
            (AT.isoformat(),),
        )
    assert findings(directory) == [
        f"{directory / DATABASE}: marks, row 2: it is of something that is not in submissions"
    ]


def test_an_earlier_version_is_named_and_left(directory: Path) -> None:
    rows(directory, "PRAGMA user_version = 1")
    assert f"{directory / DATABASE}: it is of version 1, and this grader knows {SCHEMA_VERSION}" in findings(directory)
    assert rows(directory, "PRAGMA user_version") == [(1,)]


def test_a_file_that_is_no_database(directory: Path) -> None:
    (directory / DATABASE).write_bytes(b"not at all" * 500)
    assert findings(directory) == [f"{directory / DATABASE}: the file is not a gradebook, or it is damaged"]


def test_random_damage_is_found_in_words(directory: Path) -> None:
    path = directory / DATABASE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    whole = path.read_bytes()
    chance = random.Random(1)
    used = [start for start in range(100, len(whole) - 64) if whole[start : start + 64].count(0) < 8]
    named = 0
    for start in chance.sample(used, 40):
        damaged = bytearray(whole)
        damaged[start : start + 64] = chance.randbytes(64)
        path.write_bytes(damaged)
        found = findings(directory)
        named += bool(found)
        assert not any("Traceback" in line or "\n" in line for line in found)
    assert named > 20
