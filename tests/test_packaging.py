"""What is built holds what it should, and works where it is installed: without torch, and with the course among the
packages that students' code may read."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.checks import read_checks
from grader.policy import describe_rules
from grader.resources import find_data
from grader.spec import load_course
from grader.stub import render_stub
from grader.submission import MARKER
from grader.variants import fill_assignment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SOURCES = ("grader", "templates", "assignments", "tests", "docs")
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", ".grader")
# What lies about in a checkout where people work, and must not be shipped.
LITTER = (
    "assignments/.grader/gradebook.sqlite3",
    "assignments/.grader/blobs/ab/cd",
    "assignments/focal-loss/.grader/gradebook.sqlite3",
    "assignments/focal-loss/checks/hidden/__pycache__/test_focal_loss_in_depth.cpython-311.pyc",
    "assignments/focal-loss/.pytest_cache/README.md",
    "assignments/.hypothesis/unicode_data",
    "templates/report/__pycache__/page.pyc",
    "grader/__pycache__/spec.cpython-311.pyc",
    "grader/cli/.mypy_cache/cache.db",
    ".grader/gradebook.sqlite3",
    ".venv/lib/python3.11/site-packages/torch.py",
    "demo/canvas.csv",
    "dist/grader-0.0.0.tar.gz",
)
# What is installed beside grader for the commands that run no code.
LIGHT = ("click", "jinja2", "pyyaml", "pydantic", "sqlalchemy", "rich", "platformdirs", "tzdata")

THIEF = """\
import os

WANTED = {wanted!r}
found = []
for path in WANTED:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path).read()
    except Exception as error:
        found.append(type(error).__name__)
    else:
        found.append("read")
raise RuntimeError(" ".join(found))
"""


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed, without anything of this checkout in its environment; return what it prints."""
    done = run_any(*command, cwd=cwd, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_any(
    *command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GRADER", "PYTEST"))}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env={**clean, **(environment or {})}, timeout=300
    )


# Building


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, with litter in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=CACHES)
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    for name in LITTER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"litter")
    return folder


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a wheel or an sdist of a source tree."""
    run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", target, source, cwd=target)
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", checkout, tmp_path_factory.mktemp("sdist"))


def read_zip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read_tree(folder: Path, prefix: str) -> dict[str, bytes]:
    """Return the files of a folder of this checkout, as they should be shipped."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = [path for path in files if not {"__pycache__", ".grader"} & set(path.parts)]
    return {f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in kept}


def test_the_wheel_holds_the_package_its_course_and_its_templates_and_nothing_else(wheel: Path) -> None:
    files = read_zip(wheel)
    wanted = {
        **read_tree(ROOT / "grader", "grader"),
        **read_tree(ROOT / "assignments", "grader/_data/assignments"),
        **read_tree(ROOT / "templates", "grader/_data/templates"),
        **read_tree(ROOT / "tests/attacks", "grader/_data/attacks"),
    }
    assert "grader/py.typed" in wanted
    assert "grader/_data/assignments/course.yaml" in wanted
    assert "grader/_data/templates/stub/README.md.jinja" in wanted
    about = {name for name in files if ".dist-info/" in name}
    assert files.keys() - about == wanted.keys()
    assert {name: files[name] for name in wanted} == wanted


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    about = {name: content for name, content in read_zip(wheel).items() if ".dist-info/" in name}
    files = {name.partition(".dist-info/")[2]: content.decode() for name, content in about.items()}
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "grader = grader.cli:main" in files["entry_points.txt"]
    assert "Requires-Python: >=3.11" in files["METADATA"]
    assert "Requires-Dist: torch>=" in files["METADATA"]
    assert "MIT" in files["licenses/LICENSE"]
    recorded = {row[0] for row in csv.reader(io.StringIO(files["RECORD"]))}
    assert recorded == set(read_zip(wheel))


