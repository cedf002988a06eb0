"""An assignment's files on their way to another machine, named by the digest of what they hold."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from grader.errors import InputError, reason_of
from grader.job import Job, JobQuestion
from grader.spec import list_files

MAX_PARCEL_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Parcel:
    """A folder's files as one piece of bytes; ``digest`` is theirs."""

    digest: str
    content: bytes


def pack_folder(directory: Path) -> Parcel:
    """Return the files of an assignment's folder; the same files give the same digest.

    Raises:
        InputError: a file cannot be read, or they are more than can be sent around.
    """
    buffer = io.BytesIO()
    size = 0
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, path in sorted(list_files(directory)):
            try:
                content = path.read_bytes()
            except OSError as error:
                raise InputError(f"{path}: cannot be read: {reason_of(error)}") from None
            size += len(content)
            if size > MAX_PARCEL_BYTES:
                message = f"{directory} holds more than {MAX_PARCEL_BYTES >> 20} MB, too much to send to every machine"
                raise InputError(message, "keep large data outside it, at the same path on every machine")
            archive.writestr(zipfile.ZipInfo(name), content)  # whose date is always the same
    return Parcel(_digest(buffer.getvalue()), buffer.getvalue())


def unpack(parcel: Parcel, directory: Path) -> None:
    """Write a parcel's files into a folder that is not there yet, for this user only.

    The folder is there as a whole or not at all.

    Raises:
        ValueError: the content is not what was packed.
        OSError: it cannot be written.
    """
    if _digest(parcel.content) != parcel.digest:
        raise ValueError("an assignment's files arrived damaged")
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=directory.parent))
    try:
        with zipfile.ZipFile(io.BytesIO(parcel.content)) as archive:
            for name in archive.namelist():
                _write_private(partial / _check_name(name), archive.read(name))
        partial.rename(directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def check_paths(job: Job) -> None:
    """See that all files of a job lie in its folder, since nothing else is sent along.

    Raises:
        InputError: one does not.
    """

    def check(path: str) -> str:
        if not Path(path).is_relative_to(job.directory):
            hint = "other machines get a copy of the folder: put the file itself into it, not a link"
            raise InputError(f"{path} lies outside {job.directory}", hint)
        return path

    _change_paths(job, check)


def move_job(job: Job, directory: Path) -> Job:
    """Return a job whose files lie in a copy of its folder, ``directory``."""
    moved = _change_paths(job, lambda path: str(directory / Path(path).relative_to(job.directory)))
    return replace(moved, directory=str(directory))


def _change_paths(job: Job, change: Callable[[str], str]) -> Job:
    return replace(
        job,
        checks=tuple(replace(check, path=change(check.path)) for check in job.checks),
        questions={name: _change_question(question, change) for name, question in job.questions.items()},
    )


def _change_question(question: JobQuestion, change: Callable[[str], str]) -> JobQuestion:
    mistakes = {name: replace(mistake, path=change(mistake.path)) for name, mistake in question.mistakes.items()}
    return replace(
        question,
        reference=change(question.reference) if question.reference is not None else None,
        fingerprint=change(question.fingerprint) if question.fingerprint is not None else None,
        mistakes=mistakes,
    )


def _check_name(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"a parcel holds no file of the name {name!r}")
    return path


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
