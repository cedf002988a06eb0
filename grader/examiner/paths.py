"""What a worker may read: Python, torch and the system's libraries, but nothing that belongs to the course."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

SYSTEM = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/fonts", "/usr/share/fonts",
    "/usr/share/zoneinfo", "/sys/devices/system/cpu",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full")


def list_readable(secrets: Iterable[Path]) -> list[str]:
    """Return the folders and files that workers may read, with ``secrets`` cut out.

    Landlock can allow but not except: where a secret lies inside an allowed folder (a course installed among the
    packages), the folder's other entries are allowed one by one instead.

    Raises:
        ValueError: a secret holds Python itself, or an allowed path still leads to one.
    """
    hidden = sorted({Path(os.path.realpath(secret)) for secret in secrets})
    roots = [Path(os.path.realpath(place)) for place in list_places() if os.path.exists(place)]
    readable = [path for root in roots for path in _without(root, hidden)]
    for path in readable:
        if any(_overlap(Path(os.path.realpath(path)), secret) for secret in hidden):
            raise ValueError(f"{path} leads to something that students must not read")
    return sorted({str(path) for path in readable})


def list_places() -> list[str]:
    """Return where Python, its packages and the system's libraries lie, by the names that lead there and resolved."""
    named = (sys.prefix, sys.base_prefix, *_package_folders(), *SYSTEM)
    return list(dict.fromkeys(path for place in named for path in (place, os.path.realpath(place))))


def find_mounted(secrets: Iterable[Path], mounts: Iterable[str]) -> list[Path]:
    """Return the secrets that lie inside a mounted folder."""
    places = {Path(os.path.realpath(mount)) for mount in mounts}
    return [path for path in secrets if places & {Path(os.path.realpath(path)), *Path(os.path.realpath(path)).parents}]


def find_open(secrets: Iterable[Path]) -> list[Path]:
    """Return the secrets that a user who owns nothing and is in no group could get into by the files' modes alone."""
    return [path for path in secrets if path.exists() and not _is_closed(path)]


def _is_closed(path: Path) -> bool:
    real = Path(os.path.realpath(path))
    if not real.is_dir() and not real.stat().st_mode & stat.S_IROTH:
        return True
    folders = [real, *real.parents] if real.is_dir() else list(real.parents)
    return any(not folder.stat().st_mode & stat.S_IXOTH for folder in folders)


def _package_folders() -> list[str]:
    """Return where torch and numpy lie, which need not be inside the environment (a user's own site-packages)."""
    specs = [importlib.util.find_spec(name) for name in ("torch", "numpy")]
    return [str(Path(spec.origin).parents[1]) for spec in specs if spec is not None and spec.origin is not None]


def _without(root: Path, hidden: list[Path]) -> list[Path]:
    if any(root == secret for secret in hidden):
        return []
    if within := next((secret for secret in hidden if secret in root.parents), None):
        raise ValueError(f"{root} lies inside {within}, which students must not read")
    if not any(root in secret.parents for secret in hidden):
        return [root]
    kept: list[Path] = []
    for entry in sorted(root.iterdir()):
        if not entry.is_symlink() or not any(_overlap(Path(os.path.realpath(entry)), secret) for secret in hidden):
            kept += _without(entry, hidden)
    return kept


def _overlap(path: Path, secret: Path) -> bool:
    return path == secret or path in secret.parents or secret in path.parents
