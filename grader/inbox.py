"""An instructor's inbox: whose work lies where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.errors import GraderError, InputError, SpecError, reason_of
from grader.gradebook import check_student
from grader.recording import Work
from grader.spec import Assignment
from grader.submission import MARKER, expected_files, is_zip, read_marker, read_submission


@dataclass(frozen=True, slots=True)
class Refusal:
    """Work that cannot be taken, and why. ``student`` is a name from outside, as it stands."""

    where: str
    student: str
    error: GraderError
    assignment: str | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """Whose work lies where. Nothing of the work itself is read yet."""

    works: tuple[Work, ...]
    refusals: tuple[Refusal, ...]


LoadAssignment = Callable[[str], Assignment]


def open_inbox(inbox: Path, assignment: Assignment | None, load: LoadAssignment) -> Inbox:
    """List the work in a folder: each folder or zip in it is one student's, its name the student's id.

    Without an assignment, each is a folder of folders that ``grader fetch`` made, and ``load`` loads an assignment.

    Raises:
        InputError: there is no such folder, it is one student's, or there is nothing in it.
    """
    entries = _list_inbox(inbox)
    _refuse_single(inbox, entries, assignment)
    load_once = _load_once(load)

    found = [one for entry in entries for one in _list_entry(load_once, entry, assignment)]
    if not found:
        raise InputError(f"{inbox} holds nobody's work", "it should hold one folder or zip per student")
    works = [one for one in found if isinstance(one, Work)]
    twins = list(_refuse_twins(works))
    lost = {id(work) for work, _ in twins}
    refused = [one for one in found if isinstance(one, Refusal)] + [refusal for _, refusal in twins]
    return Inbox(tuple(work for work in works if id(work) not in lost), tuple(refused))


def _load_once(load: LoadAssignment) -> LoadAssignment:
    """Return a function that loads an assignment once for a whole class, also one that cannot be loaded."""
    known: dict[str, Assignment | GraderError] = {}

    def load_known(name: str) -> Assignment:
        if name not in known:
            try:
                known[name] = load(name)
            except GraderError as error:
                known[name] = error
        found = known[name]
        if isinstance(found, GraderError):
            raise found
        return found

    return load_known


def _list_entry(load: LoadAssignment, entry: Path, assignment: Assignment | None) -> list[Work | Refusal]:
    zipped = is_zip(entry)
    student = entry.stem if zipped else entry.name
    if entry.is_symlink():
        refused = InputError("it is a symbolic link", "put the folder or zip itself there")
    elif not entry.is_dir() and not zipped:
        refused = InputError("it is neither a folder nor a zip", "put each student's work into a folder of its own")
    elif assignment is not None:
        return [_make_work(entry, student, assignment)]
    elif zipped:
        return [_find_marked(load, entry, student, None)]
    else:
        return _list_folders(load, entry, student)
    return [Refusal(str(entry), student, refused)]


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


def _list_folders(load: LoadAssignment, folder: Path, student: str) -> list[Work | Refusal]:
    try:
        inner = [entry for entry in _visible(folder) if entry.is_dir() or is_zip(entry)]
    except OSError as error:
        return [Refusal(str(folder), student, InputError(f"it cannot be read: {reason_of(error)}"))]
    if (folder / MARKER).is_file() or not inner:
        hint = "without --assignment, each student's folder holds a folder per assignment"
        return [Refusal(str(folder), student, InputError("it holds no folder of an assignment", hint))]
    # Where nothing inside says which assignment it is, the name may.
    return [_find_marked(load, entry, student, entry.stem if is_zip(entry) else entry.name) for entry in inner]


def _find_marked(load: LoadAssignment, path: Path, student: str, name: str | None) -> Work | Refusal:
    assignment_id = None
    try:
        marker = read_marker(path)
        assignment_id = marker["assignment"] if marker is not None else name
        if assignment_id is None:
            raise InputError("nothing says which assignment it is", "name it with --assignment")
        return _make_work(path, student, load(assignment_id))
    except SpecError as error:
        return Refusal(str(path), student, error, assignment_id)
    except GraderError as error:
        return Refusal(str(path), student, error)


def _make_work(path: Path, student: str, assignment: Assignment) -> Work | Refusal:
    try:
        return Work(check_student(student), assignment, str(path), partial(read_submission, path, assignment))
    except GraderError as error:
        return Refusal(str(path), student, error, assignment.id)


def _refuse_twins(works: Sequence[Work]) -> Iterator[tuple[Work, Refusal]]:
    """Refuse works of one student for one assignment: nothing says which of them counts.

    Those that cannot be read do not count; they are refused when they are read.
    """
    twins: dict[tuple[str, str], list[Work]] = {}
    for one in works:
        twins.setdefault((one.student, one.assignment.id), []).append(one)
    for same in twins.values():
        readable = [one for one in same if _can_be_read(one)] if len(same) > 1 else same
        for one in readable if len(readable) > 1 else ():
            others = ", ".join(Path(other.where).name for other in readable if other is not one)
            error = InputError(f"{one.student} has another one here: {others}", "keep the one that counts")
            yield one, Refusal(one.where, one.student, error, one.assignment.id)


def _can_be_read(work: Work) -> bool:
    try:
        work.read()
    except GraderError:
        return False
    return True
