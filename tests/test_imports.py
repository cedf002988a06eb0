"""What imports what, what it costs to start, and that everything is named and described as agreed."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "grader"
FILES = sorted(PACKAGE.rglob("*.py"))
LINTER = Path(sys.executable).with_name("lint-imports")

HEAVY = {"torch", "numpy", "pytest", "pydantic", "sqlalchemy", "jinja2", "rich", "yaml"}
# The two processes that are started and never imported, and the protocol that only they speak.
WALLED = ("grader.examiner", "grader.sandbox", "grader.wire")
# Names that say nothing of what is in a file.
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "base", "handler", "core"}


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def find_imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the dotted names that a file imports, wherever in it, those for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def imports_of(file: Path) -> set[str]:
    name = module_name(file)
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return set(find_imports(ast.parse(file.read_text(encoding="utf-8")), package))


def is_in(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


IMPORTS = {module_name(file): imports_of(file) for file in FILES}


def test_there_is_something_to_look_at() -> None:
    assert {"grader", "grader.spec", "grader.sandbox.worker", "grader.examiner.plugin", "grader.cli"} <= IMPORTS.keys()
    assert "torch" in IMPORTS["grader.wire"]
    assert "grader.errors.InputError" in IMPORTS["grader.spec"]


def test_relative_imports_are_seen_through() -> None:
    tree = ast.parse("from . import wire\nfrom .sandbox import worker\nfrom .. import spec\nimport torch.nn as nn\n")
    assert set(find_imports(tree, "grader.cli")) == {
        "grader.cli.wire",
        "grader.cli.sandbox.worker",
        "grader.spec",
        "torch.nn",
    }


# Starting


def loaded_by(*arguments: str) -> tuple[set[str], str]:
    """Return the top-level modules that a command imports, and what it prints."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    names = re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE)
    return {name.partition(".")[0] for name in names}, done.stdout


def test_help_imports_nothing_that_is_slow() -> None:
    loaded, printed = loaded_by("-m", "grader", "--help")
    assert "Usage: grader" in printed
    assert {"click", "grader"} <= loaded
    assert not loaded & HEAVY


def test_importing_the_command_line_imports_nothing_that_is_slow() -> None:
    loaded, _ = loaded_by("-c", "import grader.cli")
    assert "click" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("command", ["list", "fetch", "check", "submit", "grade", "report", "demo"])
def test_the_help_of_a_command_imports_nothing_that_is_slow(command: str) -> None:
    loaded, printed = loaded_by("-m", "grader", command, "--help")
    assert f"Usage: grader {command}" in printed
    assert not loaded & HEAVY


def test_reading_a_course_needs_neither_torch_nor_a_database(tmp_path: Path) -> None:
    loaded, printed = loaded_by("-m", "grader", "fetch", "focal-loss", str(tmp_path / "work"))
    assert "focal_loss.py" in printed
    assert "pydantic" in loaded
    assert not loaded & {"torch", "numpy", "pytest", "sqlalchemy", "rich"}


# Directions


def test_torch_and_pytest_are_behind_the_wall_only() -> None:
    """Of numpy a class's statistics are made, too, and only a class report loads them."""
    for name, imported in IMPORTS.items():
        if not is_in(name, WALLED):
            banned = ("torch", "pytest") if is_in(name, ("grader.statistics",)) else ("torch", "numpy", "pytest")
            assert not {found for found in imported if is_in(found, banned)}, name
    loaded, _ = loaded_by("-c", "import grader.report, grader.settlement, grader.recording, grader.cli.class_report")
    assert "grader" in loaded
    assert not loaded & {"numpy", "torch"}


def test_nobody_imports_what_is_started_as_a_process() -> None:
    for name, imported in IMPORTS.items():
        if not is_in(name, WALLED):
            assert not {found for found in imported if is_in(found, WALLED)}, name


def test_the_sandbox_knows_the_wire_and_nothing_else_of_the_product() -> None:
    sandbox = {name: found for name, found in IMPORTS.items() if is_in(name, ("grader.sandbox",))}
    assert len(sandbox) > 3
    for name, imported in sandbox.items():
        own = {found for found in imported if is_in(found, ("grader",))}
        assert all(is_in(found, ("grader.sandbox", "grader.wire")) for found in own), name
    assert not {found for found in IMPORTS["grader.wire"] if is_in(found, ("grader",))}


def test_the_examiner_knows_no_spec_no_scores_and_no_students_names() -> None:
    known = ("results", "job", "language", "errors", "platforms", "__version__")
    allowed = (*WALLED, *(f"grader.{name}" for name in known))
    for name, imported in IMPORTS.items():
        if is_in(name, ("grader.examiner",)):
            own = {found for found in imported if is_in(found, ("grader",))}
            assert all(is_in(found, allowed) for found in own), name


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINTER, "--no-cache"], capture_output=True, text=True, check=False, cwd=folder)


def test_imports_go_one_way() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("spec.py", "import grader.scoring", "Imports go one way"),
        ("report/data.py", "import torch", "The processes that run checks and student code are started"),
        ("stub.py", "import grader.examiner.expect", "The processes that run checks and student code are started"),
        ("sandbox/worker.py", "import grader.results", "The sandbox knows the wire"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(tmp_path: Path, file: str, line: str, contract: str) -> None:
    shutil.copytree(PACKAGE, tmp_path / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "grader" / file).open("a") as source:
        source.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout
    broken = [shown for shown in done.stdout.splitlines() if " BROKEN" in shown]
    assert any(shown.startswith(contract) for shown in broken), done.stdout


def test_every_module_has_its_place_in_the_layers() -> None:
    """A module that no contract names would be free to import anything."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layered = {name.strip() for layer in contracts[0]["layers"] for name in layer.split("|")}
    walled_off = set(contracts[1]["source_modules"])
    top = {f"{name.split('.')[0]}.{name.split('.')[1]}" for name in IMPORTS if "." in name} - {"grader.__main__"}
    assert top - set(WALLED) == layered == walled_off


# Names and descriptions


def test_no_file_has_a_name_that_says_nothing() -> None:
    files = [file for folder in ("grader", "assignments", "templates", "docs") for file in (ROOT / folder).rglob("*")]
    files = [file for file in files if "__pycache__" not in file.parts]
    assert len(files) > 50
    for file in files:
        words = set(re.split(r"[^a-z]+", file.relative_to(ROOT).as_posix().lower()))
        assert not words & EMPTY_WORDS, file


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_everything_public_is_described(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    for owner, node in _public_definitions(tree, module_name(file)):
        described = ast.get_docstring(node) or _has_help(node)
        assert described, f"{owner}.{node.name} (line {node.lineno}) has no docstring"


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _public_definitions(tree: ast.Module | ast.ClassDef, owner: str) -> Iterator[tuple[str, Definition]]:
    """Yield the public classes and functions of a module, and the public methods of those classes."""
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield owner, node
            if isinstance(node, ast.ClassDef):
                yield from _public_definitions(node, f"{owner}.{node.name}")


def _has_help(node: Definition) -> bool:
    """Is it a command whose help stands in its decorator?"""
    return any(
        isinstance(decorator, ast.Call)
        and ast.unparse(decorator.func) in ("click.group", "click.command")
        and any(keyword.arg == "help" for keyword in decorator.keywords)
        for decorator in node.decorator_list
    )
