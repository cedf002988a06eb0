"""An instructor's inbox: whose work lies where, in folders, zips and downloads of learning management systems."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from grader.display import list_names
from grader.errors import GraderError, InputError, SpecError, SubmissionError, reason_of
from grader.gradebook import check_student
from grader.layouts import Layout, Pile, Sorted, describe_layout, detect_layout, sort_work
from grader.notebooks import is_notebook_name
from grader.places import (
    MAX_CLASS_ENTRIES,
    Folder,
    Place,
    Selection,
    is_visible,
    is_zip,
    is_zip_name,
    open_class_zip,
    shown,
    unreadable,
)
from grader.policy import Due
from grader.recording import Work
from grader.roster import Claims, Roster
from grader.spec import Assignment
from grader.submission import (
    MARKER,
    Submission,
    expected_files,
    find_marker,
    holds_answer,
    notebook_name,
    take_submission,
)

MOST_SUGGESTIONS = 20  # each compares a name with the whole roster
LOOKED_INTO = 20  # folders, to tell how deep a zip was made


@dataclass(frozen=True, slots=True)
class Refusal:
    """Work that cannot be taken, and why. ``student`` is a name from outside, as it stands."""

    where: str
    student: str
    error: GraderError
    assignment: str | None = None


@dataclass(slots=True)
class Inbox:
    """Whose work lies where. Of the work itself nothing is kept: it is read when it is asked for, until this closes.

    ``notes`` is what an instructor should know; ``secrets`` are the places that no student's code may read.
    """

    works: tuple[Work, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: list[str] = field(default_factory=list)
    secrets: list[Path] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the folders and zips: nothing of them can be read any more."""
        self._stack.close()


LoadAssignment = Callable[[str], Assignment]


@dataclass(frozen=True, slots=True)
class Sorting:
    """How to tell whose work is what.

    ``assignment`` is the one that all work is for; without it each student's folder says so, and ``load`` loads it.
    ``worksheet`` maps Moodle's participant numbers to what it says of each. ``zone`` is that of the LMS's clock.
    """

    load: LoadAssignment
    assignment: Assignment | None = None
    layout: Layout | None = None
    pattern: re.Pattern[str] | None = None
    roster: Roster | None = None
    worksheet: Mapping[str, Claims] | None = None
    zone: ZoneInfo | None = None


def open_inbox(paths: Sequence[Path], sorting: Sorting) -> Inbox:
    """List the work in folders and zips: of students, of a class, or as an LMS packs them.

    Work that cannot be taken, and work of somebody who is not in the roster, is refused and costs nobody else anything.

    Raises:
        InputError: there is no such path, it is one student's folder, or there is nothing in it.
    """
    inbox = Inbox()
    try:
        _fill(inbox, paths, sorting)
    except BaseException:
        inbox.close()
        raise
    return inbox


def _fill(inbox: Inbox, paths: Sequence[Path], sorting: Sorting) -> None:
    desk = _Desk(sorting)
    found: list[Work | Refusal] = []
    for path in paths:
        own = list(_list_path(path, desk, inbox))
        if not own:
            raise InputError(f"{path} holds nobody's work", "it should hold one folder or zip per student")
        found += own
        inbox.secrets += _find_secrets(path)
    works = [one for one in found if isinstance(one, Work)]
    twins = list(_refuse_twins(works))
    lost = {id(work) for work, _ in twins}
    inbox.works = tuple(work for work in works if id(work) not in lost)
    inbox.refusals = tuple(one for one in found if isinstance(one, Refusal)) + tuple(refusal for _, refusal in twins)
    inbox.notes += desk.tell()


def _find_secrets(path: Path) -> list[Path]:
    """Return what of a path students' code must not read: all of it, unless Python itself lies inside."""
    real = path.resolve()
    if not any(Path(prefix).resolve().is_relative_to(real) for prefix in (sys.prefix, sys.base_prefix)):
        return [path]
    return sorted(entry for entry in path.iterdir() if is_visible(entry.name))


