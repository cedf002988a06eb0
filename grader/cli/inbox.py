"""An instructor's inbox: whose work lies where, and grading it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from grader.cli.seat import Seat
from grader.engine import Engine
from grader.errors import GraderError, InputError, reason_of
from grader.gradebook import Entry, Gradebook, check_student
from grader.grading import Setup, grade_submissions
from grader.scoring import Grade, Status
from grader.spec import Assignment
from grader.submission import MARKER, Submission, expected_files, is_zip, read_marker, read_submission
from grader.variants import fill_assignment


@dataclass(frozen=True, slots=True)
class Work:
    """One student's work for one assignment, read; or ``refused``, which says why it could not be."""

    path: Path
    student: str
    assignment: Assignment | None = None
    submission: Submission | None = None
    refused: GraderError | None = None


def read_inbox(seat: Seat, inbox: Path, assignment: Assignment | None) -> list[Work]:
    """Read the work in a folder: each folder or zip in it is one student's, its name the student's id.

    Without an assignment, each is a folder of folders that ``grader fetch`` made. Work that cannot be read is in the
    list all the same.

    Raises:
        InputError: there is no such folder, it is one student's, or there is nothing in it.
    """
    entries = _list_inbox(inbox)
    _refuse_single(inbox, entries, assignment)
    work = [one for entry in entries for one in _read_entry(seat, entry, assignment)]
    if not work:
        raise InputError(f"{inbox} holds nobody's work", "it should hold one folder or zip per student")
    return list(_refuse_twins(work))


def _read_entry(seat: Seat, entry: Path, assignment: Assignment | None) -> list[Work]:
    zipped = is_zip(entry)
    student = entry.stem if zipped else entry.name
    if entry.is_symlink():
        refused = InputError("it is a symbolic link", "put the folder or zip itself there")
    elif not entry.is_dir() and not zipped:
        refused = InputError("it is neither a folder nor a zip", "put each student's work into a folder of its own")
    elif assignment is not None:
        return [_read_one(entry, student, assignment)]
    elif zipped:
        return [_read_marked(seat, entry, student, None)]
    else:
        return _read_folders(seat, entry, student)
    return [Work(entry, student, refused=refused)]


def _list_inbox(inbox: Path) -> list[Path]:
    try:
        return _visible(inbox)
    except (FileNotFoundError, NotADirectoryError):
        hint = "give a folder that holds one folder or zip per student"
        raise InputError(f"{inbox}: there is no such folder", hint) from None
    except OSError as error:
        raise InputError(f"{inbox} cannot be read: {reason_of(error)}") from None


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "__")))


def _refuse_single(inbox: Path, entries: Sequence[Path], assignment: Assignment | None) -> None:
    """Refuse one submission in the place of an inbox, whose files would each be taken for a student."""
    expected = {MARKER, *(expected_files(assignment) if assignment is not None else ())}
    if any(entry.name in expected for entry in entries):
        hint = "give the folder above it, which holds one folder per student, or use `grader submit`"
        raise InputError(f"{inbox} is one submission, not a folder of students' work", hint)


def _read_folders(seat: Seat, folder: Path, student: str) -> list[Work]:
    try:
        inner = [entry for entry in _visible(folder) if entry.is_dir() or is_zip(entry)]
    except OSError as error:
        refused = InputError(f"it cannot be read: {reason_of(error)}")
        return [Work(folder, student, refused=refused)]
    if (folder / MARKER).is_file() or not inner:
        hint = "without --assignment, each student's folder holds a folder per assignment"
        return [Work(folder, student, refused=InputError("it holds no folder of an assignment", hint))]
    # Where nothing inside says which assignment it is, the name may.
    return [_read_marked(seat, entry, student, entry.stem if is_zip(entry) else entry.name) for entry in inner]


