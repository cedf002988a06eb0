"""An assignment as Gradescope's autograder: the zip, what it installs, and results.json as Gradescope reads it."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.errors import FaultError
from grader.examiner import bubblewrap
from grader.packages.gradescope import Settings, Shown, StudentField, collect, write_gradescope
from grader.packages.gradescope_results import build_results, fail_results, find_student, read_settings, write_results
from grader.packages.running import grade_folder
from grader.policy import Policy
from grader.report import Reader
from grader.spec import Assignment, load_assignment
from tests.conftest import ASSIGNMENT, FILES
from tests.shell import Shell, write
from tests.test_feedback import open_strictly

ROOT = Path(__file__).resolve().parents[1]
RIGHT = "def mean_loss(values):\n    return sum(values) / len(values) if values else 0.0\n"
WRONG = "def mean_loss(values):\n    return sum(values)\n"
ANSWERS = "why-mean: a\nreductions: [a, b]\nby-hand: 3\nin-words: average\n"
# Planted: what no student may read in any way.
SECRET = "planted-words-of-the-hidden-checks"
HOSTILE = """\
import glob, json, os

def mean_loss(values):
    found = []
    patterns = ["/autograder/*", "/autograder/source/**/*", "/autograder/results/**/*", "/proc/self/*", "/root/*"]
    paths = [path for pattern in patterns for path in glob.glob(pattern, recursive=True)]
    known = "/autograder/source/assignments/mean-loss/checks/hidden/test_hidden.py"
    for path in [*paths, known, "/autograder/source/settings.json"]:
        try:
            if "-".join(["planted", "words", "of"]) in open(path).read():
                found.append(path)
        except Exception:
            pass
    try:
        with open("/autograder/results/results.json", "w") as file:
            json.dump({"score": 100}, file)
        found.append("wrote the results")
    except Exception:
        pass
    print("FOUND", found, os.environ.get("HOME"))
    raise ValueError(f"FOUND {found}")
"""


VISIBILITIES = {"visible", "hidden", "after_due_date", "after_published"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
OVERALL = {
    "score": float, "execution_time": int, "output": str, "output_format": str, "test_output_format": str,
    "test_name_format": str, "visibility": str, "stdout_visibility": str, "extra_data": dict, "tests": list,
}  # fmt: skip
EACH = {
    "score": float, "max_score": float, "status": str, "name": str, "name_format": str, "number": str, "output": str,
    "output_format": str, "tags": list, "visibility": str, "extra_data": dict,
}  # fmt: skip


def read_results(data: bytes) -> dict[str, Any]:
    """results.json as Gradescope's specification has it; a ValueError where Gradescope would call it a failure."""

    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is no JSON")

    results: dict[str, Any] = json.loads(data.decode("utf-8"), parse_constant=refuse)
    check_fields(results, OVERALL)
    for test in results.get("tests", []):
        check_fields(test, EACH)
        assert "score" not in test or 0 <= test["score"] <= test.get("max_score", math.inf)
        assert all(isinstance(tag, str) for tag in test.get("tags", []))
    if "score" not in results and not (results.get("tests") and all("score" in test for test in results["tests"])):
        raise ValueError("no score")
    return results


def check_fields(found: Mapping[str, Any], known: Mapping[str, type]) -> None:
    for name, value in found.items():
        assert type(value) is known[name] or (known[name] is float and type(value) is int), name
        if name == "visibility" or name == "stdout_visibility":
            assert value in VISIBILITIES
        elif name.endswith("_format"):
            assert value in FORMATS
        elif name == "status":
            assert value in ("passed", "failed")


def seen_by_students(results: dict[str, Any], when: str) -> str:
    """All the words that a student reads at a time: ``now``, ``after_due_date`` or ``after_published``."""
    shown = {"now": {"visible"}, "after_due_date": {"visible", "after_due_date"}}.get(when, VISIBILITIES - {"hidden"})
    tests = [test for test in results.get("tests", []) if test.get("visibility", results["visibility"]) in shown]
    return json.dumps([results["output"], tests])


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    hidden = FILES["checks/hidden/test_hidden.py"] + f"\nWORDS = {SECRET!r}\n"
    folder = tmp_path_factory.mktemp("course") / "mean-loss"
    write(folder, {"assignment.yaml": ASSIGNMENT, **FILES, "checks/hidden/test_hidden.py": hidden})
    return load_assignment(folder)


