"""``make bench``: what is claimed of speed, as ratios to something that runs beside it on the same machine.

What is compared is measured alternately, several times, and medians are compared: a busy machine slows both.
Submissions
are made up, each with a text of its own, so that nothing can be kept from one for another.
"""

from __future__ import annotations

import argparse
import difflib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from grader.engine import Examiner, Pool
from grader.similarity import Code, compare, read_words, take_prints
from tests.bench_class import (
    Material,
    grade,
    grade_beside_endless,
    read_material,
    read_resident_mb,
    time_alternately,
)
from tests.bench_floor import Floor
from tests.bench_peers import CACHE, PEERS, PeerFailed, measure_peer
from tests.disguises import make_program
from tests.made_class import make_class, make_course

FLAT_MB = 16.0  # what memory may grow by from one hundred submissions to thousands
LIMITS = {"seconds": 8.0, "check_seconds": 2.0}  # of the submission that never ends


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: rounds of each comparison, and submissions in each of its classes."""

    rounds: int
    class_size: int
    peer_size: int
    few: int
    many: int
    crowd: int
    report: int


QUICK = Size(rounds=3, class_size=30, peer_size=1, few=50, many=200, crowd=300, report=100)
USUAL = Size(rounds=7, class_size=60, peer_size=3, few=100, many=400, crowd=1000, report=1000)
LARGE = Size(rounds=7, class_size=60, peer_size=3, few=100, many=400, crowd=5000, report=1000)


def main() -> None:
    """Measure and print every ratio."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure what is claimed of speed.")
    parser.add_argument("--quick", action="store_true", help="a short run, less exact")
    parser.add_argument("--large", action="store_true", help="memory after 5,000 submissions, not 1,000")
    parser.add_argument("--without-peers", action="store_true", help="leave out other graders, which take minutes")
    chosen = parser.parse_args()
    size = LARGE if chosen.large else QUICK if chosen.quick else USUAL
    material = read_material()
    _measure_commands(material, size)
    _measure_report(size)
    seconds = _measure_class(material, size)
    if not chosen.without_peers:
        _measure_peers(material, size, seconds)
    _measure_growth(material, size)
    _measure_hang(material, seconds)
    _measure_similarity(size)


def _tell(progress: str) -> None:
    print(f"  … {progress}", file=sys.stderr, flush=True)


def _print_title(title: str) -> None:
    print(f"\n{title}", flush=True)


def _print_ratio(name: str, ours: float, base_name: str, theirs: float, goal: float) -> None:
    verdict = "met" if ours <= goal * theirs else "MISSED"
    base_part = f"{base_name:24} {theirs:8.4f} s"
    goal_part = f"goal at most {goal:.3g}: {verdict}"
    print(f"{name:28} {ours:8.4f} s   {base_part}   ratio {ours / theirs:6.3f}   {goal_part}", flush=True)


def _print_goal(name: str, value: str, goal: str, *, met: bool) -> None:
    print(f"{name:28} {value}   goal {goal}: {'met' if met else 'MISSED'}", flush=True)


# Commands


def _measure_commands(material: Material, size: Size) -> None:
    _print_title("A command, beside the import that it cannot do without")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        work_folder = _write_submission(material, work)
        environment = {**os.environ, "GRADER_HOME": str(work / "home")}

        def run(*command: str) -> Callable[[], None]:
            return lambda: _run((sys.executable, *command), environment)

        ways = {
            "submit": run("-m", "grader", "submit", str(work_folder), "--student", "ada"),
            "torch": run("-c", "import torch"),
            "help": run("-m", "grader", "--help"),
            "click": run("-c", "import click"),
        }
        found = time_alternately(ways, 1, size.rounds, _tell)
    median = {way: statistics.median(times) for way, times in found.items()}
    _print_ratio("grader submit focal-loss", median["submit"], "import torch", median["torch"], 2.0)
    _print_ratio("grader --help", median["help"], "import click", median["click"], 3.0)


