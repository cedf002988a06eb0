"""What SQLite and the file system say when something is wrong, in words that name the next step."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from grader.display import clean_line
from grader.errors import GradebookError, reason_of
from grader.gradebook.schema import DATABASE, HOME

RESTORE = "restore it from a backup; nothing was changed"
_DISK = "free some space on that disk, and try again; what was acknowledged before is safe"
_ALLOW = f"allow writing to that folder, or set {HOME} to another one"

# Primary SQLite codes → what is wrong, and the next step.
_SQLITE_FAULTS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("the disk is full", _DISK),
    sqlite3.SQLITE_IOERR: ("the disk does not work as it should, or is full", _DISK),
    sqlite3.SQLITE_BUSY: ("another process keeps it locked", "wait until that process is done, and try again"),
    sqlite3.SQLITE_LOCKED: ("another process keeps it locked", "wait until that process is done, and try again"),
    sqlite3.SQLITE_PROTOCOL: ("another process keeps it locked", "wait until that process is done, and try again"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", RESTORE),
    sqlite3.SQLITE_NOTADB: ("the file is not a gradebook, or it is damaged", RESTORE),
    sqlite3.SQLITE_CONSTRAINT: ("it refuses what does not fit what it holds", "nothing was changed"),
    sqlite3.SQLITE_READONLY: ("it may not be written", _ALLOW),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened or made", _ALLOW),
    sqlite3.SQLITE_PERM: ("it may not be written", _ALLOW),
    sqlite3.SQLITE_AUTH: ("it may not be written", _ALLOW),
}


@contextmanager
def faults_in_words(directory: Path) -> Iterator[None]:
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
    return GradebookError(f"{path}: {clean_line(str(error), 200)}", RESTORE)


def _file_fault(where: str, error: OSError) -> GradebookError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return GradebookError(f"{where}: the disk is full", _DISK)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return GradebookError(f"{where}: it may not be read or written", _ALLOW)
    reason = reason_of(error)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        reason = "it is a file, and a folder must be there"
    return GradebookError(f"{where}: {reason}", f"check that folder, or set {HOME} to another one")
