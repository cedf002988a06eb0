"""The submissions and grades of a course. Append-only: what was acknowledged is never changed and never lost.

``gradebook.sqlite3`` holds who handed in what and when, and every grade; ``blobs/`` holds the files handed in, each
under the digest of its content. A submission's blob is on disk before its row is committed, so whatever a row names is
there, whenever the machine stops.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import sqlite3
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from platformdirs import user_data_dir
from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError

from grader.display import clean_line
from grader.errors import GradebookError, InputError, SubmissionError, reason_of
from grader.resources import find_data
from grader.scoring import Grade, grade_from_json, grade_to_json
from grader.submission import Submission, pack, unpack

DATABASE = "gradebook.sqlite3"
BLOBS = "blobs"
HOME = "GRADER_HOME"
SCHEMA_VERSION = 1
APPLICATION_ID = 0x47_52_41_44  # "GRAD", in the header of the file: tells a gradebook from other SQLite files
PARTIAL = ".part"
PARTIAL_SECONDS = 24 * 3600
MAX_STUDENT_LENGTH = 100
FORMULA_STARTS = "=+-@"
WAIT_SECONDS = 30.0

_METADATA = MetaData()
_SUBMISSIONS = Table(
    "submissions",
    _METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("student", String, nullable=False),
    Column("assignment", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("submitted_at", String, nullable=False),
    UniqueConstraint("student", "assignment", "number"),
    sqlite_autoincrement=True,
)
_GRADES = Table(
    "grades",
    _METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("submission", String, ForeignKey("submissions.id"), nullable=False, index=True),
    Column("status", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("points", Float, nullable=False),
    Column("bonus", Float, nullable=False),
    Column("assignment_digest", String, nullable=False),
    Column("graded_at", String, nullable=False),
    Column("grade", String, nullable=False),  # JSON, exact; the amounts above are for queries by hand
    sqlite_autoincrement=True,
)


def _append_only(table: str, identity: str) -> Iterator[str]:
    """Yield triggers that refuse to change or remove rows, whoever asks: this code, or a person with a shell."""
    refuse = f"BEGIN SELECT RAISE(ABORT, 'the gradebook is append-only: {table} are never changed'); END"
    yield f"CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table} {refuse}"
    yield f"CREATE TRIGGER {table}_remain BEFORE DELETE ON {table} {refuse}"
    # INSERT OR REPLACE removes a row without asking the trigger above.
    there = f"EXISTS (SELECT 1 FROM {table} WHERE {identity})"  # noqa: S608 (constants of this module)
    yield f"CREATE TRIGGER {table}_are_added BEFORE INSERT ON {table} WHEN {there} {refuse}"


_TRIGGERS = (
    *_append_only(
        "submissions",
        "sequence = NEW.sequence OR id = NEW.id"
        " OR (student = NEW.student AND assignment = NEW.assignment AND number = NEW.number)",
    ),
    *_append_only("grades", "sequence = NEW.sequence"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission in the gradebook. ``number`` counts a student's attempts at an assignment, from 1."""

    id: str
    number: int
    student: str
    assignment: str
    digest: str
    submitted_at: datetime


def check_student(student: str) -> str:
    """Return a student's id, in the composed form of Unicode; leading zeros stay.

    Raises:
        InputError: it is empty, too long, or could be taken for a path, a formula or something that it is not.
    """
    name = unicodedata.normalize("NFC", student)
    hint = "an id is 1 to 100 visible characters without / and \\, such as ada or 00123"
    if not name or len(name) > MAX_STUDENT_LENGTH:
        raise InputError(f"a student's id of {len(name)} characters cannot be used", hint)
    is_path = name in (".", "..") or "/" in name or "\\" in name
    if is_path or name != name.strip() or not name.isprintable() or name != clean_line(name):
        raise InputError(f"{name!a} cannot be a student's id", hint)
    if name[0] in FORMULA_STARTS:
        raise InputError(f"{name!a} cannot be a student's id: a spreadsheet takes it for a formula", hint)
    return name


