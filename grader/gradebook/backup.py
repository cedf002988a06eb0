"""Copies of a gradebook, and how one comes back. A copy is a gradebook itself: the same files in another folder."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from grader.errors import GradebookError, InputError
from grader.gradebook.blobs import make_folder, sync_folder, write_blob
from grader.gradebook.database import copy_database
from grader.gradebook.faults import faults_in_words
from grader.gradebook.inspection import Finding, find_damage, inspect_gradebook
from grader.gradebook.schema import BLOBS, DATABASE
from grader.gradebook.store import find_blob


def back_up(directory: Path, target: Path, advance: Callable[[], None] = lambda: None) -> Iterator[Finding]:
    """Copy the gradebook in a folder to another folder, while others go on using it. Yields what could not be copied.

    A backup that is there already is brought up to date: files that it has are not copied again. Whatever moment it is
    stopped at, the folder holds the backup of before or the new one. ``advance`` is called for each stored file.

    Raises:
        InputError: the folder holds something else.
        GradebookError: there is no gradebook, or it cannot be read or copied.
    """
    if not (directory / DATABASE).is_file():
        raise InputError(f"{directory} holds no gradebook", "nothing has been handed in yet")
    _refuse_others(directory, target)
    with faults_in_words(target):
        make_folder(target / BLOBS)
        snapshot = target / f".{secrets.token_hex(8)}.part"
        try:
            with closing(sqlite3.connect(directory / DATABASE)) as connection:
                copy_database(connection, snapshot)
            # What the snapshot names was on disk before its row was committed; so the copy can lack nothing.
            yield from _copy_blobs(snapshot, directory, target, advance)
            with closing(sqlite3.connect(snapshot)) as connection:
                copy_database(connection, target / DATABASE)
        finally:
            snapshot.unlink(missing_ok=True)


def _refuse_others(directory: Path, target: Path) -> None:
    if target.resolve() == directory.resolve() or directory.resolve() in target.resolve().parents:
        raise InputError(f"{target} is the gradebook's own folder", "give another one, on another disk if possible")
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file, and a folder must be there", "give another folder")
    if target.is_dir() and any(target.iterdir()) and not (target / DATABASE).is_file():
        known = {BLOBS, *(path.name for path in target.glob(".*.part*"))}  # of a first backup that was stopped
        if any(path.name not in known for path in target.iterdir()):
            raise InputError(f"{target} holds something else than a backup", "give an empty folder, or a new one")


def _copy_blobs(snapshot: Path, directory: Path, target: Path, advance: Callable[[], None]) -> Iterator[Finding]:
    for digest in _read_digests(snapshot):
        source, copy = (find_blob(folder, digest) for folder in (directory, target))
        if find_damage(copy, digest) is not None:
            if message := find_damage(source, digest):
                yield Finding(
                    str(source), f"{message}, and was not copied", "`grader gradebook check` says whose it is"
                )
            else:
                write_blob(target / BLOBS, copy, source.read_bytes())
        advance()


def _read_digests(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT DISTINCT digest FROM submissions ORDER BY digest")]


def restore(backup: Path, directory: Path, *, replace: bool = False) -> Path | None:
    """Put the gradebook of a backup into a folder. With ``replace`` one that is there is moved aside; returns where.

    Nobody may use the gradebook meanwhile.

    Raises:
        InputError: the backup is damaged or there is none, or there is a gradebook already.
        GradebookError: it cannot be copied.
    """
    damage = [finding for finding in inspect_gradebook(backup) if not finding.harmless]
    if damage:
        more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
        message = f"{damage[0].where}: {damage[0].message}{more}"
        raise InputError(message, f"`GRADER_HOME={backup} grader gradebook check` lists what is wrong with the backup")
    there = directory.exists() and any(directory.iterdir())
    if there and not replace:
        raise InputError(f"{directory} is not empty", "--force moves what is there aside, and deletes nothing")
    directory = directory.resolve()
    fresh = directory.with_name(f".{directory.name}.{secrets.token_hex(8)}.part")
    with faults_in_words(directory):
        failed = list(back_up(backup, fresh))
        if failed:
            raise GradebookError(f"{failed[0].where}: {failed[0].message}", "try again; nothing was changed")
        aside = None
        if there:
            aside = directory.with_name(f"{directory.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            directory.rename(aside)
        fresh.rename(directory)  # an empty folder gives way
        sync_folder(directory.parent)
    return aside


def restore_files(
    backup: Path, directory: Path, advance: Callable[[], None] = lambda: None
) -> Iterator[tuple[Path, bool]]:
    """Bring back stored files that are missing or damaged; yields each one, and whether the backup had it.

    Raises:
        GradebookError: the gradebook cannot be read or written.
    """
    with faults_in_words(directory):
        for digest in _read_digests(directory / DATABASE):
            path, copy = (find_blob(folder, digest) for folder in (directory, backup))
            if find_damage(path, digest) is not None:
                found = find_damage(copy, digest) is None
                if found:
                    with suppress(IsADirectoryError):
                        path.unlink(missing_ok=True)
                    write_blob(directory / BLOBS, path, copy.read_bytes())
                yield path, found
            advance()
