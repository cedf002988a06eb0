"""The files of a class report are made and written, by as many processes as there are cores."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path, PurePosixPath

from grader.class_report.site import SiteFile
from grader.errors import FaultError, InputError, reason_of

MANIFEST = "assets/files.json"
MAX_MANIFEST_BYTES = 50_000_000
MANY = 200  # files from which several processes are worth their start
_HINT = "give a folder that you may write to, on a disk with room"


def write_site(out: Path, files: Sequence[SiteFile]) -> Iterator[None]:
    """Begin to write files to a folder; yield after each, in no order.

    What an earlier report left in the folder, and is no part of this one, is removed at the end: nothing stays of a
    student who has left. Nothing else in the folder is touched.

    Raises:
        InputError: a file cannot be written.
        FaultError: a process that wrote died.
    """
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    parts = _start(out, files, jobs) if len(files) >= MANY and jobs > 1 else None
    return _follow(out, files, parts)


_Part = tuple[ForkProcess, Connection]


def _follow(out: Path, files: Sequence[SiteFile], parts: Sequence[_Part] | None) -> Iterator[None]:
    if parts is None:
        for file in files:
            _write(out / file.path, file.make())
            yield
    else:
        yield from _collect(parts)
    _remove_others(out, [file.path for file in files])


def _start(out: Path, files: Sequence[SiteFile], jobs: int) -> list[_Part]:
    """Start the processes. They are forked: all that was worked out is theirs, and nothing of it is sent."""
    context = multiprocessing.get_context("fork")
    parts = []
    for job in range(jobs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_write_part, args=(out, files[job::jobs], theirs), daemon=True)
        process.start()
        theirs.close()
        parts.append((process, ours))
    return parts


def _write_part(out: Path, files: Sequence[SiteFile], told: Connection) -> None:
    try:
        for file in files:
            _write(out / file.path, file.make())
            told.send(None)
    except InputError as error:
        told.send((error.message, error.hint))
        return
    told.send(True)


def _collect(parts: Sequence[_Part]) -> Iterator[None]:
    """Yield for each file that some process has written, until all are done."""
    open_ends = [ours for _, ours in parts]
    try:
        while open_ends:
            for ours in wait(open_ends):
                assert isinstance(ours, Connection)
                try:
                    told = ours.recv()
                except EOFError:
                    raise FaultError("a process that wrote pages died", "run the command again") from None
                if told is None:
                    yield
                elif told is True:
                    open_ends.remove(ours)
                else:
                    raise InputError(*told)
    finally:
        for process, ours in parts:
            process.terminate()
            process.join()
            ours.close()


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {reason_of(error)}", _HINT) from None


def _remove_others(out: Path, paths: Sequence[str]) -> None:
    """Remove what the manifest of an earlier report names and this one does not have, and write the manifest."""
    manifest = out / MANIFEST
    for name in set(_read_manifest(manifest)) - set(paths):
        with suppress(OSError):
            (out / name).unlink()
    _write(manifest, json.dumps(sorted(paths)).encode())


def _read_manifest(manifest: Path) -> list[str]:
    """Return the paths in a manifest that can be a report's own: a page or a table, in one of its folders."""
    try:
        if manifest.stat().st_size > MAX_MANIFEST_BYTES:
            return []
        names = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    return [name for name in names if isinstance(name, str) and _is_own(name)] if isinstance(names, list) else []


def _is_own(name: str) -> bool:
    parts = PurePosixPath(name).parts
    in_folder = len(parts) == 2 and parts[0] in ("assignments", "students", "reports", "tables")
    return (in_folder or name == "compared.html") and name.endswith((".html", ".csv")) and "\0" not in name
