"""Pictures that prompts show: files of the assignment's folder, never anything from the web."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from grader.errors import reason_of

MAX_BYTES = 5_000_000
# What a file of each kind begins with. SVG is not among them: it can hold scripts.
_KINDS = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",),
}
_UNUSUAL = re.compile(r"[^a-z0-9]+")


class PictureError(Exception):
    """A picture cannot be taken along; the message is a predicate."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes, and a name for it that no other picture has."""

    name: str
    data: bytes


def read_picture(directory: Path | None, source: str) -> Picture:
    """Read what ``![…](source)`` names.

    Raises:
        PictureError: it is not a picture in the folder.
    """
    try:
        parts = urlsplit(source)
    except ValueError:
        raise PictureError("has an address that cannot be understood") from None
    if parts.scheme or parts.netloc:
        raise PictureError("is not in the assignment's folder: save it there, nothing is fetched from the web")
    path = PurePosixPath(unquote(parts.path))
    if directory is None or path.is_absolute() or ".." in path.parts:
        raise PictureError("is not in the assignment's folder: save it there")
    if path.suffix.lower() not in _KINDS:
        raise PictureError(f"is none of {', '.join(sorted(_KINDS))}: save it as one of these")
    return check_picture(path.name, _read(directory, path))


def check_picture(name: str, data: bytes) -> Picture:
    """Return a picture that somebody gave a name.

    Raises:
        PictureError: it is none, or too large.
    """
    path = PurePosixPath(name)
    kind = path.suffix.lower()
    if kind not in _KINDS:
        raise PictureError(f"is none of {', '.join(sorted(_KINDS))}")
    if len(data) > MAX_BYTES:
        raise PictureError(f"has more than {MAX_BYTES:,} bytes")
    if not data.startswith(_KINDS[kind]):
        raise PictureError(f"does not hold what its name says, a picture of the kind {kind}")
    stem = _UNUSUAL.sub("-", path.stem.lower()).strip("-")[:40] or "picture"
    mark = hashlib.sha256(data).hexdigest()[:8]
    return Picture(f"{stem.removesuffix(f'-{mark}')}-{mark}{kind}", data)


def _read(directory: Path, path: PurePosixPath) -> bytes:
    try:
        file = (directory / path).resolve()
        if not file.is_relative_to(directory.resolve()):
            raise PictureError("leads out of the assignment's folder")
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        raise PictureError(f"cannot be read: {reason}") from None
    return data