def _read_marked(seat: Seat, path: Path, student: str, name: str | None) -> Work:
    try:
        marker = read_marker(path)
        assignment_id = marker["assignment"] if marker is not None else name
        if assignment_id is None:
            raise InputError("nothing says which assignment it is", "name it with --assignment")
        assignment = seat.course.load(assignment_id)
    except GraderError as error:
        return Work(path, student, refused=error)
    return _read_one(path, student, assignment)


def _read_one(path: Path, student: str, assignment: Assignment) -> Work:
    try:
        fill_assignment(assignment, check_student(student))  # a variant that cannot be made costs nobody else the grade
        return Work(path, check_student(student), assignment, read_submission(path, assignment))
    except GraderError as error:
        return Work(path, student, assignment, refused=error)


def _refuse_twins(work: Sequence[Work]) -> Iterator[Work]:
    """Refuse works of one student for one assignment: nothing says which of them counts."""
    twins: dict[tuple[str, str], list[Work]] = {}
    for one in work:
        if one.submission is not None and one.assignment is not None:
            twins.setdefault((one.student, one.assignment.id), []).append(one)
    for one in work:
        same = twins.get((one.student, one.assignment.id), []) if one.assignment is not None else []
        others = ", ".join(other.path.name for other in same if other is not one)
        if others and one.submission is not None:
            error = InputError(f"{one.student} has another one here: {others}", "keep the one that counts")
            yield replace(one, submission=None, refused=error)
        else:
            yield one


@dataclass(frozen=True, slots=True)
class Graded:
    """Work with its place in the gradebook and its grade; ``kept``: it had this grade already, and nothing changed."""

    work: Work
    entry: Entry
    grade: Grade
    kept: bool = False


def grade_work(
    engine: Engine,
    gradebook: Gradebook,
    work: Sequence[Work],
    setup: Setup,
    find_environment: Callable[[], Mapping[str, str]] | None = None,
) -> Iterator[Graded]:
    """Store all work, then grade it; yields each one as its grade is stored.

    Work that is the same as the student's last submission is no new attempt. It keeps the grade that it got from the
    same assignment in the same environment, which ``find_environment`` tells; without that all is graded again.

    Raises:
        FaultError: this machine cannot grade; what was stored stays.
    """
    from grader.checks import read_checks

    entries = [_store(gradebook, one) for one in work]
    to_grade: dict[str, list[tuple[Work, Entry]]] = {}
    found = [gradebook.graded_with(entry) if find_environment is not None else None for entry in entries]
    environment = find_environment() if find_environment is not None and any(found) else None  # it may take seconds
    for one, entry, earlier in zip(work, entries, found, strict=True):
        if earlier is not None and _still_holds(one, *earlier, environment):
            yield Graded(one, entry, earlier[0], kept=True)
        else:
            to_grade.setdefault(entry.assignment, []).append((one, entry))
    for own in to_grade.values():
        assignment = own[0][0].assignment
        assert assignment is not None
        submissions = [one.submission for one, _ in own if one.submission is not None]
        students = [one.student for one, _ in own]
        checks = read_checks(assignment)
        for number, grade in grade_submissions(engine, assignment, checks, submissions, setup, students):
            one, entry = own[number]
            gradebook.add_grade(entry, grade, assignment.digest, datetime.now(UTC))
            yield Graded(one, entry, grade)


def _still_holds(work: Work, grade: Grade, assignment_digest: str, environment: Mapping[str, str] | None) -> bool:
    """Would grading once more only repeat this grade?"""
    assert work.assignment is not None
    same = assignment_digest == work.assignment.digest and grade.environment == environment
    return same and grade.status is not Status.PENDING


def _store(gradebook: Gradebook, work: Work) -> Entry:
    assert work.assignment is not None
    assert work.submission is not None
    earlier = gradebook.entries(student=work.student, assignment=work.assignment.id)
    if earlier and earlier[-1].digest == work.submission.digest:
        return earlier[-1]
    return gradebook.submit(work.student, work.assignment.id, work.submission, datetime.now(UTC))