def state_directory(course_directory: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder of a course's gradebook.

    ``GRADER_HOME`` where it is set; for the course that ships the user's data folder, since an installation may be
    read-only; else ``.grader`` in the course's folder.
    """
    if home := environ.get(HOME):
        return Path(home).expanduser()
    if course_directory.resolve() == find_data("assignments").resolve():
        return Path(user_data_dir("grader", appauthor=False))
    return course_directory / ".grader"


class Gradebook:
    """The gradebook of a course, open. Threads may share it; other processes open the folder for themselves.

    Every method raises GradebookError, in words, when the files cannot be read or written.
    """

    def __init__(self, directory: Path, engine: Engine, journal: str) -> None:
        """Use ``Gradebook.open``."""
        self.directory = directory
        self.journal = journal  # "wal", or "delete" where the file system cannot have it
        self._engine = engine
        self._writing = engine.execution_options(writing=True)

    @classmethod
    def open(cls, directory: Path, *, wait_seconds: float = WAIT_SECONDS) -> Self:
        """Open the gradebook in a folder, or make it.

        ``wait_seconds`` is how long to wait for other processes that write.

        Raises:
            GradebookError: the folder cannot be used, the file is not a gradebook, or it is of a newer version.
        """
        path = directory / DATABASE
        with _faults_in_words(directory):
            _make_folder(directory / BLOBS)
            _sweep(directory / BLOBS)
            engine = _make_engine(path, wait_seconds)
            try:
                journal = _prepare(engine, path, wait_seconds)
            except BaseException:
                engine.dispose()
                raise
        return cls(directory, engine, journal)

    def close(self) -> None:
        """Close the files. The gradebook cannot be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, student: str, assignment: str, submission: Submission, at: datetime) -> Entry:
        """Record a submission as the student's next attempt; when this returns, it is on disk for good.

        Raises:
            InputError: the student's id cannot be used.
        """
        student = check_student(student)
        submitted_at = _to_text(at)
        with _faults_in_words(self.directory):
            _write_blob(self.directory / BLOBS, self.blob(submission.digest), pack(submission))
            with self._writing.begin() as connection:
                last = select(func.max(_SUBMISSIONS.c.number)).where(
                    _SUBMISSIONS.c.student == student, _SUBMISSIONS.c.assignment == assignment
                )
                number = (connection.scalar(last) or 0) + 1  # nobody else writes until the commit
                entry = Entry(_new_id(at), number, student, assignment, submission.digest, at.astimezone(UTC))
                row = {name: getattr(entry, name) for name in ("id", "number", "student", "assignment", "digest")}
                connection.execute(_SUBMISSIONS.insert(), row | {"submitted_at": submitted_at})
        return entry

    def entries(self, student: str | None = None, assignment: str | None = None) -> tuple[Entry, ...]:
        """Return submissions, the oldest first: all, or those of a student or of an assignment."""
        query = select(_SUBMISSIONS).order_by(_SUBMISSIONS.c.sequence)
        if student is not None:
            query = query.where(_SUBMISSIONS.c.student == unicodedata.normalize("NFC", student))
        if assignment is not None:
            query = query.where(_SUBMISSIONS.c.assignment == assignment)
        return tuple(self._to_entry(row) for row in self._rows(query))

    def entry(self, entry_id: str) -> Entry:
        """Return one submission.

        Raises:
            InputError: there is none of this id.
        """
        for row in self._rows(select(_SUBMISSIONS).where(_SUBMISSIONS.c.id == entry_id)):
            return self._to_entry(row)
        raise InputError(f"no submission {clean_line(entry_id, 60)!r}", "`grader status` lists the submissions")

    def blob(self, digest: str) -> Path:
        """Return where the content with this digest lies, or would lie."""
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise GradebookError(
                f"{self.directory / DATABASE} is damaged: {clean_line(digest, 60)!r} is not a digest", _RESTORE
            )
        name = digest.removeprefix("sha256:")
        return self.directory / BLOBS / name[:2] / name[2:]

    def load(self, entry: Entry) -> Submission:
        """Return the files of a submission, as they were handed in.

        Raises:
            GradebookError: the stored file is missing or damaged; the message names it.
        """
        path = self.blob(entry.digest)
        with _faults_in_words(self.directory):
            try:
                submission = unpack(path.read_bytes())
            except FileNotFoundError:
                raise GradebookError(f"{path} is missing: the files of submission {entry.id}", _RESTORE) from None
            except SubmissionError:
                raise _damaged_blob(path, entry) from None
        if submission.digest != entry.digest:
            raise _damaged_blob(path, entry)
        return submission

    def add_grade(self, entry: Entry, grade: Grade, assignment_digest: str, at: datetime) -> None:
        """Add a grade to a submission. Earlier ones stay; the newest counts."""
        row = {
            "submission": entry.id,
            "status": str(grade.status),
            "score": float(grade.score),
            "points": float(grade.points),
            "bonus": float(grade.bonus),
            "assignment_digest": assignment_digest,
            "graded_at": _to_text(at),
            "grade": json.dumps(grade_to_json(grade), sort_keys=True),
        }
        with _faults_in_words(self.directory), self._writing.begin() as connection:
            connection.execute(_GRADES.insert(), row)

    def grade(self, entry: Entry) -> Grade | None:
        """Return the newest grade of a submission, or None when it has none yet."""
        found = self.graded_with(entry)
        return None if found is None else found[0]

    def graded_with(self, entry: Entry) -> tuple[Grade, str] | None:
        """Return the newest grade of a submission and the digest of the assignment that it was graded with."""
        query = (
            select(_GRADES.c.grade, _GRADES.c.assignment_digest)
            .where(_GRADES.c.submission == entry.id)
            .order_by(_GRADES.c.sequence.desc())
            .limit(1)
        )
        found = next(iter(self._rows(query)), None)
        return None if found is None else (self._to_grade(found.grade, entry.id), found.assignment_digest)

    def grades(self, entry: Entry) -> tuple[Grade, ...]:
        """Return every grade that a submission ever got, the oldest first."""
        query = select(_GRADES.c.grade).where(_GRADES.c.submission == entry.id).order_by(_GRADES.c.sequence)
        return tuple(self._to_grade(row.grade, entry.id) for row in self._rows(query))

    def latest(self, assignment: str | None = None) -> tuple[tuple[Entry, Grade | None], ...]:
        """Return the newest submission of every student for every assignment, and its newest grade.

        In the order of assignments and students' ids.
        """
        newest = select(func.max(_SUBMISSIONS.c.sequence)).group_by(_SUBMISSIONS.c.student, _SUBMISSIONS.c.assignment)
        graded = select(func.max(_GRADES.c.sequence)).group_by(_GRADES.c.submission)
        query = (
            select(_SUBMISSIONS, _GRADES.c.grade)
            .outerjoin(_GRADES, (_GRADES.c.submission == _SUBMISSIONS.c.id) & _GRADES.c.sequence.in_(graded))
            .where(_SUBMISSIONS.c.sequence.in_(newest))
            .order_by(_SUBMISSIONS.c.assignment, _SUBMISSIONS.c.student)
        )
        if assignment is not None:
            query = query.where(_SUBMISSIONS.c.assignment == assignment)
        found = []
        for row in self._rows(query):
            grade = None if row.grade is None else self._to_grade(row.grade, row.id)
            found.append((self._to_entry(row), grade))
        return tuple(found)

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with _faults_in_words(self.directory), self._engine.connect() as connection:
            return list(connection.execute(query))

    def _to_entry(self, row: Row[Any]) -> Entry:
        try:
            submitted_at = _from_text(row.submitted_at)
        except ValueError:
            path = self.directory / DATABASE
            message = f"{path} is damaged: submission {clean_line(row.id, 60)} has no valid time"
            raise GradebookError(message, _RESTORE) from None
        return Entry(row.id, row.number, row.student, row.assignment, row.digest, submitted_at)

    def _to_grade(self, text: str, entry_id: str) -> Grade:
        try:
            return grade_from_json(json.loads(text))
        except (ValueError, RecursionError):
            path = self.directory / DATABASE
            message = f"{path} is damaged: a grade of submission {entry_id} cannot be read"
            raise GradebookError(message, _RESTORE) from None


