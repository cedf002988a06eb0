"""A gradebook of any earlier version opens, with all that it held."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from grader.errors import GradebookError
from grader.gradebook import DATABASE, Gradebook
from grader.gradebook.inspection import inspect_gradebook
from grader.gradebook.schema import METADATA, SCHEMA_VERSION
from grader.scoring import Status
from tests.test_gradebook import AT, FOCAL, make_grade, rows

OLD = Path(__file__).parent / "gradebooks"


@pytest.fixture(params=range(1, SCHEMA_VERSION))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a gradebook as an earlier version left it; its blobs are not there."""
    directory = tmp_path / "state"
    directory.mkdir()
    with closing(sqlite3.connect(directory / DATABASE)) as connection:
        connection.executescript((OLD / f"version_{request.param}.sql").read_text())
    return directory


def test_an_earlier_version_keeps_all_that_it_held(old: Path) -> None:
    with Gradebook.open(old) as gradebook:
        first, other, second = gradebook.entries()
        assert [(e.student, e.number) for e in (first, other, second)] == [("ada", 1), ("00123", 1), ("ada", 2)]
        assert gradebook.grades(first) == (make_grade(Fraction(0), Status.PENDING), make_grade())
        assert gradebook.grade(other) == make_grade(Fraction(1))
        assert gradebook.grade(second) is None
        assert gradebook.submit("ada", "focal-loss", FOCAL, AT).number == 3
    assert rows(old, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    missing = [finding.message for finding in inspect_gradebook(old)]
    assert missing == []  # the blob of all of them has just been handed in again


def test_an_earlier_version_is_copied_first(old: Path) -> None:
    before = rows(old, "SELECT * FROM grades")
    version = rows(old, "PRAGMA user_version")[0][0]
    Gradebook.open(old).close()
    copy = old / f"gradebook-version-{version}.sqlite3"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
        assert connection.execute("SELECT * FROM grades").fetchall() == before
    assert copy.stat().st_mode & 0o077 == 0


def test_rows_of_an_earlier_version_stay_as_they_are(old: Path) -> None:
    Gradebook.open(old).close()
    for statement in ("UPDATE submissions SET who = 'eve'", "UPDATE grades SET score = 1", "DELETE FROM grades"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            rows(old, statement)


def test_a_step_that_fails_changes_nothing(old: Path) -> None:
    rows(old, "CREATE TABLE keys (x)")  # in the way of the last step
    before = rows(old, "SELECT * FROM sqlite_master")
    version = rows(old, "PRAGMA user_version")
    with pytest.raises(GradebookError, match="keys"):
        Gradebook.open(old)
    assert rows(old, "SELECT * FROM sqlite_master") == before
    assert rows(old, "PRAGMA user_version") == version


def test_many_open_an_earlier_version_at_once(old: Path) -> None:
    def submit(number: int) -> int:
        with Gradebook.open(old) as gradebook:
            return gradebook.submit("eve", "focal-loss", FOCAL, AT).number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(submit, range(8))) == list(range(1, 9))


def test_the_steps_lead_to_the_tables_of_today(tmp_path: Path) -> None:
    with Gradebook.open(tmp_path) as gradebook, gradebook._engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
