"""``make bench``: what is claimed of speed, as ratios to something that runs beside it on the same machine.

Each pair is measured alternately, several times, and its medians are compared: a busy machine slows both.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from grader.checks import read_checks
from grader.engine import Engine, Examiner, Pool
from grader.grading import Setup, grade_submissions, list_solutions
from grader.resources import find_data
from grader.spec import load_assignment
from grader.submission import Submission
from tests.bench_floor import Floor

ROUNDS = 7
CLASS_SIZE = 60


def main() -> None:
    """Measure and print every ratio."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        work_folder = _write_focal_loss(work)
        environment = {**os.environ, "GRADER_HOME": str(work / "home")}
        grader = [sys.executable, "-m", "grader"]

        def run(*command: str) -> Callable[[], None]:
            return lambda: _run(command, environment)

        submit = run(*grader, "submit", str(work_folder), "--student", "ada")
        _compare("grader submit focal-loss", submit, "import torch", run(sys.executable, "-c", "import torch"), 2.0)
        _compare(
            "grader --help", run(*grader, "--help"), "import click", run(sys.executable, "-c", "import click"), 3.0
        )
    _measure_class()


def _write_focal_loss(work: Path) -> Path:
    target = work / "focal-loss"
    target.mkdir()
    assignment = load_assignment(find_data("assignments") / "focal-loss")
    for name, path in list_solutions(assignment)[0].items():
        shutil.copy(path, target / name)
    (target / "grader.json").write_text('{"format": 1, "assignment": "focal-loss"}')
    return target


def _run(command: tuple[str, ...], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True)


def _compare(name: str, action: Callable[[], None], base_name: str, base: Callable[[], None], goal: float) -> None:
    seconds: list[float] = []
    base_seconds: list[float] = []
    action()
    base()
    for _ in range(ROUNDS):
        for run, found in ((action, seconds), (base, base_seconds)):
            started = time.perf_counter()
            run()
            found.append(time.perf_counter() - started)
    _print_ratio(name, statistics.median(seconds), base_name, statistics.median(base_seconds), goal)


def _print_ratio(name: str, ours: float, base_name: str, theirs: float, goal: float) -> None:
    verdict = "met" if ours <= goal * theirs else "MISSED"
    base_part = f"{base_name:14} {theirs:7.3f} s"
    print(f"{name:26} {ours:7.3f} s   {base_part}   ratio {ours / theirs:5.2f}   goal {goal:.2f}: {verdict}")


def _measure_class() -> None:
    """Grade a class side by side: isolated and not, with one job and with two, and the floor under all of them."""
    assignment = load_assignment(find_data("assignments") / "focal-loss")
    checks = read_checks(assignment)
    ((name, path),) = list_solutions(assignment)[0].items()
    source = path.read_bytes()
    submissions = [Submission({name: source + f"# {number}\n".encode()}) for number in range(CLASS_SIZE)]
    seconds: dict[str, list[float]] = {}
    with Examiner() as one, Examiner() as open_, Pool(2) as two, Floor(assignment) as floor:

        def grade(engine: Engine, *, isolated: bool = True) -> None:
            graded = grade_submissions(engine, assignment, checks, submissions, Setup(isolated=isolated))
            assert all(grade.score == grade.points for _, grade in graded)

        ways: dict[str, Callable[[], None]] = {
            "one job": lambda: grade(one),
            "two jobs": lambda: grade(two),
            "not isolated": lambda: grade(open_, isolated=False),
            "the floor": lambda: floor.grade(submissions),
        }
        for round_number in range(ROUNDS + 1):  # the first warms all of them up
            for way, run in ways.items():
                started = time.perf_counter()
                run()
                if round_number:
                    seconds.setdefault(way, []).append((time.perf_counter() - started) / CLASS_SIZE)
    found = {way: statistics.median(times) for way, times in seconds.items()}
    what = f"a submission of {len(checks)} checks"
    _print_ratio(what, found["one job"], "not isolated", found["not isolated"], 1.1)
    _print_ratio(what, found["one job"], "the floor", found["the floor"], 1.5)
    _print_ratio("two jobs", found["two jobs"], "one job", found["one job"], 1 / 1.7)


if __name__ == "__main__":
    main()
