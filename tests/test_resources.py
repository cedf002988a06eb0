"""Where the data that ships is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import grader
from grader.errors import FaultError
from grader.resources import find_data

FIND = "import sys; from grader.resources import find_data; print(find_data(sys.argv[1]))"
PACKAGE = Path(grader.__file__).parent


@pytest.mark.parametrize(("name", "file"), [("assignments", "course.yaml"), ("templates", "report/page.html.jinja")])
def test_the_course_and_the_templates_are_found(name: str, file: str) -> None:
    assert (find_data(name) / file).is_file()
    assert find_data(name).is_absolute()


def test_a_folder_that_does_not_ship_is_a_broken_installation() -> None:
    with pytest.raises(FaultError, match="'no-such-folder' that ships with grader is missing") as caught:
        find_data("no-such-folder")
    assert caught.value.hint == "install grader again"
    assert caught.value.exit_code == 3


def test_a_file_of_that_name_will_not_do() -> None:
    with pytest.raises(FaultError):
        find_data("pyproject.toml")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the package, with nothing beside it."""
    for name in ("__init__.py", "resources.py", "errors.py", "language.py"):
        (tmp_path / "site" / "grader").mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, tmp_path / "site" / "grader" / name)
    return tmp_path / "site"


def find(site: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Ask the copy, in a process of its own and from another folder."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", FIND, name]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", check=False)


def test_a_wheel_holds_its_data_inside_the_package(installed: Path) -> None:
    (installed / "grader" / "_data" / "assignments").mkdir(parents=True)
    (installed / "assignments").mkdir()  # somebody else's, beside it among the installed packages
    assert find(installed, "assignments").stdout.strip() == str(installed / "grader" / "_data" / "assignments")


def test_a_checkout_has_it_beside_the_package(installed: Path) -> None:
    (installed / "templates").mkdir()
    assert find(installed, "templates").stdout.strip() == str(installed / "templates")


def test_without_either_the_copy_is_broken(installed: Path) -> None:
    found = find(installed, "assignments")
    assert found.returncode != 0
    assert "grader.errors.FaultError: the folder 'assignments' that ships with grader is missing" in found.stderr
