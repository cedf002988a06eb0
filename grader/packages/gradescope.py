"""An assignment as an autograder of Gradescope: a zip that installs grader in Gradescope's container and runs it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from grader.archive import ZipEntry, is_plain, write_archive
from grader.checks import Check, read_checks
from grader.display import format_points
from grader.errors import InputError
from grader.language import ENGLISH
from grader.packages.wheel import list_requirements, make_wheel
from grader.policy import Policy
from grader.questions import TextQuestion
from grader.resources import find_data
from grader.results import Visibility
from grader.spec import Assignment

SETTINGS = "settings.json"
ASSIGNMENTS = "assignments"
MAX_FOLDER_BYTES = 50_000_000
OWN_MEMORY_MB = 500  # of grader itself, torch twice included
PROGRAMS = ("setup.sh", "run_autograder")


class Shown(StrEnum):
    """When Gradescope shows a test to students."""

    VISIBLE = "visible"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    HIDDEN = "hidden"


class StudentField(StrEnum):
    """What of a student's account with Gradescope is the student's id in the course."""

    EMAIL = "email"
    SID = "sid"


_FIELD_WORDS = {StudentField.EMAIL: "e-mail address", StudentField.SID: "student ID"}


@dataclass(frozen=True, slots=True)
class Settings:
    """How the autograder grades: when hidden checks are shown, when answers' feedback is, and what counts.

    ``language`` is the course's.
    """

    assignment: str
    hidden: Shown = Shown.AFTER_PUBLISHED
    feedback: Shown = Shown.VISIBLE
    with_bonus: bool = False
    student: StudentField = StudentField.EMAIL
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class Contents:
    """What an autograder holds: its files, and what an instructor should know.

    ``memory_mb`` is what its container needs, for a submission that uses all that it may.
    """

    entries: tuple[ZipEntry, ...]
    points: Fraction
    bonus: Fraction
    public: int
    hidden: int
    memory_mb: int
    notes: tuple[str, ...]


def collect(assignment: Assignment, policy: Policy, settings: Settings, requirements: Sequence[str] = ()) -> Contents:
    """Gather what goes into an assignment's autograder.

    ``requirements`` are lines for pip beside those that grader needs.

    Raises:
        InputError: the assignment's folder holds what cannot be packed.
        SpecError: its checks are wrong.
        FaultError: grader is not installed.
    """
    checks = read_checks(assignment)
    wheel = make_wheel()
    texts = {
        SETTINGS: json.dumps({"format": 1, **asdict(settings)}, indent=1) + "\n",
        "requirements.txt": list_requirements(_check_requirements(requirements)),
    }
    scripts = find_data("templates") / "gradescope"
    entries = [
        *(ZipEntry(name, (scripts / name).read_bytes, is_program=True) for name in PROGRAMS),
        *(ZipEntry(name, text.encode) for name, text in texts.items()),
        ZipEntry(wheel.name, lambda: wheel.data),
        *_pack_assignment(assignment),
    ]
    left = _list_left(assignment, checks)
    return Contents(
        entries=tuple(entries),
        points=assignment.points - sum(left.values()),
        bonus=sum((check.points for check in checks if check.bonus and check.needs_device != "cuda"), Fraction(0)),
        public=sum(check.visibility is Visibility.PUBLIC for check in checks),
        hidden=sum(check.visibility is Visibility.HIDDEN for check in checks),
        memory_mb=assignment.limits.memory_mb + OWN_MEMORY_MB,
        notes=tuple(_find_notes(assignment, policy, left, settings)),
    )


def write_gradescope(out: Path, contents: Contents) -> None:
    """Write an autograder's zip.

    Raises:
        InputError: it cannot be written.
    """
    write_archive(out, contents.entries)


def _pack_assignment(assignment: Assignment) -> list[ZipEntry]:
    folder = assignment.directory.resolve()
    entries, size = [], 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part == "__pycache__" for part in parts) or path.is_dir():
            continue
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path} is a link or no ordinary file", "put the file itself there")
        name = "/".join((ASSIGNMENTS, assignment.id, *parts))
        if not is_plain(name):
            raise InputError(f"{path} has a name that not every system can have", "rename it")
        size += path.stat().st_size
        entries.append(ZipEntry(name, path.read_bytes))
    if size > MAX_FOLDER_BYTES:
        message = f"{folder} holds {size:,} bytes, and at most {MAX_FOLDER_BYTES:,} are packed"
        raise InputError(message, "move data that checks do not need elsewhere")
    return entries


def _check_requirements(lines: Sequence[str]) -> Sequence[str]:
    for line in lines:
        if not re.fullmatch(
            r"[A-Za-z0-9][A-Za-z0-9._\[\],-]*\s*([=<>!~]=?\s*[A-Za-z0-9.*+!_-]+,?\s*)*", line, re.ASCII
        ):
            raise InputError(f"{line!r} is not a requirement", "write it as for pip: scipy==1.17.0")
    return lines


def _list_left(assignment: Assignment, checks: Sequence[Check]) -> Mapping[str, Fraction]:
    """Return the points that this autograder cannot give: for a ``person`` to read, and for a ``gpu``."""
    texts = [q.points for q in assignment.questions if isinstance(q, TextQuestion) and not q.accept]
    deferred = [check.points for check in checks if check.needs_device == "cuda" and not check.bonus]
    return {"person": sum(texts, Fraction(0)), "gpu": sum(deferred, Fraction(0))}


def _find_notes(assignment: Assignment, policy: Policy, left: Mapping[str, Fraction], settings: Settings) -> list[str]:
    notes = []
    if left["person"]:
        notes.append(
            f"a person reads some answers: add a manually graded question of {format_points(left['person'])} in "
            "Gradescope, which are not among the autograder's"
        )
    if left["gpu"]:
        notes.append(
            f"{format_points(left['gpu'])} for checks on a GPU are left out: Gradescope has none to run them on"
        )
    if assignment.has_variants:
        notes.append(
            f"questions differ from student to student, and are drawn for the {_FIELD_WORDS[settings.student]} that "
            f"Gradescope knows: give each student what `grader fetch {assignment.id} --student ID` makes of it"
        )
    if policy.late.model_fields_set or policy.attempts.model_fields_set:
        notes.append("lateness and the number of attempts are Gradescope's: set them there, the course's do not count")
    return notes