# The zip


def test_the_zip_is_the_same_each_time_and_holds_what_it_needs(assignment: Assignment, tmp_path: Path) -> None:
    (assignment.directory / "__pycache__").mkdir(exist_ok=True)
    (assignment.directory / "__pycache__" / "x.pyc").write_bytes(b"x")
    (assignment.directory / ".grader").mkdir(exist_ok=True)
    (assignment.directory / ".grader" / "gradebook.sqlite3").write_bytes(b"x")
    for name in ("a.zip", "b.zip"):
        write_gradescope(tmp_path / name, collect(assignment, Policy(), Settings("mean-loss"), ["scipy==1.17.0"]))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    files = open_strictly((tmp_path / "a.zip").read_bytes())
    wheels = [name for name in files if name.endswith(".whl")]
    names = {f"assignments/mean-loss/{name}" for name in (*FILES, "assignment.yaml")}
    assert set(files) == {"setup.sh", "run_autograder", "settings.json", "requirements.txt", *wheels, *names}
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        programs = {info.filename for info in archive.infolist() if info.external_attr >> 16 & 0o111}
    assert programs == {"setup.sh", "run_autograder"}
    for name in programs:
        assert files[name].startswith(b"#!/usr/bin/env bash\n")
        subprocess.run(["bash", "-n"], input=files[name], check=True)
    lines = files["requirements.txt"].decode().splitlines()
    assert lines[0] == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert lines[-1] == "scipy==1.17.0"
    assert "torch==2.13.0" in lines


def test_the_wheel_is_this_installation_without_the_course_that_ships(tmp_path: Path, assignment: Assignment) -> None:
    contents = collect(assignment, Policy(), Settings("mean-loss"))
    (entry,) = (one for one in contents.entries if one.name.endswith(".whl"))
    (tmp_path / entry.name).write_bytes(entry.read())
    files = open_strictly(entry.read())
    assert files["grader/cli/package.py"] == (ROOT / "grader" / "cli" / "package.py").read_bytes()
    assert any(name.startswith("grader/_data/templates/stub/") for name in files)
    assert not any("assignments" in name or "attacks" in name for name in files)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(tmp_path / "lib"),
    ]
    subprocess.run([*pip, str(tmp_path / entry.name)], check=True)  # pip compares every file with the list of hashes
    asked = "import grader, sys; from grader.resources import find_data; print(grader.__file__, find_data('templates'))"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "lib")}
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert done.stdout.decode().count(str(tmp_path / "lib")) == 2


