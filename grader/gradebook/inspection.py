"""Is a gradebook whole? Looks at everything that it holds, and names each thing that is not as it should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from grader.display import clean_line
from grader.errors import GraderError, SubmissionError
from grader.gradebook.blobs import PARTIAL
from grader.gradebook.faults import RESTORE, faults_in_words
from grader.gradebook.rows import (
    extension_from_row,
    grade_from_text,
    grade_to_row,
    mark_from_row,
    override_from_row,
    roster_from_text,
    time_from_text,
)
from grader.gradebook.schema import BLOBS, DATABASE, SCHEMA_VERSION
from grader.gradebook.store import check_student, find_blob
from grader.submission import unpack

MAX_FINDINGS = 1_000  # of one kind, then only their number: a file of random bytes has no end of them


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: where, what, and the next step. ``harmless``: nothing was lost by it."""

    where: str
    message: str
    hint: str | None = None
    harmless: bool = False


def inspect_gradebook(directory: Path, advance: Callable[[], None] = lambda: None) -> Iterator[Finding]:
    """Yield all that is wrong with the gradebook in a folder; changes nothing. Without findings it is whole.

    ``advance`` is called for each stored file that was compared with its digest; ``count_blobs`` says how many.
    """
    path = directory / DATABASE
    if not path.is_file():
        yield Finding(str(path), "there is no gradebook", "give the folder that holds it")
        return
    try:
        # Not through SQLAlchemy's own opening of the file, which would make what is missing.
        with faults_in_words(directory), closing(_open_unchanged(path)) as connection:
            yield from _inspect_database(connection, path)
            yield from _inspect_rows(connection, path)
            yield from _inspect_blobs(connection, directory, advance)
            yield from _find_strays(connection, directory)
    except GraderError as error:
        yield Finding(str(path), error.message.removeprefix(f"{path}: "), error.hint)


def count_blobs(directory: Path) -> int:
    """Return how many stored files ``inspect_gradebook`` will compare, as far as can be said."""
    with suppress(sqlite3.Error, OSError), closing(_open_unchanged(directory / DATABASE)) as connection:
        return int(connection.execute("SELECT count(DISTINCT digest) FROM submissions").fetchone()[0])
    return 0


def _open_unchanged(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _inspect_database(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    """Is the file one that SQLite can use, with the tables and the triggers that it should have?"""
    for (line,) in connection.execute(f"PRAGMA integrity_check({MAX_FINDINGS})"):
        if line != "ok":
            yield Finding(str(path), f"the file is damaged: {clean_line(str(line))}", RESTORE)
    for table, row, other, _ in connection.execute("PRAGMA foreign_key_check"):
        yield Finding(f"{path}: {table}, row {row}", f"it is of something that is not in {other}", RESTORE)
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        message = "it has no write-ahead log: while one process writes, the others wait"
        hint = "so it is in a backup, and on network file systems, which cannot have one; a local disk can"
        yield Finding(str(path), message, hint, harmless=True)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        message = f"it is of version {version}, and this grader knows {SCHEMA_VERSION}"
        yield Finding(str(path), message, "any other command of a grader that knows it brings it up to date")
        return
    with closing(_make_model()) as model:
        query = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'trigger', 'view', 'index')"
        found = set(connection.execute(query))
        for kind, name in sorted(set(model.execute(query)) - found):
            message = f"the {kind} {name} is missing: somebody has removed it"
            yield Finding(str(path), message, f"{RESTORE}; until then rows may have been changed")


def _make_model() -> sqlite3.Connection:
    """Return an empty gradebook of today's version, in memory."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    from grader.gradebook.database import upgrade

    connection = sqlite3.connect(":memory:", isolation_level=None)
    with create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool).connect() as open_connection:
        upgrade(open_connection)
    return connection


def _inspect_rows(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    """Can every row be read, and does it say only what fits together?"""
    readers: dict[str, Callable[[Any], object]] = {
        "submissions": _read_submission,
        "grades": _read_grade,
        "extensions": extension_from_row,
        "overrides": override_from_row,
        "marks": mark_from_row,
        "rosters": lambda row: roster_from_text(row.roster),
    }
    for table, read in readers.items():
        for row in _select(connection, f"SELECT * FROM {table} ORDER BY sequence"):  # noqa: S608 (names from above)
            try:
                read(row)
            except (ValueError, TypeError, GraderError) as error:
                of = getattr(row, "submission", getattr(row, "id", None))
                where = f"{path}: {table}, row {row.sequence}{f' ({clean_line(str(of), 60)})' if of else ''}"
                yield Finding(where, f"it makes no sense: {clean_line(str(error))}", RESTORE)


def _select(connection: sqlite3.Connection, query: str) -> Iterator[Any]:
    """Yield rows whose columns are attributes."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield SimpleNamespace(**dict(zip(names, row, strict=True)))


def _read_submission(row: Any) -> None:
    time_from_text(row.submitted_at)
    if check_student(row.student) != row.student:
        raise ValueError("the student's id is not in its composed form")


def _read_grade(row: Any) -> None:
    time_from_text(row.graded_at)
    for name, value in grade_to_row(grade_from_text(row.grade)).items():
        if name != "grade" and getattr(row, name) != value:
            raise ValueError(f"{name} is {getattr(row, name)}, and the grade says {value}")


def _inspect_blobs(connection: sqlite3.Connection, directory: Path, advance: Callable[[], None]) -> Iterator[Finding]:
    """Compare the files of every submission with their digest."""
    # With min(), SQLite takes the other columns from the row that has it.
    query = "SELECT digest, count(*) AS count, min(sequence), id, student FROM submissions GROUP BY digest"
    for row in _select(connection, query):
        try:
            path = find_blob(directory, str(row.digest))
        except GraderError as error:
            yield Finding(str(directory / DATABASE), error.message, error.hint)
            continue
        if message := find_damage(path, row.digest):
            others = f" and {row.count - 1} more" if row.count > 1 else ""
            whose = f"the files of submission {clean_line(str(row.id), 60)} ({clean_line(str(row.student))}){others}"
            yield Finding(str(path), f"{message}: {whose}", "`grader gradebook restore --files BACKUP` brings it back")
        advance()


def find_damage(path: Path, digest: str) -> str | None:
    """Return what is wrong with a stored file, or None."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    try:
        same = unpack(data).digest == digest
    except SubmissionError:
        same = False
    return None if same else "it is damaged"


def _find_strays(connection: sqlite3.Connection, directory: Path) -> Iterator[Finding]:
    """Yield files that nothing names: whoever wrote them was stopped before the submission was recorded."""
    named: set[Path] = set()
    for row in _select(connection, "SELECT DISTINCT digest FROM submissions"):
        with suppress(GraderError):
            named.add(find_blob(directory, str(row.digest)))
    for path in sorted((directory / BLOBS).rglob("*")):
        if path not in named and path.is_file():
            message = "half a file" if path.name.endswith(PARTIAL) else "a file that no submission names"
            hint = "a process that was stopped left it; it is of nothing that was acknowledged"
            yield Finding(str(path), message, hint, harmless=True)
