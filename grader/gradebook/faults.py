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
from grader.language import _, later

RESTORE = later("restore it from a backup; nothing was changed")
_DISK = later("free some space on that disk, and try again; what was acknowledged before is safe")
_ALLOW = later("allow writing to that folder, or set {variable} to another one")
_WAIT = later("wait until that process is done, and try again")
_FULL = later("the disk is full")
_LOCKED = later("another process keeps it locked")
_READ_ONLY = later("it may not be written")

# Primary SQLite codes → what is wrong, and the next step.
_SQLITE_FAULTS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: (_FULL, _DISK),
    sqlite3.SQLITE_IOERR: (later("the disk does not work as it should, or is full"), _DISK),
    sqlite3.SQLITE_BUSY: (_LOCKED, _WAIT),
    sqlite3.SQLITE_LOCKED: (_LOCKED, _WAIT),
    sqlite3.SQLITE_PROTOCOL: (_LOCKED, _WAIT),
    sqlite3.SQLITE_CORRUPT: (later("the file is damaged"), RESTORE),
    sqlite3.SQLITE_NOTADB: (later("the file is not a gradebook, or it is damaged"), RESTORE),
    sqlite3.SQLITE_CONSTRAINT: (later("it refuses what does not fit what it holds"), later("nothing was changed")),
    sqlite3.SQLITE_READONLY: (_READ_ONLY, _ALLOW),
    sqlite3.SQLITE_CANTOPEN: (later("it cannot be opened or made"), _ALLOW),
    sqlite3.SQLITE_PERM: (_READ_ONLY, _ALLOW),
    sqlite3.SQLITE_AUTH: (_READ_ONLY, _ALLOW),
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
        return GradebookError(f"{path}: {_(known[0])}", _(known[1], variable=HOME))
    return GradebookError(f"{path}: {clean_line(str(error), 200)}", _(RESTORE))


def _file_fault(where: str, error: OSError) -> GradebookError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return GradebookError(f"{where}: {_(_FULL)}", _(_DISK))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = _("it may not be read or written")
        return GradebookError(f"{where}: {reason}", _(_ALLOW, variable=HOME))
    reason = reason_of(error)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        reason = _("it is a file, and a folder must be there")
    return GradebookError(f"{where}: {reason}", _("check that folder, or set {variable} to another one", variable=HOME))
