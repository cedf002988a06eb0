"""The packages that an assignment's checks and solutions import, and which of them are not installed here."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.spec import Assignment, parse_python

DISTRIBUTION = "grader"
_FOLDERS = ("checks", "solutions")


@dataclass(frozen=True, slots=True)
class Missing:
    """A package that is not installed, what brings it, and the assignments that use it."""

    package: str
    install: str
    assignments: tuple[str, ...]


def find_missing(assignments: Iterable[Assignment]) -> list[Missing]:
    """Return the packages that assignments use and that this machine's Python does not find, by their names.

    Raises:
        OSError: a file of an assignment cannot be read.
    """
    users: dict[str, list[str]] = {}
    for assignment in assignments:
        for package in sorted(_list_packages(assignment)):
            if not _is_installed(package):
                users.setdefault(package, []).append(assignment.id)
    return [Missing(package, _how_to_install(package), tuple(users[package])) for package in sorted(users)]


def _list_packages(assignment: Assignment) -> set[str]:
    files = [path for folder in _FOLDERS for path in (assignment.directory / folder).rglob("*.py")]
    own = {path.stem for path in files} | {Path(question.file).stem for question in assignment.code_questions}
    found = {name.partition(".")[0] for path in files for name in _list_imports(path)}
    return found - own - set(sys.stdlib_module_names) - {DISTRIBUTION}


def _list_imports(path: Path) -> Iterator[str]:
    try:
        tree = parse_python(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):  # `grader verify` says where
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "importorskip" and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _how_to_install(package: str) -> str:
    """Return a command that brings a package: one of grader's own extras where there is one."""
    from packaging.requirements import Requirement

    for line in importlib.metadata.requires(DISTRIBUTION) or ():
        requirement = Requirement(line)
        if requirement.name.casefold() == package.casefold() and requirement.marker is not None:
            extra = str(requirement.marker).rpartition("extra == ")[2].strip("\"'")
            if extra != "dev":
                return f"pip install 'grader[{extra}]'"
    return f"pip install {package}"
