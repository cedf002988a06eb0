"""An instructor's inbox: whose work lies where, and grading it all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.cli.seat import Seat
from grader.errors import GraderError, InputError
from grader.gradebook import Entry, Gradebook, check_student
from grader.grading import Examiner, Setup, grade_submissions
from grader.scoring import Grade
from grader.spec import Assignment
from grader.submission import Submission, read_marker, read_submission


@dataclass(frozen=True, slots=True)
class Work:
    """One student's work for one assignment, read; or ``refused``, which says why it could not be."""

    path: Path
    student: str
    assignment: Assignment | None = None
    submission: Submission | None = None
    refused: GraderError | None = None


def read_inbox(seat: Seat, inbox: Path, assignment: Assignment | None) -> list[Work]:
    """Read the work in a folder: each entry is one student's, its name the student's id.

    Without an assignment, each entry is a folder of folders that ``grader fetch`` made. Work that cannot be read is
    in the list all the same.

    Raises:
        InputError: there is no such folder, or nothing in it.
    """
    if not inbox.is_dir():
        raise InputError(f"{inbox}: there is no such folder", "give a folder that holds one folder or zip per student")
    work: list[Work] = []
    for entry in _visible(inbox):
        student = entry.stem if entry.is_file() else entry.name
        if assignment is not None:
            work.append(_read_one(entry, student, assignment))
        elif entry.is_dir():
            work += [_read_marked(seat, folder, student) for folder in _visible(entry)]
        else:
            error = InputError("nothing says which assignment it is", "name it with --assignment")
            work.append(Work(entry, student, refused=error))
    if not work:
        raise InputError(f"{inbox} holds nobody's work", "it should hold one folder or zip per student")
    return work


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "__")))


def _read_marked(seat: Seat, folder: Path, student: str) -> Work:
    try:
        marker = read_marker(folder) if folder.is_dir() else None
        # A folder without a marker may still be named after its assignment.
        assignment = seat.course.load(marker["assignment"] if marker is not None else folder.stem)
    except GraderError as error:
        return Work(folder, student, refused=error)
    return _read_one(folder, student, assignment)


def _read_one(path: Path, student: str, assignment: Assignment) -> Work:
    try:
        return Work(path, check_student(student), assignment, read_submission(path, assignment))
    except GraderError as error:
        return Work(path, student, assignment, refused=error)


def grade_work(
    examiner: Examiner, gradebook: Gradebook, work: Sequence[Work], setup: Setup
) -> Iterator[tuple[Work, Entry, Grade]]:
    """Store all work, then grade it; yields each one as its grade is stored.

    Work that is the same as the student's last submission is graded again, but is no new attempt.

    Raises:
        FaultError: this machine cannot grade; what was stored stays.
    """
    from grader.checks import read_checks

    entries = [_store(gradebook, one) for one in work]
    for assignment in {one.assignment.id: one.assignment for one in work if one.assignment is not None}.values():
        own = [
            (one, entry, one.submission)
            for one, entry in zip(work, entries, strict=True)
            if one.assignment is not None and one.assignment.id == assignment.id and one.submission is not None
        ]
        checks = read_checks(assignment)
        for number, grade in grade_submissions(examiner, assignment, checks, [sub for _, _, sub in own], setup):
            one, entry, _ = own[number]
            gradebook.add_grade(entry, grade, assignment.digest, datetime.now(UTC))
            yield one, entry, grade


def _store(gradebook: Gradebook, work: Work) -> Entry:
    assert work.assignment is not None
    assert work.submission is not None
    earlier = gradebook.entries(student=work.student, assignment=work.assignment.id)
    if earlier and earlier[-1].digest == work.submission.digest:
        return earlier[-1]
    return gradebook.submit(work.student, work.assignment.id, work.submission, datetime.now(UTC))
