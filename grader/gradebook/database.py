"""The database of a gradebook: how it is opened, and brought to today's version."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event

from grader.errors import GradebookError
from grader.gradebook.blobs import PARTIAL, sync_folder
from grader.gradebook.schema import APPLICATION_ID, HOME, SCHEMA_VERSION
from grader.language import _

if TYPE_CHECKING:
    from alembic.config import Config

_ALEMBIC = threading.Lock()  # it keeps what it works on in globals of its own
SUFFIXES = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database while it is in use


def make_engine(path: Path, wait_seconds: float) -> Engine:
    """Return the engine of a gradebook's database; transactions that write ask for it at their start."""
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


def prepare(engine: Engine, path: Path, wait_seconds: float) -> str:
    """Bring a database to today's version, from whichever it has, and return the journal mode.

    One of an earlier version is copied first, to ``gradebook-version-N.sqlite3`` beside it.

    Raises:
        GradebookError: it is not a gradebook, or it is of a newer version.
    """
    raw = engine.raw_connection()
    try:
        driver = raw.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        version = _read_version(driver, path)
        journal = choose_journal(driver, wait_seconds)
        if 0 < version < SCHEMA_VERSION:
            copy_database(driver, path.with_name(f"{path.stem}-version-{version}{path.suffix}"))
    finally:
        raw.close()
    if version < SCHEMA_VERSION:
        with engine.execution_options(writing=True).begin() as connection:
            upgrade(connection)
    return journal


def _read_version(connection: sqlite3.Connection, path: Path) -> int:
    """Refuse a file that is not a gradebook, or one that only a newer version can read. Changes nothing."""
    connection.execute("BEGIN")  # one view of all three: another process may be making the tables
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    connection.execute("COMMIT")
    if application != APPLICATION_ID and (application or version or tables):
        message = _("{path} is an SQLite file, but not a gradebook", path=path)
        raise GradebookError(message, _("move it away, or set {variable} to another folder", variable=HOME))
    if version > SCHEMA_VERSION:
        values = {"path": path, "version": version, "known": SCHEMA_VERSION}
        message = _(
            "{path} was written by a newer grader (its version is {version}, this grader knows {known})", **values
        )
        raise GradebookError(message, _("install that version of grader again: pip install --upgrade grader"))
    return version


def upgrade(connection: Connection) -> None:
    """Bring a database, or an empty file, to today's version.

    The steps that are missing are taken in the caller's transaction: all of them or none.
    """
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
    if version == SCHEMA_VERSION:
        return  # another process was faster
    from alembic import command  # only for this: every other start would pay for it

    config = make_config(connection)
    with _ALEMBIC:
        if version:  # the first version did not note it in Alembic's own table
            command.stamp(config, str(version))
        command.upgrade(config, str(SCHEMA_VERSION))
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def make_config(connection: Connection) -> Config:
    """Return what Alembic needs to know to run the steps on an open connection."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def copy_database(connection: sqlite3.Connection, path: Path) -> None:
    """Write a copy of a database as it is at this moment: whole or not at all, and on disk for good."""
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=PARTIAL, dir=path.parent)
    os.close(descriptor)  # not every system renames a file that is open
    partial = Path(name)
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        for suffix in SUFFIXES:  # of an earlier copy that somebody looked into
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


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
