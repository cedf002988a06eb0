"""Commands as an ordinary user: where the tests run as root, they must show what holds for everybody else too."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

NOBODY = 65534
ROOT = Path(__file__).resolve().parent.parent


def as_nobody(command: Sequence[str], home: Path) -> list[str]:
    """Return a command line that runs ``command`` as a user who owns nothing but the folder ``home``."""
    home.mkdir(exist_ok=True)
    os.chown(home, NOBODY, NOBODY)
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    settings = {"HOME": home, "TMPDIR": home, "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    environment = ["env", "-i", *(f"{name}={value}" for name, value in settings.items())]
    return open_to_all([*user, *environment, *command], home)


def open_to_all(command: Sequence[str], home: Path) -> list[str]:
    """Return a command line in which all users can reach Python, the project and ``home``, wherever they lie.

    Python often lies in root's home, which is closed. In a mount namespace of the command's own, an empty folder is put
    over each closed one, and only what is needed is put into it. Only root can do that.
    """
    places = [Path(sys.prefix), Path(sys.base_prefix), ROOT, home, *_programs()]
    needed = sorted({path.resolve() for path in places})
    closed = {folder for path in needed for folder in path.parents if not folder.stat().st_mode & 0o001}
    closed = {folder for folder in closed if not closed & set(folder.parents)}
    hidden = [path for path in needed if closed & set(path.parents)]
    if not closed:
        return list(command)
    lines = ["set -e"]
    for number, path in enumerate(hidden):
        lines += [f"mkdir -p /run/open-{number}", f"mount --bind {shlex.quote(str(path))} /run/open-{number}"]
    lines += [f"mount -t tmpfs -o mode=0755 none {shlex.quote(str(folder))}" for folder in sorted(closed)]
    for number, path in enumerate(hidden):
        target = shlex.quote(str(path))
        lines += [f"mkdir -p -m 0755 {target}", f"mount --bind /run/open-{number} {target}"]
        lines += [f"umount /run/open-{number}"]
    lines.append(f"cd {shlex.quote(str(ROOT))}")
    lines.append("exec " + shlex.join(command))
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines)]


def find_obstacle() -> str | None:
    """Return why other users cannot be tried here, or None."""
    if os.geteuid() != 0:
        return "only root can become somebody else"
    missing = [name for name in ("setpriv", "unshare", "mount") if shutil.which(name) is None]
    return f"{missing[0]} is not installed" if missing else None


def _programs() -> list[Path]:
    """Return where the interpreter really lies, link by link."""
    found = []
    path = Path(sys.executable)
    while path.is_symlink():
        path = path.parent / path.readlink()
        found.append(path.parent)
    return found
