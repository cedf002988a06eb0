"""Tries attacks on this machine's own sandbox, the way a submission would come, and says what held.

An attack is one small file that is handed in for an assignment made for it, between two neighbours. Its docstring says
what it tries; constants in it say what must come of that:

    EXPECT    the outcomes that its checks may have, {"failed"} where nothing else is said
    SAYS      words that it must have printed, so that one which did not get to try is not taken for one that was held
    SECONDS   how long it may take
    QUICK     it is among those that ``grader doctor`` tries
    BITES     without isolation it does no harm and gets through, which proves that it tries what it says
"""

from __future__ import annotations

import ast
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.checks import Check, read_checks
from grader.engine import Examiner
from grader.errors import FaultError
from grader.gradebook import DATABASE, Gradebook
from grader.grading import Setup, grade_submissions, list_solutions
from grader.resources import find_data
from grader.results import Outcome
from grader.scoring import Grade, Status, grade_to_json
from grader.spec import Assignment, load_course
from grader.submission import ANSWERS, Submission

PREFIX = "planted"
BREACH = "BREACH"
DEFAULT_SECONDS = 10.0
NO_ISOLATION_HINT = (
    "use Linux 5.13 or newer on x86-64 or aarch64, or run as root where a container hides Landlock; "
    "for your own code only, there is --no-isolation"
)
TARGET = "target"
KNOWN = "known.py"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: its file and what must come of it. ``kind`` is the folder that it lies in."""

    name: str
    kind: str
    title: str
    file: str
    source: bytes
    expect: frozenset[Outcome] = frozenset({Outcome.FAILED})
    says: str = "HELD"
    seconds: float = DEFAULT_SECONDS
    quick: bool = False
    bites: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attack. It held if there are no ``problems``, each a sentence."""

    attack: Attack
    problems: tuple[str, ...]
    seconds: float
    grade: Grade | None = None

    @property
    def held(self) -> bool:
        """Did it get nothing?"""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Target:
    """What attacks are tried on: a course and a gradebook of their own, with words planted in them."""

    directory: Path
    assignment: Assignment
    checks: tuple[Check, ...]
    secret: str
    known: str

    @property
    def state(self) -> Path:
        """The folder of the gradebook, which holds a neighbour's submission."""
        return self.directory / "state"

    def submission(self, attack: Attack, examiner: int) -> Submission:
        """Return an attack as it is handed in, with what an attacker may be taken to know."""
        known = self.known.replace("@EXAMINER@", str(examiner))
        return Submission({attack.file: attack.source, KNOWN: known.encode()})

    def neighbours(self) -> list[Submission]:
        """Return honest work: one that is right and one that is wrong."""
        ((file, right),) = list_solutions(self.assignment)[0].items()
        wrong = self.assignment.directory / self.assignment.mistakes[0].file
        return [Submission({file: path.read_bytes()}) for path in (right, wrong)]


def read_attacks(folder: Path | None = None) -> list[Attack]:
    """Return the attacks in ``folder``, the ones that ship by default, in the order of their kinds and names.

    Raises:
        FaultError: a file is not an attack.
    """
    root = folder if folder is not None else find_data("attacks")
    files = [
        path for path in sorted(root.glob("*/*")) if path.suffix in (".py", ".yaml") and path.parent.name != TARGET
    ]
    return [_read_attack(path) for path in files if not path.name.startswith("__")]


def _read_attack(path: Path) -> Attack:
    source = path.read_bytes()
    if path.suffix == ".yaml":
        title = source.decode().partition("\n")[0].lstrip("# ")
        constants: dict[str, Any] = {"SAYS": "", "EXPECT": {"not_run"}}
    else:
        tree = ast.parse(source)
        title = (ast.get_docstring(tree) or "").partition("\n")[0]
        constants = _read_constants(tree)
    if not title:
        raise FaultError(f"{path} does not say what it tries", "give it a docstring")
    return Attack(
        name=path.stem,
        kind=path.parent.name,
        title=title,
        file=ANSWERS if path.suffix == ".yaml" else "scale.py",
        source=source,
        expect=frozenset(Outcome(word) for word in constants.get("EXPECT", {"failed"})),
        says=constants.get("SAYS", "HELD"),
        seconds=float(constants.get("SECONDS", DEFAULT_SECONDS)),
        quick=bool(constants.get("QUICK", False)),
        bites=bool(constants.get("BITES", False)),
    )


