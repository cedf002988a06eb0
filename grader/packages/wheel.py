"""The grader that runs here as a wheel, for machines where it is not installed.

It is made of the installation itself: what a package index calls grader may be somebody else's. The course that ships
and the attacks stay behind, for students' code may read what is installed beside it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path

from grader.archive import pack_archive
from grader.errors import FaultError
from grader.resources import find_data

_PACKAGE = Path(__file__).resolve().parent.parent
_WHEEL = "Wheel-Version: 1.0\nGenerator: grader\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_OFTEN_USED = ("matplotlib",)  # by checks and students' code, though grader itself does without
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel: its file name and content."""

    name: str
    data: bytes


def make_wheel() -> Wheel:
    """Return this installation of grader as a wheel, without the course that ships.

    Raises:
        FaultError: grader runs without being installed, so that nothing says what it needs.
    """
    installed = _find_distribution()
    info = f"grader-{installed.version}.dist-info"
    files = {
        **_read_tree(_PACKAGE, "grader", skip="_data"),
        **_read_tree(find_data("templates"), "grader/_data/templates"),
        f"{info}/METADATA": (installed.read_text("METADATA") or "").encode(),
        f"{info}/WHEEL": _WHEEL.encode(),
        f"{info}/entry_points.txt": b"[console_scripts]\ngrader = grader.cli:main\n",
    }
    files[f"{info}/RECORD"] = _list_hashes(files, f"{info}/RECORD")
    return Wheel(f"grader-{installed.version}-py3-none-any.whl", pack_archive(files))


def _find_distribution() -> Distribution:
    try:
        return distribution("grader")
    except PackageNotFoundError:
        raise FaultError("grader is not installed here, so it cannot be packed", "install it with pip") from None


def _read_tree(folder: Path, prefix: str, skip: str | None = None) -> dict[str, bytes]:
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not hidden and parts[0] != skip and path.suffix != ".pyc":
            found["/".join((prefix, *parts))] = path.read_bytes()
    return found


def _list_hashes(files: Mapping[str, bytes], record: str) -> bytes:
    """Return the list of files that pip checks; it does not hold its own hash."""
    lines = []
    for name, content in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{record},,", ""]).encode()


def list_requirements(more: Sequence[str] = ()) -> str:
    """Return a requirements file with what grader needs, in the versions that are installed here, torch for CPUs.

    ``more`` are further lines, which stand as they are given.
    """
    lines = [f"--extra-index-url {TORCH_INDEX}", *_list_pins()]
    known = {_name_of(line) for line in more}
    return "\n".join([line for line in lines if _name_of(line) not in known] + [*more, ""])


def _list_pins() -> Iterator[str]:
    own = [one for one in _find_distribution().requires or () if "extra ==" not in one]
    for requirement in own:
        name = _name_of(requirement)
        number = _find_version(name)
        yield requirement if number is None else f"{name}=={number}"
    for name in _OFTEN_USED:
        if (number := _find_version(name)) is not None:
            yield f"{name}=={number}"


def _find_version(name: str) -> str | None:
    """Return the version that is installed here; None where none is, as of torch on a machine that grades nothing."""
    try:
        return _plain(version(name))
    except PackageNotFoundError:
        return None


def _plain(number: str) -> str:
    """Return a version without what says how it was built: ``2.13.0+cpu`` is ``2.13.0``."""
    return number.partition("+")[0]


def _name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else requirement