def _write_submission(material: Material, work: Path) -> Path:
    target = work / "focal-loss"
    target.mkdir()
    (target / material.name).write_text(material.sources["right"], encoding="utf-8")
    (target / "grader.json").write_text('{"format": 1, "assignment": "focal-loss"}')
    return target


def _run(command: tuple[str, ...], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True)


# The class report


def _measure_report(size: Size) -> None:
    """Write the report of a made-up class: all of it, a page for each student and each submission that counts."""
    _print_title(f"The class report of {size.report} students in ten assignments")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        make_class(make_course(work / "course"), work / "state", size.report)
        _tell(f"a class of {size.report} is made up")
        command = ("-m", "grader", "--course", str(work / "course"), "report", "--out", str(work / "report"))
        started = time.perf_counter()
        _run((sys.executable, *command), {**os.environ, "GRADER_HOME": str(work / "state")})
        seconds = time.perf_counter() - started
        pages = [path.stat().st_size for path in (work / "report").rglob("*.html")]
    goal = 60 * size.report / 1000
    _print_goal(f"{len(pages)} pages", f"{seconds:.1f} s", f"at most {goal:.0f} s", met=seconds <= goal)
    _print_goal("the largest page", f"{max(pages) / 1e6:.2f} MB", "under 2 MB", met=max(pages) < 2e6)


# A class


def _measure_class(material: Material, size: Size) -> dict[str, float]:
    """Grade a class side by side: isolated and not, with one job and with two, and the floor under all of them."""
    _print_title(f"Seconds per submission of {len(material.checks)} checks, classes of {size.class_size}")
    right, mixed = material.make("right", size.class_size), material.mix(size.class_size)
    with Examiner() as one, Examiner() as open_, Pool(2) as two, Floor(material.assignment) as floor:
        ways: dict[str, Callable[[], None]] = {
            "one job": lambda: grade(one, material, right),
            "two jobs": lambda: grade(two, material, right),
            "not isolated": lambda: grade(open_, material, right, isolated=False),
            "the floor": lambda: floor.grade(right),
            "all kinds, one job": lambda: grade(one, material, mixed, full=False),
            "all kinds, two jobs": lambda: grade(two, material, mixed, full=False),
        }
        found = time_alternately(ways, size.class_size, size.rounds, _tell)
    median = {way: statistics.median(times) for way, times in found.items()}
    for way, times in found.items():
        print(f"{way:28} {median[way]:8.4f} s   from {min(times):.4f} to {max(times):.4f}")
    _print_ratio("one job", median["one job"], "the floor", median["the floor"], 1.5)
    _print_ratio("one job", median["one job"], "not isolated", median["not isolated"], 1.1)
    _print_ratio("two jobs", median["two jobs"], "one job", median["one job"], 1 / 1.7)
    return median


# Other graders


def _measure_peers(material: Material, size: Size, seconds: dict[str, float]) -> None:
    _print_title(f"Other graders on the same checks, {size.peer_size} right submission(s) each, one after another")
    CACHE.mkdir(exist_ok=True)
    sources = [next(iter(one.files.values())) for one in material.make("right", size.peer_size)]
    found: dict[str, float] = {}
    for peer in PEERS:
        _tell(f"{peer.name}: installing and grading")
        with tempfile.TemporaryDirectory() as folder:
            try:
                found[peer.name] = measure_peer(peer, material.assignment.directory, Path(folder) / "work", sources)
            except PeerFailed as error:
                print(f"{peer.name:28} left out: {str(error).splitlines()[-1] if str(error) else 'it failed'}")
                continue
        print(f"{peer.name:28} {found[peer.name]:8.4f} s   {found[peer.name] / seconds['one job']:6.1f} times ours")
    others = {name: times for name, times in found.items() if not name.startswith("pytest")}
    if others:
        fastest = min(others, key=others.__getitem__)
        times = others[fastest] / seconds["one job"]
        _print_goal("the fastest of them", f"{fastest}, {times:.1f} times ours", "at least 60", met=times >= 60)