def _read_constants(tree: ast.Module) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # the attack's own
    return found


@contextmanager
def stage_target() -> Iterator[Target]:
    """Make a course and a gradebook with planted words in a folder of their own, which is gone with the block."""
    directory = Path(tempfile.mkdtemp(prefix="grader-doctor-"))
    try:
        secret = f"{PREFIX}-{secrets.token_hex(16)}"
        course = directory / "course"
        shutil.copytree(find_data("attacks") / TARGET, course, ignore=shutil.ignore_patterns("__pycache__"))
        known = (course / KNOWN).read_text()
        (course / KNOWN).unlink()
        for path in course.rglob("*.*"):
            if path.is_file():
                path.write_text(path.read_text().replace("@SECRET@", secret))
        loaded = load_course(course)
        assignment = loaded.load(loaded.assignments[0])
        _store_neighbour(directory / "state", assignment, secret)
        yield Target(
            directory, assignment, tuple(read_checks(assignment)), secret, _fill_in(known, assignment, directory)
        )
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _store_neighbour(state: Path, assignment: Assignment, secret: str) -> None:
    work = Submission({assignment.code_questions[0].file: f'WORD = "{secret}-in-the-gradebook"\n'.encode()})
    with Gradebook.open(state) as gradebook:
        gradebook.submit("neighbour", assignment.id, work, datetime.now(UTC))


def _fill_in(known: str, assignment: Assignment, directory: Path) -> str:
    folder = assignment.directory
    places = {
        "@HIDDEN@": folder / "checks" / "hidden" / "test_hidden.py",
        "@SOLUTION@": folder / "solutions" / "plain.py",
        "@MISTAKE@": folder / "mistakes" / "added.py",
        "@GRADEBOOK@": directory / "state" / DATABASE,
        "@NEIGHBOUR@": next(path for path in (directory / "state" / "blobs").rglob("*") if path.is_file()),
        "@COURSE@": directory / "course",
        "@PREFIX@": PREFIX,
    }
    for word, place in places.items():
        known = known.replace(word, str(place))
    return known


def try_attacks(
    examiner: Examiner, target: Target, attacks: Iterable[Attack], *, isolated: bool = True
) -> Iterator[Attempt]:
    """Hand in each attack between two neighbours; yields what came of it.

    Raises:
        FaultError: this machine cannot isolate code at all.
    """
    setup = Setup(secrets=(target.state,), isolated=isolated)
    alone = [_grade_all(examiner, target, [submission], setup)[0] for submission in target.neighbours()]
    for attack in attacks:
        started = time.monotonic()
        right, wrong = target.neighbours()
        work = [right, target.submission(attack, examiner.pid), wrong]
        first, grade, last = _grade_all(examiner, target, work, setup)
        seconds = time.monotonic() - started
        problems = _find_problems(attack, grade, seconds, target.secret)
        if [first, last] != alone:
            problems.append("A neighbour's grade is not what it is alone.")
        yield Attempt(attack, tuple(problems), seconds, grade)


def _grade_all(examiner: Examiner, target: Target, work: Sequence[Submission], setup: Setup) -> list[Grade]:
    graded = dict(grade_submissions(examiner, target.assignment, target.checks, work, setup))
    return [graded[number] for number in range(len(work))]


def _find_problems(attack: Attack, grade: Grade, seconds: float, secret: str) -> list[str]:
    problems = [line.strip() for line in grade.output.splitlines() if BREACH in line][:3]
    outcomes = {check.outcome for question in grade.questions for check in question.checks}
    if grade.score:
        problems.append(f"It earned {float(grade.score):g} points.")
    if grade.status is Status.PENDING:
        problems.append(f"It made the grader fail: {grade.fault}")
    if not outcomes <= attack.expect:
        problems.append(f"Its checks {_list(outcomes)}, which should have {_list(attack.expect)}.")
    if attack.says not in grade.output:
        problems.append(f"It did not get to try: {attack.says!r} is not in what it printed.")
    if secret in json.dumps(grade_to_json(grade)):
        problems.append("A planted word came out.")
    if seconds > attack.seconds:
        problems.append(f"It took {seconds:.1f} s, and may take {attack.seconds:g} s.")
    return problems


def _list(outcomes: Iterable[Outcome]) -> str:
    return " and ".join(sorted(outcome.replace("_", " ") for outcome in outcomes))
