"""Finds the course, the templates and the attacks that ship: in a wheel, a checkout or an editable install."""

from __future__ import annotations

from pathlib import Path

from grader.errors import FaultError
from grader.language import _


def find_data(name: str) -> Path:
    """Return the shipped folder ``assignments``, ``templates`` or ``attacks``.

    A wheel holds them in ``grader/_data``; in a checkout (editable installs too) they lie beside the package, the
    attacks among the tests.

    Raises:
        FaultError: neither place has it: the installation is broken.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_data" / name, package.parent / name, package.parent / "tests" / name):
        if folder.is_dir():
            return folder
    raise FaultError(_("the folder {name!r} that ships with grader is missing", name=name), _("install grader again"))