def test_the_sdist_holds_what_is_needed_to_build_and_to_test(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {name for folder in SOURCES for name in read_tree(ROOT / folder, folder)}
    assert {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO", "tests/test_packaging.py"} <= names
    assert wanted <= names
    assert not names & set(LITTER)


def test_a_wheel_of_the_sdist_is_the_wheel_of_the_checkout(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    (tmp_path / "built").mkdir()
    assert read_zip(build("wheel", source, tmp_path / "built")) == read_zip(wheel)


# Installing


@dataclass(frozen=True)
class Installation:
    """An environment with grader from the wheel in it, and a folder to work in."""

    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "env" / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        (found,) = (self.directory / "env" / "lib").glob("python*/site-packages")
        return found

    @property
    def course(self) -> Path:
        return self.packages / "grader" / "_data" / "assignments"

    @property
    def gradebook(self) -> Path:
        return self.directory / "gradebook"

    def grader(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the installed command, in a folder far from any checkout."""
        home = {"HOME": str(self.directory), "GRADER_HOME": str(self.gradebook)}
        script = self.directory / "env" / "bin" / "grader"
        return run_any(script, *arguments, cwd=self.directory / "work", environment=home)


def install(wheel: Path, directory: Path) -> Installation:
    """Install the wheel into an environment of its own, with what ``grader fetch`` needs."""
    venv.create(directory / "env", with_pip=True)
    (directory / "work").mkdir()
    installation = Installation(directory)
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(installation.python, *pip, "--no-deps", wheel, cwd=directory)
    run(installation.python, *pip, "--constraint", ROOT / "constraints.txt", *LIGHT, cwd=directory)
    return installation


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation without torch, numpy and pytest."""
    return install(wheel, tmp_path_factory.mktemp("light"))


def test_listing_works_without_torch(light: Installation) -> None:
    for name in ("torch", "numpy", "pytest"):
        assert run_any(light.python, "-c", f"import {name}", cwd=light.directory).returncode != 0
    done = light.grader("list", "--json")
    assert done.returncode == 0, done.stderr
    course = load_course(find_data("assignments"))
    assert [shown["id"] for shown in json.loads(done.stdout)] == list(course.assignments)


def test_fetching_works_without_torch_and_gives_what_the_checkout_gives(light: Installation) -> None:
    course = load_course(find_data("assignments"))
    for name in course.assignments:
        done = light.grader("fetch", name, "--student", "ada")
        assert done.returncode == 0, done.stderr
        assignment = fill_assignment(course.load(name), "ada")
        rules = describe_rules(course.policy_of(assignment), course.due_of(assignment), groups=assignment.groups)
        stub = dict(render_stub(assignment, read_checks(assignment), rules))
        stub[MARKER] = (json.dumps({**json.loads(stub[MARKER]), "course": course.title}) + "\n").encode()
        assert read_tree(light.directory / "work" / name, "") == {f"/{file}": stub[file] for file in stub}


def test_the_installed_command_is_the_wheels(light: Installation) -> None:
    where = run(light.python, "-c", "import grader; print(grader.__file__)", cwd=light.directory)
    assert Path(where.strip()) == light.packages / "grader" / "__init__.py"
    assert not [path for path in light.packages.glob("*.pth") if str(ROOT) in path.read_text()]


# Grading where the course lies among the packages


@pytest.fixture(scope="module")
def full(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with everything: torch and the rest are linked from where they are installed for these tests."""
    installation = install(wheel, tmp_path_factory.mktemp("full"))
    for entry in sorted(Path(torch.__file__).parents[1].iterdir()):
        is_ours = entry.name.startswith(("grader", "_editable", "__editable")) or entry.suffix == ".pth"
        target = installation.packages / entry.name
        if is_ours or target.exists():
            continue
        if entry.is_dir():
            shutil.copytree(entry, target, copy_function=_link)
        else:
            _link(str(entry), str(target))
    where = run(installation.python, "-c", "import grader, torch; print(grader.__file__)", cwd=installation.directory)
    assert Path(where.strip()) == installation.packages / "grader" / "__init__.py"
    return installation


def _link(source: str, target: str) -> None:
    """Link a file; where the target is on another disk, copy it."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copy2(source, target)


@pytest.fixture
def submit(full: Installation) -> Callable[..., dict[str, Any]]:
    """Return a function that fetches an assignment, writes its code file, submits it, and returns the report."""

    def fetch_and_submit(assignment: str, file: str, source: str, exit_code: int) -> dict[str, Any]:
        folder = full.directory / "work" / assignment
        assert full.grader("fetch", assignment, folder, "--force").returncode == 0
        (folder / file).write_text(source)
        done = full.grader("submit", folder, "--student", "ada", "--json")
        assert done.returncode == exit_code, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    return fetch_and_submit


def reference(assignment: str) -> tuple[str, str]:
    """Return the name of an assignment's code file, and the reference solution's source."""
    course = load_course(find_data("assignments"))
    (question,) = course.load(assignment).code_questions
    solution = min((course.directory / assignment / "solutions").glob("*.py"))
    return question.file, solution.read_text()


@pytest.mark.parametrize("assignment", ["focal-loss", "outlier-comparison"])
def test_a_right_solution_earns_all_points_where_grader_is_installed(
    submit: Callable[..., dict[str, Any]], assignment: str
) -> None:
    """Of outlier-comparison, too: it imports matplotlib and optimisers, from among the packages, in the sandbox."""
    report = submit(assignment, *reference(assignment), exit_code=0 if assignment == "focal-loss" else 1)
    (code,) = [question for question in report["questions"] if question["kind"] == "code"]
    assert {check["outcome"] for check in code["checks"]} == {"passed"}
    assert (code["score"], code["bonus"]) == (code["points"], code["bonus_points"])
    assert report["status"] == "graded"
    assert report["environment"]["isolation"] == "A"


def steal(submit: Callable[..., dict[str, Any]], wanted: Sequence[Path]) -> list[str]:
    """Submit code that tries to read each path, or to list it; return what became of each of its attempts."""
    report = submit("focal-loss", "focal_loss.py", THIEF.format(wanted=[str(path) for path in wanted]), exit_code=1)
    assert report["score"] == 0
    messages = {check["message"] for question in report["questions"] for check in question["checks"]}
    (message,) = messages
    where, _, attempts = message.partition("RuntimeError: ")
    assert where.startswith("focal_loss.py:"), message
    return list(attempts.split())


def test_submitted_code_cannot_read_the_course_though_it_lies_among_its_packages(
    full: Installation, submit: Callable[..., dict[str, Any]]
) -> None:
    submit("focal-loss", *reference("focal-loss"), exit_code=0)  # so that there is a gradebook to read
    focal = full.course / "focal-loss"
    wanted = [
        *sorted((focal / "checks" / "hidden").glob("*.py")),
        focal / "checks" / "hidden",
        min((focal / "solutions").glob("*.py")),
        min((focal / "mistakes").glob("*.py")),
        focal / "assignment.yaml",
        full.course / "course.yaml",
        full.course,
        full.gradebook / "gradebook.sqlite3",
        full.gradebook,
    ]
    assert len(wanted) >= 9
    assert all(path.exists() for path in wanted)
    found = steal(submit, wanted)
    assert len(found) == len(wanted)
    assert set(found) <= {"PermissionError", "FileNotFoundError"}  # inside bubblewrap they are not there at all


def test_submitted_code_can_read_what_is_beside_the_course(
    full: Installation, submit: Callable[..., dict[str, Any]]
) -> None:
    """So that the test above is of the course, and not of a sandbox in which nothing can be read."""
    wanted = [full.packages / "torch", full.packages / "torch" / "version.py", full.packages / "grader" / "wire.py"]
    assert steal(submit, wanted) == ["read"] * 3


def test_the_doctor_attacks_an_installation_as_it_does_a_checkout(full: Installation) -> None:
    done = full.grader("doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    attacks = json.loads(done.stdout)["attacks"]
    assert len(attacks) >= 15
    assert not [attack for attack in attacks if not attack["held"]]
