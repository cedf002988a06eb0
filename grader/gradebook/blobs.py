"""Files named by the digest of their content: written whole or not at all, and on disk for good."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from grader.platforms import CAN_SYNC_FOLDERS

PARTIAL = ".part"
PARTIAL_SECONDS = 24 * 3600


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, readable by the owner only, and on disk for good."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Let what was added to a folder, or renamed in it, survive a power cut, as far as the system lets one."""
    if not CAN_SYNC_FOLDERS:
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder, and need not
            raise
    finally:
        os.close(descriptor)


def write_blob(blobs: Path, path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all. One that is there already is left, unless damaged."""
    make_folder(path.parent)
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
    sync_folder(path.parent)


def sweep(blobs: Path) -> None:
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
