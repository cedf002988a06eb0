"""Classes for ``make bench``: submissions of focal loss, each with a text of its own, and what grading them shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checks import Check, read_checks
from grader.engine import Engine
from grader.grading import Setup, grade_submissions, list_solutions
from grader.resources import find_data
from grader.scoring import Grade
from grader.spec import Assignment, load_assignment
from grader.submission import Submission

KINDS = ("right", "wrong", "raises", "syntax error", "slow")
HEAD = "import time\n\nimport torch\nfrom torch import nn\n\n\nclass FocalLoss(nn.Module):\n"
START = HEAD + "    def __init__(self, gamma=2.0):\n        super().__init__()\n        self.gamma = gamma\n\n"
START += "    def forward(self, logits, targets):\n"
ENDLESS = START + "        while True:\n            pass\n"
RAISES = START + "        raise ValueError(f'gamma is {self.gamma}')\n"
SYNTAX_ERROR = START + "        return logits[\n"
SLOW_SECONDS = 0.005  # in every call: as if the model that it calls were a larger one


@dataclass(frozen=True, slots=True)
class Material:
    """An assignment, its checks, and the sources of its kinds of submission."""

    assignment: Assignment
    checks: tuple[Check, ...]
    sources: Mapping[str, str]
    name: str

    def make(self, kind: str, count: int, first: int = 0) -> list[Submission]:
        """Return submissions of one kind, no two of which are the same text."""
        text = self.sources[kind]
        return [Submission({self.name: f"{text}\n# {kind} {first + n}\n".encode()}) for n in range(count)]

    def mix(self, count: int) -> list[Submission]:
        """Return submissions of all kinds that end, in turn."""
        made = {kind: self.make(kind, -(-count // len(KINDS))) for kind in KINDS}
        return [made[KINDS[n % len(KINDS)]][n // len(KINDS)] for n in range(count)]


def read_material() -> Material:
    """Read focal loss."""
    assignment = load_assignment(find_data("assignments") / "focal-loss")
    ((name, path),) = list_solutions(assignment)[0].items()
    right = path.read_text(encoding="utf-8")
    wrong = (assignment.directory / "mistakes" / "double_softmax.py").read_text(encoding="utf-8")
    slow = right.replace("        log_p = ", f"        __import__('time').sleep({SLOW_SECONDS})\n        log_p = ", 1)
    assert slow != right
    sources = {"right": right, "wrong": wrong, "raises": RAISES, "syntax error": SYNTAX_ERROR, "slow": slow}
    return Material(assignment, tuple(read_checks(assignment)), {**sources, "endless": ENDLESS}, name)


def grade(
    engine: Engine, material: Material, submissions: Sequence[Submission], *, isolated: bool = True, full: bool = True
) -> None:
    """Grade submissions; all must be decided, and where ``full`` have all points."""
    graded = grade_submissions(engine, material.assignment, material.checks, submissions, Setup(isolated=isolated))
    count = 0
    for _, one in graded:
        _check(one, full=full)
        count += 1
    assert count == len(submissions)


def _check(grade: Grade, *, full: bool) -> None:
    assert grade.fault is None, grade.fault
    assert not full or grade.score == grade.points


def time_alternately(
    ways: Mapping[str, Callable[[], None]], count: int, rounds: int, tell: Callable[[str], None]
) -> dict[str, list[float]]:
    """Return each way's seconds per submission in every round; the first round of all warms up and is left out."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, run in ways.items():
            started = time.perf_counter()
            run()
            seconds = (time.perf_counter() - started) / count
            tell(f"round {number} of {rounds}: {way} {seconds:.4f} s")
            if number:
                found[way].append(seconds)
    return found


@dataclass(frozen=True, slots=True)
class Hang:
    """What happened beside an endless loop: until it was given up, and how many others were graded by then."""

    seconds: float
    graded: int


def grade_beside_endless(engine: Engine, material: Material, others: int, limits: Mapping[str, float]) -> Hang:
    """Grade a class of which the first submission never ends, within its own limits of time."""
    own = material.assignment.limits.model_copy(update=dict(limits))
    assignment = material.assignment.model_copy(update={"limits": own})
    submissions = [*material.make("endless", 1), *material.make("right", others)]
    started = time.perf_counter()
    hang: Hang | None = None
    graded = 0
    for number, _ in grade_submissions(engine, assignment, material.checks, submissions, Setup()):
        if number == 0:
            hang = Hang(time.perf_counter() - started, graded)
        graded += 1
    assert hang is not None
    assert graded == len(submissions)
    return hang


def read_resident_mb(pid: int) -> float:
    """Return the memory that a process has in use, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024