class _Desk:
    """Tells whose work something is, and keeps count of what should be said about that."""

    def __init__(self, sorting: Sorting) -> None:
        self.sorting = sorting
        self.load = _load_once(sorting.load)
        self._by_name: list[str] = []
        self._by_number = 0
        self._strangers = 0

    def identify(self, claims: Claims) -> str:
        """Return a student's id.

        Raises:
            InputError: nobody in the roster can be meant, or it can be nobody's id.
        """
        worksheet, roster = self.sorting.worksheet, self.sorting.roster
        if claims.participant is not None and worksheet is not None:
            if claims.participant not in worksheet:
                hint = "give the worksheet of the same assignment, downloaded after the work"
                raise InputError(f"participant {claims.participant} is not in the worksheet", hint)
            claims = worksheet[claims.participant]
        if roster is None:
            self._by_number += claims.stated == claims.participant
            return check_student(claims.stated)
        match = roster.find(claims)
        if match is None:
            raise self._say_stranger(claims, roster)
        if match.by_name:
            self._by_name.append(match.student.id)
        return check_student(match.student.id)

    def _say_stranger(self, claims: Claims, roster: Roster) -> InputError:
        self._strangers += 1
        word = claims.name if claims.participant == claims.stated and claims.name else claims.stated
        near = roster.suggest(claims.stated) if self._strangers <= MOST_SUGGESTIONS else ""
        hint = "add the student to the roster, or rename the work to an id in it"
        if claims.participant is not None:
            hint = "Moodle names people and participant numbers only: give the grading worksheet with --worksheet"
        return InputError(f"{shown(word)} is not in the roster{near}", hint)

    def tell(self) -> Iterator[str]:
        """Yield what an instructor should know of how students were told."""
        if self._by_name:
            yield f"matched by name alone: {list_names(self._by_name)}"
        if self._by_number:
            yield (
                "without a roster or a worksheet only Moodle's participant numbers say whose work this is, and those "
                "differ from assignment to assignment: --worksheet FILE gives ids"
            )


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


@dataclass(frozen=True, slots=True)
class Owned:
    """A pile in a download, and the student whose it is."""

    student: str
    pile: Pile
    where: str


def list_owned(path: Path, sorting: Sorting) -> tuple[list[Owned], list[Refusal]]:
    """Return whose each pile in the download of an LMS is, and the piles that are nobody's or of one who has two.

    The work itself is not read: a pile that holds no file is somebody's all the same.

    Raises:
        InputError: there is no such path, or it is no download of the layout that is asked for.
    """
    desk = _Desk(sorting)
    with Inbox() as inbox:
        is_file = _is_file(path)
        root: Place = open_class_zip(path, inbox._stack) if is_file else _open_folder(path, inbox._stack)
        source, piles = _sort(root, path, desk, inbox)
    owned: dict[str, list[Owned]] = {}
    refused = []
    for pile in piles:
        where = str(source.path / pile.name)
        try:
            if pile.claims.id is not None and pile.fault is not None:  # its name is none of the layout's
                raise SubmissionError(*pile.fault)
            student = desk.identify(pile.claims)
            owned.setdefault(student, []).append(Owned(student, pile, where))
        except GraderError as error:
            refused.append(Refusal(where, pile.claims.name or pile.claims.stated, error))
    for student, same in owned.items():
        for one in same if len(same) > 1 else ():
            fault = InputError(f"{student} has {len(same)} folders here", "rename the one that is somebody else's")
            refused.append(Refusal(one.where, student, fault))
    return [same[0] for same in owned.values() if len(same) == 1], refused


# One path.