def test_the_command_says_what_gradescope_will_not_do(tmp_path: Path, assignment: Assignment) -> None:
    shell = Shell(tmp_path, write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [mean-loss]\n"}))
    shutil.copytree(assignment.directory, tmp_path / "course" / "mean-loss")
    yaml = ASSIGNMENT.replace("accept: [average]", "why: A mean.")
    (tmp_path / "course" / "mean-loss" / "assignment.yaml").write_text(yaml)
    done = shell("package", "gradescope", "mean-loss")
    assert done.code == 0
    assert "add a manually graded question of 0.1 points in Gradescope" in done.err
    assert done.out.startswith("mean-loss-gradescope.zip: 1 public and 2 hidden checks\n")
    assert "6.5 autograder points, a container with 1.6 GB of memory" in done.out
    assert "Isolation: tier A where Gradescope's container lets Landlock through, else B" in done.out
    found = shell("package", "gradescope", "mean-loss", "--out", "a/b.zip", "--with-bonus", "--json")
    assert (found.json["points"], found.json["file"], len(found.json["notes"])) == (7.5, "a/b.zip", 1)
    shell("package", "gradescope", "mean-los").fails(2, "did you mean 'mean-loss'")
    shell("package", "gradescope", "mean-loss", "--require", "-r /etc/passwd").fails(2, "is not a requirement")
    (tmp_path / "course" / "mean-loss" / "data.bin").symlink_to("/etc/passwd")
    shell("package", "gradescope", "mean-loss").fails(2, "data.bin is a link")


@pytest.mark.parametrize("found", ["python3", "python3.12", None])
def test_setup_finds_a_python_that_is_new_enough(tmp_path: Path, found: str | None) -> None:
    """On a machine of which only these programs are left; apt-get installs none, python3.12, or python3.11."""
    programs = tmp_path / "bin"
    write(tmp_path / "autograder" / "source", {"requirements.txt": "", "grader-1-py3-none-any.whl": ""})
    pip = '#!/bin/bash\necho "$0 $*" >> {log}\n'
    venv = 'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp {pip} "$3/bin/python"; cp {pip} "$3/bin/grader"; fi\n'
    words = {"log": tmp_path / "log", "pip": tmp_path / "pip"}
    good, old = f"#!/bin/bash\n{venv.format(**words)}", "#!/bin/bash\nexit 1\n"
    apt = f'#!/bin/bash\necho "apt-get $*" >> {words["log"]}\n'
    if found != "python3":
        apt += '[[ " $* " != *" python3.12 "* ]] || exit 1\n' if found is None else ""
        name = found or "python3.11"
        apt += f'[[ " $* " != *" {name} "* ]] || {{ cp {tmp_path}/good {programs}/{name}; }}\n'
    files = {
        "pip": pip.format(**words),
        "good": good,
        "bin/python3": good if found == "python3" else old,
        "bin/apt-get": apt,
    }
    write(tmp_path, files)
    for name in ("bash", "cp", "mkdir", "chmod"):
        (programs / name).symlink_to(shutil.which(name) or name)
    for name in files:
        (tmp_path / name).chmod(0o755)
    setup = ROOT / "templates" / "gradescope" / "setup.sh"
    done = subprocess.run(
        [str(programs / "bash"), str(setup), str(tmp_path / "autograder")],
        env={"PATH": str(programs)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *asked, _, _, _ = (tmp_path / "log").read_text().splitlines()
    wanted = {"python3": 0, "python3.12": 2, None: 3}
    assert len(asked) == wanted[found]
    assert (tmp_path / "autograder" / "source").stat().st_mode & 0o077 == 0


def test_setup_says_so_where_no_python_can_be_had(tmp_path: Path) -> None:
    write(tmp_path / "bin", {"python3": "#!/bin/bash\nexit 1\n", "apt-get": "#!/bin/bash\nexit 0\n"})
    for name in ("python3", "apt-get"):
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "bin" / "bash").symlink_to(shutil.which("bash") or "bash")
    command = [str(tmp_path / "bin" / "bash"), str(ROOT / "templates" / "gradescope" / "setup.sh"), str(tmp_path)]
    done = subprocess.run(command, env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr


# Results


def grade(assignment: Assignment, folder: Path, files: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    graded = grade_folder(assignment, write(folder, files))
    results = build_results(graded.report(Reader.STUDENT), settings, 1.6)
    write_results(folder / "results.json", results)
    return read_results((folder / "results.json").read_bytes())


def test_results_say_what_each_check_and_answer_earned(assignment: Assignment, tmp_path: Path) -> None:
    settings = Settings("mean-loss", feedback=Shown.AFTER_DUE_DATE)
    results = grade(assignment, tmp_path, {"mean_loss.py": RIGHT, "answers.yaml": ANSWERS}, settings)
    assert (results["score"], results["execution_time"], results["stdout_visibility"]) == (6.6, 2, "hidden")
    told = [(t["number"], t.get("score"), t["max_score"], t["status"], t["visibility"]) for t in results["tests"]]
    assert told == [
        ("1.1", 1.0, 1.0, "passed", "visible"),
        ("1.2", 2.0, 2.0, "passed", "after_published"),
        ("1.3", 0.0, 0.0, "passed", "after_published"),
        ("2", 1.0, 1.0, "passed", "after_due_date"),
        ("3", 2.0, 2.0, "passed", "after_due_date"),
        ("4", 0.5, 0.5, "passed", "after_due_date"),
        ("5", 0.1, 0.1, "passed", "after_due_date"),
    ]
    assert results["tests"][2]["name"].endswith("(bonus, not counted)")


def test_wrong_work_tells_what_failed_and_hides_what_is_hidden(assignment: Assignment, tmp_path: Path) -> None:
    files = {"mean_loss.py": WRONG, "answers.yaml": ANSWERS.replace("why-mean: a", "why-mean: b")}
    results = grade(assignment, tmp_path, files, Settings("mean-loss", hidden=Shown.HIDDEN, with_bonus=True))
    assert results["score"] == 1 + 2 + 0.5 + 0.1 + 1  # the sum of nothing is 0
    now = seen_by_students(results, "after_published")
    assert "two numbers" not in now
    assert "computes like" not in now.lower()
    assert "This is the sum" not in now
    assert "One division" not in now
    hidden = [test for test in results["tests"] if test["visibility"] == "hidden"]
    assert any("This is the sum" in test["name"] + test["output"] for test in hidden)


def test_a_file_that_is_missing_earns_nothing_and_says_so(assignment: Assignment, tmp_path: Path) -> None:
    results = grade(assignment, tmp_path, {"answers.yaml": ANSWERS}, Settings("mean-loss"))
    assert results["score"] == 3.6
    assert "mean_loss.py is not in the submission." in seen_by_students(results, "now")


def test_a_fault_of_ours_has_no_score() -> None:
    with pytest.raises(ValueError, match="no score"):
        read_results(json.dumps(fail_results(1.0)).encode())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"users": [{"email": "ada@x.org", "sid": "007", "name": "A"}]}', "ada@x.org"),
        ('{"users": [{"email": 7}]}', None),
        ('{"users": []}', None),
        ("[" * 100_000, None),
        ("no", None),
    ],
)
def test_who_handed_in_is_in_the_metadata(tmp_path: Path, text: str, found: str | None) -> None:
    (tmp_path / "m.json").write_text(text)
    assert find_student(tmp_path / "m.json", StudentField.EMAIL) == found
    assert find_student(tmp_path / "none.json", StudentField.EMAIL) is None


def test_settings_that_are_damaged_are_a_fault(tmp_path: Path) -> None:
    for text in ("", "{}", '{"assignment": "a", "hidden": "x"}'):
        (tmp_path / "settings.json").write_text(text)
        with pytest.raises(FaultError, match=r"settings\.json"):
            read_settings(tmp_path)
    with pytest.raises(FaultError, match="cannot be read"):
        read_settings(tmp_path / "nowhere")


def test_variants_need_to_know_whose_they_are(tmp_path: Path) -> None:
    yaml = """\
format: 1
id: drawn
title: T
summary: S
questions:
  - id: sum
    kind: numeric
    points: 1
    variants: {draw: {a: {integer: [1, 99]}}, compute: {answer: a + 1}}
    prompt: "{{ a }} plus one?"
    correct: answer
    tolerance: 0
"""
    drawn = load_assignment(write(tmp_path / "drawn", {"assignment.yaml": yaml}))
    work = write(tmp_path / "work", {"answers.yaml": "sum: 2\n"})
    with pytest.raises(FaultError, match="nothing says whose"):
        grade_folder(drawn, work)
    assert grade_folder(drawn, work, student="ada@x.org").grade.points == 1


# In a container that is laid out as Gradescope's


@dataclass(frozen=True)
class Container:
    """A machine with ``/autograder``: this one's files, with a folder of ours in that place."""

    autograder: Path
    lacking: str = ""

    def run(self, *command: str, timeout: int = 600) -> subprocess.CompletedProcess[str]:
        binds: list[str] = []
        for path in sorted(Path("/").iterdir()):
            if path.is_symlink():
                binds += ["--symlink", str(path.readlink()), str(path)]
            elif path.name not in ("autograder", "proc", "dev"):
                binds += ["--bind", str(path), str(path)]
        wrap = ["bwrap", *binds, "--proc", "/proc", "--dev", "/dev", "--bind", str(self.autograder), "/autograder"]
        without = [sys.executable, "-m", "tests.without", self.lacking, "--"] if self.lacking else []
        environment = {
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "LD_", "HOME", "LANG"))},
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PIP_RETRIES": "0",  # the index of torch's wheels cannot be reached from everywhere
        }
        return subprocess.run(
            [*wrap, "--chdir", str(ROOT), *without, *command],
            env=environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def grade(self, files: Mapping[str, str], expect: int = 0) -> tuple[dict[str, Any], str]:
        """Grade a submission as the harness does; returns results.json, and what instructors read."""
        for name in ("submission", "results"):
            shutil.rmtree(self.autograder / name, ignore_errors=True)
            (self.autograder / name).mkdir()
            (self.autograder / name).chmod(0o777)
        write(self.autograder / "submission", files)
        (self.autograder / "submission_metadata.json").write_text('{"users": [{"email": "ada@x.org"}]}')
        done = self.run("/autograder/run_autograder")
        assert done.returncode == expect, done.stdout + done.stderr
        return json.loads((self.autograder / "results" / "results.json").read_bytes()), done.stdout


needs_container = pytest.mark.skipif(
    bubblewrap.find() is None or os.geteuid() != 0, reason="only root with bubblewrap can lay out /autograder"
)


@pytest.fixture(scope="module")
def container(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A container as Gradescope builds it: the zip is unpacked to /autograder/source, and setup.sh has run."""
    home = tmp_path_factory.mktemp("gradescope")
    write_gradescope(home / "a.zip", collect(assignment, Policy(), Settings("mean-loss")))
    folder = home / "autograder"
    folder.mkdir(mode=0o755)
    subprocess.run(["unzip", "-q", str(home / "a.zip"), "-d", str(folder / "source")], check=True)
    shutil.copy(folder / "source" / "run_autograder", folder / "run_autograder")
    container = Container(folder)
    done = container.run("bash", "/autograder/source/setup.sh", timeout=900)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.strip().endswith("version 0.1.0"), done.stdout
    yield container
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@needs_container
class TestInTheContainer:
    def test_right_work(self, container: Container) -> None:
        results, printed = container.grade({"mean_loss.py": RIGHT, "answers.yaml": ANSWERS})
        assert read_results(json.dumps(results).encode())["score"] == 6.6
        assert printed.startswith("Isolation tier: A (Landlock")

    def test_wrong_and_empty_work(self, container: Container) -> None:
        results, _ = container.grade({"mean_loss.py": WRONG, "answers.yaml": ANSWERS})
        assert results["score"] == 4.6
        results, _ = container.grade({})
        assert results["score"] == 0
        assert "Nothing could be graded" in results["output"]
        assert "mean_loss.py" in results["output"]

    @pytest.mark.parametrize(("lacking", "tier"), [("", "A"), ("namespaces", "A"), ("landlock,namespaces", "B")])
    def test_hostile_work_reads_and_writes_nothing(self, container: Container, lacking: str, tier: str) -> None:
        one = Container(container.autograder, lacking)
        results, printed = one.grade({"mean_loss.py": HOSTILE, "answers.yaml": "{}\n"})
        assert results["score"] == 0
        assert "FOUND []" in printed
        assert f"Isolation tier: {tier}" in printed
        assert SECRET not in json.dumps(results)
        assert SECRET not in printed

    def test_without_isolation_nothing_is_run_and_nobody_has_a_score(self, container: Container) -> None:
        one = Container(container.autograder, "landlock,namespaces,users")
        results, _ = one.grade({"mean_loss.py": RIGHT, "answers.yaml": ANSWERS}, expect=3)
        with pytest.raises(ValueError, match="no score"):
            read_results(json.dumps(results).encode())
        assert "your work is not to blame" in results["output"]

    def test_a_broken_autograder_gives_nobody_a_score(self, container: Container) -> None:
        checks = container.autograder / "source" / "assignments" / "mean-loss" / "checks" / "hidden" / "test_hidden.py"
        good = checks.read_text()
        checks.write_text("def broken(:\n")
        try:
            results, _ = container.grade({"mean_loss.py": RIGHT, "answers.yaml": ANSWERS}, expect=3)
        finally:
            checks.write_text(good)
        with pytest.raises(ValueError, match="no score"):
            read_results(json.dumps(results).encode())