# Many submissions


def _measure_growth(material: Material, size: Size) -> None:
    """See that a submission costs as much in a large class as in a small one, in time and in memory."""
    _print_title("Does each cost more in a large class?")
    seconds: dict[int, list[float]] = {size.few: [], size.many: []}
    with Examiner() as examiner:
        grade(examiner, material, material.make("right", 8))
        graded = 0
        memory: dict[int, tuple[float, float]] = {}
        for _ in range(2):
            for count, times in seconds.items():
                started = time.perf_counter()
                grade(examiner, material, material.make("right", count, graded))
                times.append((time.perf_counter() - started) / count)
                graded += count
                memory.setdefault(graded, _read_memory(examiner))
                _tell(f"{count} submissions: {times[-1]:.4f} s each")
        while graded < size.crowd:
            grade(examiner, material, material.make("right", size.few, graded))
            graded += size.few
            _tell(f"{graded} of {size.crowd} graded")
        memory[graded] = _read_memory(examiner)
    few, many = (min(times) for times in seconds.values())
    value = f"{few:.4f} s each of {size.few}, {many:.4f} s each of {size.many}"
    _print_goal("time", value, "within 10 %", met=abs(many / few - 1) <= 0.1)
    first, last = min(memory), max(memory)
    for name, before, after in zip(("driver", "examiner"), memory[first], memory[last], strict=True):
        value = f"{before:.0f} MB after {first}, {after:.0f} MB after {last}"
        _print_goal(f"memory of the {name}", value, f"{FLAT_MB:.0f} MB more at most", met=after - before <= FLAT_MB)


def _read_memory(examiner: Examiner) -> tuple[float, float]:
    return read_resident_mb(os.getpid()), read_resident_mb(examiner.pid)


def _measure_hang(material: Material, seconds: dict[str, float]) -> None:
    """See that a submission that never ends costs its own time, and that the other job goes on meanwhile."""
    _print_title(f"Two jobs, and a submission that never ends (limits: {LIMITS})")
    others = int(2 * LIMITS["seconds"] / seconds["one job"])
    with Pool(2) as two:
        grade(two, material, material.make("right", 16))
        hang = grade_beside_endless(two, material, others, LIMITS)
    own_goal = LIMITS["seconds"] + LIMITS["check_seconds"]
    _print_goal(
        "it is given up after", f"{hang.seconds:.1f} s", f"at most {own_goal:.0f} s", met=hang.seconds <= own_goal
    )
    each = hang.seconds / max(1, hang.graded)
    value = f"{hang.graded} graded, {each:.4f} s each"
    _print_goal("meanwhile, beside it", value, "1.5 times one job's at most", met=each <= 1.5 * seconds["one job"])


# Pairs


def _measure_similarity(size: Size) -> None:
    """Compare all pairs of a class of 500, reading included, and 100 of them with difflib, on the same words."""
    _print_title("Is their code alike? Seconds for a thousand pairs of submissions")
    students = 500
    sources = [make_program(number) for number in range(students)]
    words = [[word.key for word in read_words({"a.py": source})[0]] for source in sources[:101]]

    def ours() -> None:
        codes = (Code(str(number), (str(number),), {"a.py": source}) for number, source in enumerate(sources))
        compare([take_prints(code, frozenset()) for code in codes])

    def theirs() -> None:
        for first, second in pairwise(words):
            difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()

    found = time_alternately({"grader similar": ours, "difflib": theirs}, 1, size.rounds, _tell)
    own, other = (statistics.median(found[way]) for way in ("grader similar", "difflib"))
    pairs = students * (students - 1) // 2
    print(f"all {pairs:,} pairs of {students}: {own:.2f} s", flush=True)
    _print_ratio("grader similar", 1000 * own / pairs, "difflib", 10 * other, 0.01)


if __name__ == "__main__":
    main()
