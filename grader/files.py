"""Files that are written: all of one is there in the end, or what stood there before stays."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from grader.errors import InputError, reason_of
from grader.language import _, later

_HINT = later("give a place that you may write to")


def write_file(path: Path, data: bytes, hint: str = _HINT) -> None:
    """Write a file; see ``replacing``.

    Raises:
        InputError: it cannot be written.
    """
    with replacing(path, hint) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, hint: str = _HINT) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of what stands at a path once the block has written all of it to disk.

    A block that fails changes nothing. Folders on the way are made; a link stays one, and a file keeps its mode. What
    is no file, such as a pipe, is written to as it is. ``hint`` is the next step of the error.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe, or /dev/stdout
            with open(path, "wb") as file:
                yield file
            return
        target = path.resolve()  # where a link leads, so that it stays one
        part = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with open(part, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        message = _("{path} cannot be written: {reason}", path=path, reason=reason_of(error))
        raise InputError(message, _(hint)) from None