def _list_path(path: Path, desk: _Desk, inbox: Inbox) -> Iterator[Work | Refusal]:
    """Yield the work in one path: a student's zip or notebook, or a folder or zip of a class."""
    assignment = desk.sorting.assignment
    if is_notebook_name(path.name) and path.is_file():
        yield from _list_single(path, desk, inbox)
        return
    if _is_file(path):
        try:
            root: Place = open_class_zip(path, inbox._stack)
            single = desk.sorting.layout is None and desk.sorting.pattern is None and holds_answer(root, assignment)
        except (InputError, OSError) as error:
            yield Refusal(
                str(path), path.stem, error if isinstance(error, InputError) else unreadable(error, str(path))
            )
            return
        if single:
            yield from _list_single(path, desk, inbox)
            return
    else:
        root = _open_folder(path, inbox._stack)
        _refuse_single(path, root, assignment)
    source, piles = _sort(root, path, desk, inbox)
    for pile in piles:
        yield from _list_pile(source, pile, desk)


def _list_single(path: Path, desk: _Desk, inbox: Inbox) -> Iterator[Work | Refusal]:
    """Yield the work in a file that is one student's, whose id is its name."""
    folder = Folder.open(path.resolve().parent, inbox._stack, cap=MAX_CLASS_ENTRIES)
    pile = Pile(path.name, Claims(id=path.stem), files={path.name: path.resolve().name})
    yield from _list_pile(_Source(folder, path.parent, Layout.FOLDERS), pile, desk)


def _is_file(path: Path) -> bool:
    """Is it a zip? Links are followed: whoever names the path made them."""
    try:
        return is_zip(path, path.stat().st_mode)
    except (OSError, ValueError):  # _open_folder says why
        return False


def _open_folder(path: Path, stack: ExitStack) -> Folder:
    hint = "give a folder that holds one folder or zip per student"
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            raise InputError(f"{path} is neither a folder nor a zip", hint)
        return Folder.open(path.resolve(), stack, cap=MAX_CLASS_ENTRIES)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise InputError(f"{path}: there is no such folder", hint) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}") from None


def _refuse_single(path: Path, root: Place, assignment: Assignment | None) -> None:
    """Refuse one submission in the place of an inbox, whose files would each be taken for a student."""
    expected = {MARKER, *([*expected_files(assignment), notebook_name(assignment)] if assignment is not None else ())}
    if root.names & expected:
        hint = "give the folder above it, which holds one folder per student, or use `grader submit`"
        raise InputError(f"{path} is one submission, not a folder of students' work", hint)


@dataclass(frozen=True, slots=True)
class _Source:
    """An open folder or zip of a class, what to call it, and how it is laid out."""

    root: Place
    path: Path
    layout: Layout


def _sort(root: Place, path: Path, desk: _Desk, inbox: Inbox) -> tuple[_Source, Sequence[Pile]]:
    sorting = desk.sorting
    try:
        if sorting.pattern is None:
            root, path = _unwrap(root, path, sorting)
        found: Sorted = sort_work(root, sorting.layout, sorting.pattern)
    except OSError as error:
        raise unreadable(error, str(path)) from error
    if found.layout is not Layout.FOLDERS:
        inbox.notes.append(describe_layout(found.layout, str(path)))
    inbox.notes += found.notes
    return _Source(root, path, found.layout), found.piles


def _unwrap(root: Place, path: Path, sorting: Sorting) -> tuple[Place, Path]:
    """Return what is in the one folder that a zip of a class was made of, where it was made so."""
    folders = [name for name in root.folders if is_visible(name)]
    if len(folders) != 1 or any(map(is_visible, root.names)) or detect_layout(root) is not Layout.FOLDERS:
        return root, path
    inner = root.enter(folders[0])
    is_class = detect_layout(inner) is not Layout.FOLDERS
    if not is_class and not isinstance(root, Folder):
        students = [inner.enter(name) for name in sorted(filter(is_visible, inner.folders))[:LOOKED_INTO]]
        if sorting.assignment is None:  # in each student's folder lies one for each assignment
            is_class = any(MARKER in one.enter(name).names for one in students for name in one.folders)
        else:
            is_class = any(holds_answer(one, sorting.assignment) for one in students)
    return (inner, path / folders[0]) if is_class else (root, path)


