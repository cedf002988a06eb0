"""The outer wall: bubblewrap around the zygote, where it is installed and starts. See bwrap(1).

Inside it, files that workers have no business with are not there at all, not even for ``stat``; processes have numbers
of their own and the network is gone. Landlock, seccomp and the limits hold inside as they do without it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.examiner import paths

PACKAGE = Path(__file__).resolve().parents[1]
DATA = PACKAGE / "_data"  # where an installed grader keeps the course that ships
# Workers get users of their own and are ended by the zygote, which needs these three where it is root.
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL")


def find() -> str | None:
    """Return the program's path, or None where it is not installed."""
    return shutil.which("bwrap")


def list_mounts() -> list[str]:
    """Return the folders and files that are there inside the wall, all of them read-only."""
    found = dict.fromkeys([*paths.list_places(), str(PACKAGE), os.path.realpath(PACKAGE)])
    return sorted(path for path in found if os.path.exists(path))


def build_arguments(mounts: Sequence[str], cache: Path) -> list[str]:
    """Return bubblewrap's arguments up to the command; the zygote may keep its caches in the folder ``cache``."""
    arguments = [
        "--die-with-parent",
        "--as-pid-1",  # else a process of bubblewrap's own is that, which workers may look at
        "--new-session",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
    ]
    arguments.append("--unshare-cgroup-try")
    if os.geteuid() == 0:
        arguments += ["--cap-drop", "ALL", *(word for name in CAPABILITIES for word in ("--cap-add", name))]
    else:
        arguments.append("--unshare-user")
    folders = {str(folder) for path in mounts for folder in Path(path).parents} - {"/"}
    for path in sorted({*folders, *mounts}):  # what is above a mount is empty but for it, and open to all users
        arguments += ["--ro-bind", path, path] if path in mounts else ["--perms", "0755", "--dir", path]
    if DATA.exists():
        arguments += ["--tmpfs", str(DATA), "--remount-ro", str(DATA)]
    # Libraries refuse to be imported without a place to write. Landlock or the filter keeps workers from writing to it.
    arguments += ["--bind", str(cache), str(cache)] if os.access(cache, os.W_OK) else ["--tmpfs", str(cache)]
    arguments += ["--perms", "0555", "--dir", "/tmp"]  # noqa: S108 - empty, for what only looks whether it is there
    return [*arguments, "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]


def pack_arguments(arguments: Sequence[str]) -> int:
    """Return a descriptor that bubblewrap reads its arguments from: all can see the command line of a process."""
    descriptor = os.memfd_create("arguments")
    os.write(descriptor, b"".join(os.fsencode(word) + b"\0" for word in arguments))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
