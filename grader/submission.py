"""A folder, a file, a notebook or a zip becomes a ``Submission``: a frozen snapshot of what a student hands in.

Whatever is read here is hostile. Sizes are capped before anything is read, links are never followed, nothing is
unpacked to disk, and what cannot be taken is refused in words that tell the student the next step.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import struct
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from grader.cells import Piece, take_cells
from grader.decoding import decode
from grader.errors import SubmissionError, find_near, suggest
from grader.language import _, later
from grader.meaning import is_untouched, meaning_of_stub, read_meaning
from grader.notebooks import MAX_NOTEBOOK_BYTES, SUFFIX, Notebook, is_notebook_name, read_notebook
from grader.places import (
    MAX_FILE_BYTES,
    MAX_NAME_LENGTH,
    MAX_ZIP_BYTES,
    Archive,
    Folder,
    Place,
    Selection,
    is_visible,
    is_zip,
    is_zip_name,
    listed,
    name_fault,
    open_zip,
    read_file,
    refuse_special,
    shown,
    too_large,
    unreadable,
)

if TYPE_CHECKING:
    from grader.spec import Assignment

MARKER = "grader.json"
ANSWERS = "answers.yaml"

MAX_TOTAL_BYTES = 4_000_000
MAX_FILES = 50
MAX_MARKER_BYTES = 10_000
MAX_NOTEBOOKS = 10  # that are looked into in one folder

IGNORED_FOLDERS = frozenset({"__pycache__", "__MACOSX", "checks"})


class Marker(TypedDict):
    """What ``grader.json`` in a student's folder says; ``student`` is whom its questions were drawn for.

    ``course`` is the title of the course that it was fetched from, ``course_folder`` where that was.
    """

    format: Literal[1]
    assignment: str
    student: NotRequired[str]
    course: NotRequired[str]
    course_folder: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Submission:
    """What a student handed in: relative posix names and the bytes of each file, as they were.

    ``drawn_for`` is the student whose variants the folder says it holds. It is a claim, and good for a note only.
    Where a notebook was handed in, ``pieces`` says which lines of the files stand in which cell, and ``notes`` what the
    student should know of what was taken; neither is stored.

    Raises:
        SubmissionError: a name is not a safe relative path, or there is more than the caps allow.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    drawn_for: str | None = field(default=None, compare=False)
    pieces: tuple[Piece, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for name in self.files:
            if fault := name_fault(name):
                raise SubmissionError(f"{shown(name)}: {fault}")
        _check_amount(self.files)
        ordered = {name: bytes(self.files[name]) for name in sorted(self.files)}
        object.__setattr__(self, "files", MappingProxyType(ordered))

    def __reduce__(self) -> tuple[type[Submission], tuple[Any, ...]]:
        # A mapping proxy cannot be copied to another process; the plain dict behind it can.
        return Submission, (dict(self.files), self.drawn_for, self.pieces, self.notes)

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """``"sha256:…"`` over names and contents: equal exactly when two submissions hold the same files."""
        digest = hashlib.sha256()
        for name, content in self.files.items():
            for part in (name.encode(), content):
                digest.update(struct.pack(">Q", len(part)))
                digest.update(part)
        return f"sha256:{digest.hexdigest()}"

    def text(self, name: str) -> str | None:
        """Return a file as text, its line ends made newlines, decoded as Python would, or None when it is not there.

        Raises:
            SubmissionError: the file is not text; the message names its line.
        """
        content = self.files.get(name)
        return None if content is None else decode(name, content)


def expected_files(assignment: Assignment) -> tuple[str, ...]:
    """Return the names of the files that an assignment asks a student for."""
    names = dict.fromkeys(question.file for question in assignment.code_questions)
    if assignment.has_quiz:
        names[ANSWERS] = None
    return tuple(names)


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """Read what a student hands in for an assignment: a folder, one of its files, a notebook, or a zip.

    The files that the assignment asks for are taken, and other Python files beside them. Some may be missing: the
    rest is graded. Of a notebook the cells that answer are taken, see ``grader.cells``.

    Raises:
        SubmissionError: it cannot be taken; says what was expected, what was found, and what to do.
    """
    try:
        with ExitStack() as stack:
            return _read(path, assignment, stack)
    except OSError as error:
        raise unreadable(error, shown(path)) from error


def read_marker(path: Path) -> Marker | None:
    """Return what ``grader.json`` in a student's folder, or in a zip of it, or a notebook says; None where none does.

    Raises:
        SubmissionError: the folder, the zip or the marker cannot be read, or the marker is broken.
    """
    try:
        with ExitStack() as stack:
            mode = _lstat(path).st_mode
            if stat.S_ISREG(mode) and is_notebook_name(path.name):
                return _marker_of(_read_notebook_file(path), path.name)
            if not is_zip(path, mode):
                return _read_marker(Folder.open(path, stack), path)
            return _read_marker(_find_marker(_open_path(path)), path)
    except OSError as error:
        raise unreadable(error, shown(path)) from error


def take_submission(place: Place, path: Path, assignment: Assignment) -> Submission:
    """Read what a student hands in from an open place; where it holds no answer but one zip, from that zip.

    ``path`` is what errors call it. See ``read_submission``.

    Raises:
        SubmissionError: it cannot be taken.
    """
    try:
        found = _find_folder(place, assignment)
        if not _holds_answer(found, assignment):
            packed = _find_folder(_open_only_zip(found), assignment)
            found = packed if _holds_answer(packed, assignment) or not _list_notebooks(found) else found
        return _take(found, path, assignment)
    except OSError as error:
        raise unreadable(error, shown(path)) from error


def find_marker(place: Place, path: Path) -> Marker | None:
    """Return what ``grader.json`` or a notebook in an open place says, or in the one folder or zip in it.

    Raises:
        SubmissionError: what lies there cannot be read, or the marker is broken.
    """
    try:
        found = _find_marker(place)
        marker = _read_marker(found, path)
        return marker or _read_marker(_find_marker(_open_only_zip(found)), path)
    except OSError as error:
        raise unreadable(error, shown(path)) from error


def holds_answer(place: Place, assignment: Assignment | None) -> bool:
    """Does a place, or the one folder in it, hold a file that is asked for, or a marker? It is one submission then.

    So is one notebook alone; several may be a class's.
    """
    inner = _inner_folders(place)
    if _list_notebooks(place) and sum(map(is_visible, (*place.names, *place.folders))) == 1:
        return True
    if assignment is None:
        only = place.enter(inner[0]) if len(inner) == 1 else place
        return MARKER in place.names or MARKER in only.names
    found = _find_folder(place, assignment)
    return _holds_answer(found, assignment) or notebook_name(assignment) in found.names


def notebook_name(assignment: Assignment) -> str:
    """Return the name of the notebook that a student may fetch for an assignment."""
    return f"{assignment.id}{SUFFIX}"


def pack(submission: Submission) -> bytes:
    """Return a submission as a zip for the store: the same content gives the same bytes, on every machine."""
    buffer = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in submission.files.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def unpack(data: bytes) -> Submission:
    """Return the submission that ``pack`` made these bytes of.

    Raises:
        SubmissionError: the bytes are damaged, or were never a packed submission.
    """
    if len(data) > MAX_TOTAL_BYTES + MAX_FILES * 10 * MAX_NAME_LENGTH:
        raise SubmissionError(_("the stored submission is larger than any can be"))
    archive = Archive.open(data, _("the stored submission"))
    files: dict[str, bytes] = {}
    for name in archive.paths():
        files[name] = Selection(archive, {name: name}).read(name)
        _check_amount(files)
    return Submission(files)


# One submission, wherever it lies.


def _read(path: Path, assignment: Assignment, stack: ExitStack) -> Submission:
    mode = _lstat(path).st_mode
    if stat.S_ISDIR(mode):
        return _take(_find_folder(Folder.open(path, stack), assignment), path, assignment)
    refuse_special(mode, shown(path))
    if is_zip(path, mode):
        return _take(_find_folder(_open_path(path), assignment), path, assignment)
    if is_notebook_name(path.name):
        return _take_notebook(_read_notebook_file(path), path.name, assignment)
    return _take_file(path, assignment)


def _open_path(path: Path) -> Archive:
    return open_zip(read_file(path, shown(path), MAX_ZIP_BYTES), shown(path.name))


def _find_marker(place: Place) -> Place:
    """Return the place itself, or the one folder in it where that may have the marker."""
    inner = _inner_folders(place)
    return place.enter(inner[0]) if MARKER not in place.names and len(inner) == 1 else place


def _open_only_zip(place: Place) -> Place:
    """Return what is in the one zip that lies in a place, or the place itself."""
    zips = [name for name in place.names if is_zip_name(name)]
    if len(zips) != 1:
        return place
    return open_zip(place.read(zips[0], MAX_ZIP_BYTES), shown(zips[0]))


def _lstat(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: never a path, such as one with a NUL
        message = _("there is no file or folder {path}", path=shown(path))
        raise SubmissionError(message, _("give your folder, one of its files, or a zip of it")) from None


def _find_folder(place: Place, assignment: Assignment) -> Place:
    """Return the place itself, or the one folder in it where the files lie there: zips are often made so."""
    inner = _inner_folders(place)
    if _holds_answer(place, assignment) or len(inner) != 1:
        return place
    try:
        only = place.enter(inner[0])
    except (OSError, SubmissionError):
        return place
    is_there = _holds_answer(only, assignment) or (_list_notebooks(only) and not _list_notebooks(place))
    return only if is_there else place


def _holds_answer(place: Place, assignment: Assignment) -> bool:
    expected = {_folded(name) for name in expected_files(assignment)}
    return MARKER in place.names or any(_folded(name) in expected for name in place.names)


def _inner_folders(place: Place) -> list[str]:
    return sorted(name for name in place.folders if not name.startswith(".") and name not in IGNORED_FOLDERS)


def _take(place: Place, path: Path, assignment: Assignment) -> Submission:
    marker = _read_marker_file(place, path)
    _check_marker(marker, path, assignment)
    expected = expected_files(assignment)
    _refuse_misnamed(place, expected)
    wanted = [name for name in expected if name in place.names]
    given = _read_all(place, wanted)
    found = _find_notebook(place, assignment, given)
    if found is None and not wanted:
        raise _nothing_found(place, path, assignment)
    if assignment.code_questions:
        wanted += sorted(name for name in place.names if _is_module(name) and name not in expected)
    files = _read_all(place, wanted)
    drawn_for = marker.get("student") if marker is not None else None
    if found is None:
        return _checked(files, drawn_for)
    taken = _take_beside(*found, given, assignment)
    return _checked({**files, **taken.files}, taken.drawn_for or drawn_for, taken.pieces, taken.notes)


def _read_all(place: Place, names: Sequence[str]) -> dict[str, bytes]:
    if len(names) > MAX_FILES:
        raise _too_many_files()
    files: dict[str, bytes] = {}
    for name in names:
        files[name] = place.read(name)
        _check_amount(files)
    return files


def _take_file(path: Path, assignment: Assignment) -> Submission:
    expected = expected_files(assignment)
    if path.name not in expected:
        near = _misnamed(path.name, expected)
        guess = suggest(near, [near]) if near else suggest(path.name, expected)
        values = {"name": shown(path.name), "assignment": assignment.id, "files": listed(expected)}
        message = _("{name} is not a file of {assignment}, which asks for {files}", **values)
        raise SubmissionError(f"{message}{guess}", _rename_hint(path.name, near or expected[0], assignment))
    return _checked({path.name: read_file(path, shown(path.name), MAX_FILE_BYTES)})


def _rename_hint(name: str, expected: str, assignment: Assignment) -> str:
    if name.casefold().endswith((".py", ".yml", ".yaml", ".txt")):
        return _("rename it to {file}", file=expected)
    hint = later("give your folder, a zip of it, or {file}; `grader fetch {assignment}` makes a fresh folder")
    return _(hint, file=expected, assignment=assignment.id)


def _checked(
    files: Mapping[str, bytes],
    drawn_for: str | None = None,
    pieces: tuple[Piece, ...] = (),
    notes: tuple[str, ...] = (),
) -> Submission:
    submission = Submission(files, drawn_for, pieces, notes)
    for name in submission.files:
        submission.text(name)
    return submission


def _check_amount(files: Mapping[str, bytes]) -> None:
    if len(files) > MAX_FILES:
        raise _too_many_files()
    for name, content in files.items():
        if len(content) > MAX_FILE_BYTES:
            raise too_large(shown(name), len(content), MAX_FILE_BYTES)
    if sum(map(len, files.values())) > MAX_TOTAL_BYTES:
        message = _("the files of this submission are larger than {most:,} bytes together", most=MAX_TOTAL_BYTES)
        raise SubmissionError(message, _("hand in only the Python files that your answer needs"))


def _too_many_files() -> SubmissionError:
    message = _("there are more than {most} Python files beside the answer", most=MAX_FILES)
    return SubmissionError(message, _("hand in a folder with only the files that your answer needs"))


def _is_module(name: str) -> bool:
    """Say whether a file can be imported by its name, so that an answer may need it."""
    return name.endswith(".py") and name[:-3].isidentifier() and name_fault(name) is None


# Words for a folder that does not hold what is asked for.


def _folded(name: str) -> str:
    """Return what is left of a file name without the differences that people and browsers make."""
    name = re.sub(r"[ _-]?\(\d{1,3}\)", "", name.casefold().removesuffix(".txt"))
    name = re.sub(r"[ -]", "_", name)
    return f"{name[:-4]}.yaml" if name.endswith(".yml") else name


def _misnamed(name: str, expected: Iterable[str]) -> str | None:
    return next((wanted for wanted in expected if _folded(name) == _folded(wanted)), None)


def _refuse_misnamed(place: Place, expected: tuple[str, ...]) -> None:
    missing = [name for name in expected if name not in place.names]
    for name in missing:
        if name in place.folders:
            message = _("{name} is a folder, not a file", name=name)
            raise SubmissionError(message, _("put your answer into a file named {name}", name=name))
    for name in sorted(place.names):
        if name not in expected and (wanted := _misnamed(name, missing)):
            near = suggest(wanted, [wanted])
            message = _("{name} is not a name that is asked for{near}", name=shown(name), near=near)
            raise SubmissionError(message, _("rename {name} to {file}", name=shown(name), file=wanted))


def _nothing_found(place: Place, path: Path, assignment: Assignment) -> SubmissionError:
    expected = expected_files(assignment)
    visible = sorted(name for name in place.names if not name.startswith("."))
    folders = _inner_folders(place)
    found = listed([*visible, *(f"{name}/" for name in folders)])
    guess = next(filter(None, (suggest(name, expected) for name in visible)), "")
    values = {"path": shown(path), "assignment": assignment.id, "expected": listed(expected), "found": found}
    message = _("{path} holds none of the files of {assignment}: expected {expected}, found {found}", **values)
    return SubmissionError(f"{message}{guess}", _elsewhere(place, folders, visible, assignment))


def _elsewhere(place: Place, folders: list[str], visible: list[str], assignment: Assignment) -> str:
    """Return the next step for a student whose folder holds nothing that is asked for."""
    expected = expected_files(assignment)
    for folder in folders[:20]:
        with suppress(OSError, SubmissionError):
            if _holds_answer(place.enter(folder), assignment):
                return _("look into the folder {folder}, and give that one", folder=shown(folder))
    for name in visible:
        if name.casefold().endswith(".zip"):
            return _("there is {name}: give it instead", name=shown(name))
    for name in visible:
        if (wanted := find_near(name, expected)) is not None:
            return _("rename {name} to {file}", name=shown(name), file=wanted)
    hint = later("put your answer into {file}; `grader fetch {assignment}` makes a fresh folder")
    return _(hint, file=expected[0], assignment=assignment.id)


# Notebooks.


def _list_notebooks(place: Place) -> list[str]:
    return sorted(filter(is_notebook_name, place.names))


def _read_notebook_file(path: Path) -> Notebook:
    return read_notebook(read_file(path, shown(path.name), MAX_NOTEBOOK_BYTES), path.name)


def _read_notebooks(place: Place) -> tuple[list[tuple[str, Notebook]], list[SubmissionError]]:
    """Return the notebooks in a place, each content once, and what is wrong with those that cannot be read."""
    found: dict[bytes, tuple[str, Notebook]] = {}
    faults = []
    for name in _list_notebooks(place)[:MAX_NOTEBOOKS]:
        try:
            data = place.read(name, MAX_NOTEBOOK_BYTES)
            digest = hashlib.sha256(data).digest()
            if digest not in found:
                found[digest] = name, read_notebook(data, name)
        except SubmissionError as fault:
            faults.append(fault)
    return list(found.values()), faults


def _find_notebook(place: Place, assignment: Assignment, given: Mapping[str, bytes]) -> tuple[str, Notebook] | None:
    """Return the notebook of an assignment; where files that are asked for are ``given``, only one that says it is.

    Raises:
        SubmissionError: there are several, or one cannot be read and nothing else is filled in.
    """
    books, faults = _read_notebooks(place)
    own = [one for one in books if one[1].marker is not None and one[1].marker.get("assignment") == assignment.id]
    found = own or ([] if given else books)
    if found and (number := len(_list_notebooks(place))) > MAX_NOTEBOOKS:  # one of the others may be the assignment's
        message = _(
            "there are {number} notebooks, and at most {most} are looked into", number=number, most=MAX_NOTEBOOKS
        )
        raise SubmissionError(message, _("give the one that counts, or delete the others"))
    if len(found) > 1:
        names = listed(name for name, _book in found)
        message = _("there are {number} notebooks: {names}", number=len(found), names=names)
        raise SubmissionError(message, _("give the one that counts, or delete the others"))
    if not found and faults and is_untouched(given, assignment):
        raise faults[0]
    return found[0] if found else None


def _marker_of(book: Notebook, name: str) -> Marker | None:
    if book.marker is None:
        return None
    where = _("the metadata of {name}", name=shown(name))
    return _check_format(book.marker, where, _("fetch the assignment again"))


def _take_notebook(book: Notebook, name: str, assignment: Assignment, beside: Collection[str] = ()) -> Submission:
    marker = _marker_of(book, name)
    _check_marker(marker, Path(name), assignment)
    taken = take_cells(book, name, assignment, ANSWERS, beside)
    drawn_for = marker.get("student") if marker is not None else None
    return _checked(taken.files, drawn_for, taken.pieces, taken.notes)


def _take_beside(name: str, book: Notebook, given: Mapping[str, bytes], assignment: Assignment) -> Submission:
    """Return what of a notebook is the answer, where files that are asked for may be ``given`` beside it.

    Of a file that is there both ways the one counts that was filled in.

    Raises:
        SubmissionError: both were, and do not say the same; or the notebook cannot be taken, and no file is filled in.
    """
    theirs, stub = read_meaning(given), meaning_of_stub(assignment)
    try:
        taken = _take_notebook(book, name, assignment, [file for file in given if theirs.get(file) != stub.get(file)])
    except SubmissionError:
        if is_untouched(given, assignment):
            raise
        return Submission()
    if not given:
        return taken
    own = read_meaning(taken.files)
    filled = [file for file in taken.files if own.get(file) != stub.get(file)]
    differ = [file for file in filled if file not in given or own.get(file) != theirs.get(file)]
    if clash := [file for file in differ if file in given and theirs.get(file) != stub.get(file)]:
        message = _("there are {name} and {files}, and they do not say the same", name=shown(name), files=listed(clash))
        hint = _("give the one that counts ({name} alone, say), or delete the other", name=shown(name))
        raise SubmissionError(message, hint)
    pieces = tuple(piece for piece in taken.pieces if piece.file in differ)
    kept = {file: taken.files[file] for file in differ}
    return Submission(kept, taken.drawn_for if kept else None, pieces, taken.notes if kept else ())


# The marker.


def _read_marker_file(place: Place, path: Path) -> Marker | None:
    if MARKER not in place.names:
        return None
    return _parse_marker(place.read(MARKER), _("{file} in {path}", file=MARKER, path=shown(path)))


def _read_marker(place: Place, path: Path) -> Marker | None:
    """Return what a place's own marker says, or else the notebooks in it where they agree."""
    if MARKER in place.names:
        return _read_marker_file(place, path)
    books, _faults = _read_notebooks(place)
    found = [marker for name, book in books if (marker := _marker_of(book, name)) is not None]
    return found[0] if len({marker["assignment"] for marker in found}) == 1 else None


def _parse_marker(data: bytes, where: str) -> Marker:
    hint = _("fetch the assignment again, or delete the file")
    if len(data) > MAX_MARKER_BYTES:
        raise SubmissionError(_("{where} is too large for a marker", where=where), hint)
    try:
        marker = json.loads(data)
    except (ValueError, RecursionError):
        raise SubmissionError(_("{where} is not valid JSON", where=where), hint) from None
    return _check_format(marker, where, hint)


def _check_format(marker: object, where: str, hint: str) -> Marker:
    if not isinstance(marker, dict) or type(marker.get("format")) is not int:
        raise SubmissionError(_("{where} does not say which format it has", where=where), hint)
    if marker["format"] != 1:
        values = {"where": where, "number": shown(marker["format"])}
        message = _("{where} has format {number}, and this version of grader knows format 1", **values)
        raise SubmissionError(message, _("install a newer grader"))
    assignment = marker.get("assignment")
    if not isinstance(assignment, str) or not assignment or not assignment.isprintable():
        raise SubmissionError(_("{where} does not name an assignment", where=where), hint)
    known: Marker = {"format": 1, "assignment": assignment}
    for name in ("student", "course", "course_folder"):
        word = marker.get(name)
        if isinstance(word, str) and 0 < len(word) <= MAX_NAME_LENGTH and word.isprintable():
            known[name] = word
    return known


def _check_marker(marker: Marker | None, path: Path, assignment: Assignment) -> None:
    if marker is not None and marker["assignment"] != assignment.id:
        values = {"path": shown(path), "other": shown(marker["assignment"]), "assignment": assignment.id}
        message = _("{path} belongs to the assignment {other!r}, not to {assignment!r}", **values)
        raise SubmissionError(message, _("give the folder that `grader fetch {assignment}` made", **values))