# Opening the database.


def _make_engine(path: Path, wait_seconds: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        # The driver itself would begin transactions late, and only for some statements.
        connect_args={"isolation_level": None, "timeout": wait_seconds},
    )
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_connection(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # What was acknowledged must be there after a power cut. NORMAL does not sync the log at a commit, so that the last
    # of them could be lost; EXTRA is FULL, and without a log also syncs the folder once the journal is gone.
    connection.execute("PRAGMA synchronous = EXTRA")


def _begin(connection: Connection) -> None:
    # A transaction that reads and then writes must ask for the right to write at its start: SQLite does not let it
    # wait for it later.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _prepare(engine: Engine, path: Path, wait_seconds: float) -> str:
    """Make the tables where they are not there yet, and return the journal mode."""
    raw = engine.raw_connection()
    try:
        driver = raw.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        version = _read_version(driver, path)
        journal = choose_journal(driver, wait_seconds)
    finally:
        raw.close()
    if version == 0:
        with engine.execution_options(writing=True).begin() as connection:
            _make_tables(connection)
    return journal


def _read_version(connection: sqlite3.Connection, path: Path) -> int:
    """Refuse a file that is not a gradebook, or one that only a newer version can read. Changes nothing."""
    connection.execute("BEGIN")  # one view of all three: another process may be making the tables
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    connection.execute("COMMIT")
    if application != APPLICATION_ID and (application or version or tables):
        message = f"{path} is an SQLite file, but not a gradebook"
        raise GradebookError(message, f"move it away, or set {HOME} to another folder")
    if version > SCHEMA_VERSION:
        message = f"{path} was written by a newer grader (its version is {version}, this grader knows {SCHEMA_VERSION})"
        raise GradebookError(message, "install that version of grader again: pip install --upgrade grader")
    return version


def _make_tables(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA user_version").scalar() != 0:
        return  # another process was faster
    _METADATA.create_all(connection)
    for trigger in _TRIGGERS:
        connection.exec_driver_sql(trigger)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


# What SQLite says where the file system has no shared memory or no locks as the log needs them.
_NO_LOG = frozenset(
    {sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMLOCK, sqlite3.SQLITE_PROTOCOL}
)


def choose_journal(connection: sqlite3.Connection, wait_seconds: float) -> str:
    """Switch to write-ahead logging, or to a rollback journal where the file system cannot have it (NFS and others).

    Returns the mode: ``"wal"`` or ``"delete"``.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            mode: str = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode == "wal":
                connection.execute("SELECT count(*) FROM sqlite_master")  # makes the log's shared memory
                return mode
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in _NO_LOG:
                break
            # SQLite does not wait here by itself while another process makes the same change.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
    return str(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0])


# Files.


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, readable by the owner only, and on disk for good."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder, and need not
            raise
    finally:
        os.close(descriptor)


def _write_blob(blobs: Path, path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all. One that is there already is left, unless damaged."""
    _make_folder(path.parent)
    if not _holds(path, data):
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=PARTIAL, dir=blobs)
        partial = Path(name)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    # Also for one that was there: whoever wrote it may have been stopped before this.
    _sync_folder(path.parent)


def _sweep(blobs: Path) -> None:
    """Remove what writers that were killed left behind, once it is so old that none can be at work on it."""
    long_ago = time.time() - PARTIAL_SECONDS
    for path in blobs.glob(f".*{PARTIAL}"):
        with suppress(OSError):  # another process may be faster, or nothing may be removed here
            if path.stat().st_mtime < long_ago:
                path.unlink()


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False


# Rows and values.


def _new_id(at: datetime) -> str:
    """Return an id that sorts by time, and that nobody can guess."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}"


def _to_text(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _from_text(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at.astimezone(UTC)


# Faults in words.

_RESTORE = "restore it from a backup; nothing was changed"
_DISK = "free some space on that disk, and try again; what was acknowledged before is safe"
_ALLOW = f"allow writing to that folder, or set {HOME} to another one"

# Primary SQLite codes → what is wrong, and the next step.
_SQLITE_FAULTS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("the disk is full", _DISK),
    sqlite3.SQLITE_IOERR: ("the disk does not work as it should, or is full", _DISK),
    sqlite3.SQLITE_BUSY: ("another process keeps it locked", "wait until that process is done, and try again"),
    sqlite3.SQLITE_LOCKED: ("another process keeps it locked", "wait until that process is done, and try again"),
    sqlite3.SQLITE_PROTOCOL: ("another process keeps it locked", "wait until that process is done, and try again"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", _RESTORE),
    sqlite3.SQLITE_NOTADB: ("the file is not a gradebook, or it is damaged", _RESTORE),
    sqlite3.SQLITE_CONSTRAINT: ("it refuses what does not fit what it holds", "nothing was changed"),
    sqlite3.SQLITE_READONLY: ("it may not be written", _ALLOW),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened or made", _ALLOW),
    sqlite3.SQLITE_PERM: ("it may not be written", _ALLOW),
    sqlite3.SQLITE_AUTH: ("it may not be written", _ALLOW),
}


@contextmanager
def _faults_in_words(directory: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a GradebookError that says the next step."""
    try:
        yield
    except DBAPIError as error:
        raise _sqlite_fault(directory, error.orig) from error
    except (sqlite3.Error, UnicodeDecodeError) as error:  # sqlite3 cannot decode what a damaged file makes it say
        raise _sqlite_fault(directory, error) from error
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else str(directory)
        raise _file_fault(where, error) from error


def _sqlite_fault(directory: Path, error: BaseException | None) -> GradebookError:
    path = directory / DATABASE
    code = sqlite3.SQLITE_CORRUPT if isinstance(error, UnicodeDecodeError) else getattr(error, "sqlite_errorcode", None)
    # The lower byte is the kind; the rest says which step of it.
    if code is not None and (known := _SQLITE_FAULTS.get(code & 0xFF)):
        return GradebookError(f"{path}: {known[0]}", known[1])
    return GradebookError(f"{path}: {clean_line(str(error), 200)}", _RESTORE)


def _file_fault(where: str, error: OSError) -> GradebookError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return GradebookError(f"{where}: the disk is full", _DISK)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return GradebookError(f"{where}: it may not be read or written", _ALLOW)
    reason = reason_of(error)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        reason = "it is a file, and a folder must be there"
    return GradebookError(f"{where}: {reason}", f"check that folder, or set {HOME} to another one")


def _damaged_blob(path: Path, entry: Entry) -> GradebookError:
    message = f"{path} is damaged: it is not what was handed in as submission {entry.id}"
    return GradebookError(message, "restore that file from a backup; the submission and its grades are still recorded")