# One student's pile.


def _list_pile(source: _Source, pile: Pile, desk: _Desk) -> list[Work | Refusal]:
    where = str(source.path / pile.name)
    student = pile.claims.name if pile.claims.participant and pile.claims.name else pile.claims.stated
    assignment = desk.sorting.assignment
    if pile.fault is not None:
        return [Refusal(where, student, SubmissionError(*pile.fault))]
    try:
        student = desk.identify(pile.claims)
    except GraderError as error:
        return [Refusal(where, student, error, assignment.id if assignment else None)]
    if assignment is not None:
        return [_make_work(_Spot(source, pile, where), student, assignment, desk)]
    if source.layout is Layout.FOLDERS and pile.folder is not None:
        return _list_assignments(source, pile, student, desk)
    return [_find_assignment(_Spot(source, pile, where), student, None, desk)]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where one submission lies: a student's pile, or a folder or zip in it."""

    source: _Source
    pile: Pile
    where: str
    inner: str | None = None

    def open(self, stack: ExitStack) -> Place:
        try:
            place = self.pile.open(self.source.root, stack)
            if self.inner is None:
                return place
            if self.inner in place.folders:
                return place.enter(self.inner, stack)
            return Selection(place, {self.inner: self.inner})
        except OSError as error:
            raise unreadable(error, shown(self.where)) from error

    def read(self, assignment: Assignment) -> Submission:
        """Return what was handed in, or raise SubmissionError."""
        with ExitStack() as stack:
            return take_submission(self.open(stack), Path(self.where), assignment)


def _list_assignments(source: _Source, pile: Pile, student: str, desk: _Desk) -> list[Work | Refusal]:
    """List a student's folder that holds a folder, zip or notebook for each assignment."""
    where = source.path / pile.name
    try:
        with ExitStack() as stack:
            place = _Spot(source, pile, str(where)).open(stack)
            inner = sorted(name for name in place.folders if is_visible(name))
            inner += sorted(name for name in place.names if is_zip_name(name) or is_notebook_name(name))
            marked = MARKER in place.names
    except GraderError as error:
        return [Refusal(str(where), student, error)]
    if marked or not inner:
        hint = "without --assignment, each student's folder holds a folder per assignment"
        return [Refusal(str(where), student, InputError("it holds no folder of an assignment", hint))]
    return [
        # Where nothing inside says which assignment it is, the name may.
        _find_assignment(_Spot(source, pile, str(where / name), name), student, _bare(name), desk)
        for name in inner
    ]


def _bare(name: str) -> str:
    return Path(name).stem if is_zip_name(name) or is_notebook_name(name) else name


def _find_assignment(spot: _Spot, student: str, name: str | None, desk: _Desk) -> Work | Refusal:
    assignment_id = None
    try:
        with ExitStack() as stack:
            marker = find_marker(spot.open(stack), Path(spot.where))
        assignment_id = marker["assignment"] if marker is not None else name
        if assignment_id is None:
            raise InputError("nothing says which assignment it is", "name it with --assignment")
        return _make_work(spot, student, desk.load(assignment_id), desk)
    except SpecError as error:
        return Refusal(spot.where, student, error, assignment_id)
    except GraderError as error:
        return Refusal(spot.where, student, error)


def _make_work(spot: _Spot, student: str, assignment: Assignment, desk: _Desk) -> Work:
    came, zone = spot.pile.came, desk.sorting.zone
    at = Due(came).resolve(zone) if came is not None and zone is not None else None
    return Work(student, assignment, spot.where, partial(spot.read, assignment), at, spot.pile.late)


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
            others = list_names((Path(other.where).name for other in readable if other is not one), 5)
            error = InputError(f"{one.student} has another one here: {others}", "keep the one that counts")
            yield one, Refusal(one.where, one.student, error, one.assignment.id)


def _can_be_read(work: Work) -> bool:
    try:
        work.read()
    except GraderError:
        return False
    return True
