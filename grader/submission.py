"""A folder, a single file or a zip becomes a ``Submission``: a frozen snapshot of what a student hands in.

Whatever is read here is hostile. Sizes are capped before anything is read, links are never followed, nothing is
unpacked to disk, and what cannot be taken is refused in words that tell the student the next step.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import io
import json
import os
import re
import stat
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NotRequired, Protocol, TypedDict

from grader.errors import SubmissionError, reason_of, suggest

if TYPE_CHECKING:
    from grader.spec import Assignment

MARKER = "grader.json"
ANSWERS = "answers.yaml"

MAX_FILE_BYTES = 1_000_000
MAX_TOTAL_BYTES = 4_000_000
MAX_FILES = 50
MAX_FOLDER_ENTRIES = 5_000
MAX_ZIP_BYTES = 10_000_000
MAX_ZIP_ENTRIES = 1_000
MAX_ZIP_UNPACKED_BYTES = 100_000_000
MAX_ZIP_RATIO = 200
MAX_MARKER_BYTES = 10_000
MAX_NAME_LENGTH = 200

IGNORED_FOLDERS = frozenset({"__pycache__", "__MACOSX", "checks"})


class Marker(TypedDict):
    """What ``grader.json`` in a student's folder says; ``student`` is whom its questions were drawn for."""

    format: Literal[1]
    assignment: str
    student: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Submission:
    """What a student handed in: relative posix names and the bytes of each file, as they were.

    ``drawn_for`` is the student whose variants the folder says it holds. It is a claim, and good for a note only.

    Raises:
        SubmissionError: a name is not a safe relative path, or there is more than the caps allow.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    drawn_for: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name in self.files:
            if fault := _name_fault(name):
                raise SubmissionError(f"{_shown(name)}: {fault}")
        _check_amount(self.files)
        ordered = {name: bytes(self.files[name]) for name in sorted(self.files)}
        object.__setattr__(self, "files", MappingProxyType(ordered))

    def __reduce__(self) -> tuple[type[Submission], tuple[dict[str, bytes], str | None]]:
        # A mapping proxy cannot be copied to another process; the plain dict behind it can.
        return Submission, (dict(self.files), self.drawn_for)

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
        return None if content is None else _decode(name, content)


def expected_files(assignment: Assignment) -> tuple[str, ...]:
    """Return the names of the files that an assignment asks a student for."""
    names = dict.fromkeys(question.file for question in assignment.code_questions)
    if assignment.has_quiz:
        names[ANSWERS] = None
    return tuple(names)


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """Read what a student hands in for an assignment: a folder, one of its files, or a zip.

    The files that the assignment asks for are taken, and other Python files beside them. Some may be missing: the
    rest is graded.

    Raises:
        SubmissionError: it cannot be taken; says what was expected, what was found, and what to do.
    """
    try:
        with ExitStack() as stack:
            return _read(path, assignment, stack)
    except OSError as error:
        raise _unreadable(error, _shown(path)) from error


def read_marker(path: Path) -> Marker | None:
    """Return what ``grader.json`` in a student's folder, or in a zip of it, says; None where there is none.

    Raises:
        SubmissionError: the folder, the zip or the marker cannot be read, or the marker is broken.
    """
    try:
        with ExitStack() as stack:
            if not is_zip(path, _lstat(path).st_mode):
                return _read_marker(_Folder.open(path, stack), path)
            archive = _open_zip(path)
            inner = _inner_folders(archive)
            place = archive.enter(inner[0]) if MARKER not in archive.names and len(inner) == 1 else archive
            return _read_marker(place, path)
    except OSError as error:
        raise _unreadable(error, _shown(path)) from error


def is_zip(path: Path, mode: int | None = None) -> bool:
    """Say whether a path is taken for a zip: a file, not a link, with that ending. ``mode`` is the file's, if known."""
    mode = path.lstat().st_mode if mode is None else mode
    return stat.S_ISREG(mode) and path.suffix.casefold() == ".zip"


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
        raise SubmissionError("the stored submission is larger than any can be")
    archive = _Archive.open(data, "the stored submission")
    files: dict[str, bytes] = {}
    for name in archive.entries:
        files[name] = archive.read(name)
        _check_amount(files)
    return Submission(files)


# One submission, wherever it lies.


class _Place(Protocol):
    """A folder on disk, or a folder inside a zip."""

    @property
    def names(self) -> frozenset[str]:
        """What lies directly inside and is not a folder."""

    @property
    def folders(self) -> frozenset[str]:
        """The folders directly inside."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a file, or raise SubmissionError."""

    def enter(self, folder: str) -> _Place:
        """Return a folder directly inside."""


def _read(path: Path, assignment: Assignment, stack: ExitStack) -> Submission:
    mode = _lstat(path).st_mode
    if stat.S_ISDIR(mode):
        return _take(_find_folder(_Folder.open(path, stack), assignment), path, assignment)
    _refuse_special(mode, _shown(path))
    if is_zip(path, mode):
        return _take(_find_folder(_open_zip(path), assignment), path, assignment)
    return _take_file(path, assignment)


def _open_zip(path: Path) -> _Archive:
    data = _read_file(path, _shown(path), MAX_ZIP_BYTES)
    # Counted before its directory is parsed: ten megabytes of that would cost seconds and much memory.
    if data.count(_CENTRAL_ENTRY) > MAX_ZIP_ENTRIES:
        message = f"{_shown(path.name)} holds more than {MAX_ZIP_ENTRIES} files"
        raise SubmissionError(message, "zip only your answer")
    return _Archive.open(data, _shown(path.name))


def _lstat(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: never a path, such as one with a NUL
        message = f"there is no file or folder {_shown(path)}"
        raise SubmissionError(message, "give your folder, one of its files, or a zip of it") from None


def _find_folder(place: _Place, assignment: Assignment) -> _Place:
    """Return the place itself, or the one folder in it where the files lie there: zips are often made so."""
    inner = _inner_folders(place)
    if _holds_answer(place, assignment) or len(inner) != 1:
        return place
    try:
        only = place.enter(inner[0])
    except (OSError, SubmissionError):
        return place
    return only if _holds_answer(only, assignment) else place


def _holds_answer(place: _Place, assignment: Assignment) -> bool:
    expected = {_folded(name) for name in expected_files(assignment)}
    return MARKER in place.names or any(_folded(name) in expected for name in place.names)


def _inner_folders(place: _Place) -> list[str]:
    return sorted(name for name in place.folders if not name.startswith(".") and name not in IGNORED_FOLDERS)


def _take(place: _Place, path: Path, assignment: Assignment) -> Submission:
    marker = _read_marker(place, path)
    _check_marker(marker, path, assignment)
    expected = expected_files(assignment)
    _refuse_misnamed(place, expected)
    wanted = [name for name in expected if name in place.names]
    if not wanted:
        raise _nothing_found(place, path, assignment)
    if assignment.code_questions:
        wanted += sorted(name for name in place.names if _is_module(name) and name not in expected)
    files: dict[str, bytes] = {}
    if len(wanted) > MAX_FILES:
        raise _too_many_files()
    for name in wanted:
        files[name] = place.read(name)
        _check_amount(files)
    return _checked(files, marker.get("student") if marker is not None else None)


def _take_file(path: Path, assignment: Assignment) -> Submission:
    expected = expected_files(assignment)
    if path.name not in expected:
        near = _misnamed(path.name, expected)
        guess = f"; did you mean {near!r}?" if near else suggest(path.name, expected)
        message = f"{_shown(path.name)} is not a file of {assignment.id}, which asks for {_listed(expected)}{guess}"
        raise SubmissionError(message, _rename_hint(path.name, near or expected[0], assignment))
    return _checked({path.name: _read_file(path, _shown(path.name), MAX_FILE_BYTES)})


def _rename_hint(name: str, expected: str, assignment: Assignment) -> str:
    if name.casefold().endswith(".ipynb"):
        return f"copy your code from the notebook into {expected}"
    if name.casefold().endswith((".py", ".yml", ".yaml", ".txt")):
        return f"rename it to {expected}"
    return f"give your folder, a zip of it, or {expected}; `grader fetch {assignment.id}` makes a fresh folder"


def _checked(files: Mapping[str, bytes], drawn_for: str | None = None) -> Submission:
    submission = Submission(files, drawn_for)
    for name in submission.files:
        submission.text(name)
    return submission


def _check_amount(files: Mapping[str, bytes]) -> None:
    if len(files) > MAX_FILES:
        raise _too_many_files()
    for name, content in files.items():
        if len(content) > MAX_FILE_BYTES:
            raise _too_large(_shown(name), len(content), MAX_FILE_BYTES)
    if sum(map(len, files.values())) > MAX_TOTAL_BYTES:
        message = f"the files of this submission are larger than {MAX_TOTAL_BYTES:,} bytes together"
        raise SubmissionError(message, "hand in only the Python files that your answer needs")


def _too_many_files() -> SubmissionError:
    message = f"there are more than {MAX_FILES} Python files beside the answer"
    return SubmissionError(message, "hand in a folder with only the files that your answer needs")


def _too_large(name: str, size: int, cap: int) -> SubmissionError:
    message = f"{name} is too large: {size:,} bytes, and at most {cap:,} are taken"
    return SubmissionError(message, "hand in source code only: no data, weights or pictures")


def _is_module(name: str) -> bool:
    """Say whether a file can be imported by its name, so that an answer may need it."""
    return name.endswith(".py") and name[:-3].isidentifier() and _name_fault(name) is None


# Words for a folder that does not hold what is asked for.


def _folded(name: str) -> str:
    """Return what is left of a file name without the differences that people and browsers make."""
    name = re.sub(r"[ _-]?\(\d{1,3}\)", "", name.casefold().removesuffix(".txt"))
    name = re.sub(r"[ -]", "_", name)
    return f"{name[:-4]}.yaml" if name.endswith(".yml") else name


def _misnamed(name: str, expected: Iterable[str]) -> str | None:
    return next((wanted for wanted in expected if _folded(name) == _folded(wanted)), None)


def _refuse_misnamed(place: _Place, expected: tuple[str, ...]) -> None:
    missing = [name for name in expected if name not in place.names]
    for name in missing:
        if name in place.folders:
            raise SubmissionError(f"{name} is a folder, not a file", f"put your answer into a file named {name}")
    for name in sorted(place.names):
        if name not in expected and (wanted := _misnamed(name, missing)):
            message = f"{_shown(name)} is not a name that is asked for; did you mean {wanted!r}?"
            raise SubmissionError(message, f"rename {_shown(name)} to {wanted}")


def _nothing_found(place: _Place, path: Path, assignment: Assignment) -> SubmissionError:
    expected = expected_files(assignment)
    visible = sorted(name for name in place.names if not name.startswith("."))
    folders = _inner_folders(place)
    found = _listed([*visible, *(f"{name}/" for name in folders)])
    guess = next(filter(None, (suggest(name, expected) for name in visible)), "")
    message = f"{_shown(path)} holds none of the files of {assignment.id}: expected {_listed(expected)}, found {found}"
    return SubmissionError(f"{message}{guess}", _elsewhere(place, folders, visible, assignment))


def _elsewhere(place: _Place, folders: list[str], visible: list[str], assignment: Assignment) -> str:
    """Return the next step for a student whose folder holds nothing that is asked for."""
    expected = expected_files(assignment)
    for folder in folders[:20]:
        with suppress(OSError, SubmissionError):
            if _holds_answer(place.enter(folder), assignment):
                return f"look into the folder {_shown(folder)}, and give that one"
    for name in visible:
        if name.casefold().endswith((".zip", ".ipynb")):
            verb = "give it instead" if name.casefold().endswith(".zip") else f"copy your code into {expected[0]}"
            return f"there is {_shown(name)}: {verb}"
    return f"put your answer into {expected[0]}; `grader fetch {assignment.id}` makes a fresh folder"


def _shown(name: object) -> str:
    """Return a name as it may be printed: no control characters, no more than 100 characters."""
    text = str(name)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= 100 else f"{text[:97]}..."


def _listed(names: Iterable[str]) -> str:
    names = [_shown(name) for name in names]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{', '.join(names[:6])}{more}" if names else "nothing"


# The marker.


def _read_marker(place: _Place, path: Path) -> Marker | None:
    if MARKER not in place.names:
        return None
    return _parse_marker(place.read(MARKER), f"{MARKER} in {_shown(path)}")


def _parse_marker(data: bytes, where: str) -> Marker:
    hint = "fetch the assignment again, or delete the file"
    if len(data) > MAX_MARKER_BYTES:
        raise SubmissionError(f"{where} is too large for a marker", hint)
    try:
        marker = json.loads(data)
    except (ValueError, RecursionError):
        raise SubmissionError(f"{where} is not valid JSON", hint) from None
    if not isinstance(marker, dict) or type(marker.get("format")) is not int:
        raise SubmissionError(f"{where} does not say which format it has", hint)
    if marker["format"] != 1:
        message = f"{where} has format {_shown(marker['format'])}, and this version of grader knows format 1"
        raise SubmissionError(message, "install a newer grader")
    assignment = marker.get("assignment")
    if not isinstance(assignment, str) or not assignment or not assignment.isprintable():
        raise SubmissionError(f"{where} does not name an assignment", hint)
    student = marker.get("student")
    if isinstance(student, str) and 0 < len(student) <= MAX_NAME_LENGTH and student.isprintable():
        return {"format": 1, "assignment": assignment, "student": student}
    return {"format": 1, "assignment": assignment}


def _check_marker(marker: Marker | None, path: Path, assignment: Assignment) -> None:
    if marker is not None and marker["assignment"] != assignment.id:
        message = f"{_shown(path)} belongs to the assignment {_shown(marker['assignment'])!r}, not to {assignment.id!r}"
        raise SubmissionError(message, f"give the folder that `grader fetch {assignment.id}` made")


# Folders.

_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class _Folder:
    """An open folder. Everything inside is reached through its descriptor, so no path is looked up twice."""

    descriptor: int
    names: frozenset[str]
    folders: frozenset[str]
    stack: ExitStack

    @classmethod
    def open(cls, path: str | Path, stack: ExitStack, parent: int | None = None) -> _Folder:
        mode = os.stat(path, dir_fd=parent, follow_symlinks=False).st_mode
        if not stat.S_ISDIR(mode):
            _refuse_special(mode, _shown(path))
        descriptor = os.open(path, _READ_ONLY | os.O_DIRECTORY, dir_fd=parent)
        stack.callback(os.close, descriptor)
        names: set[str] = set()
        folders: set[str] = set()
        with os.scandir(descriptor) as entries:
            for count, entry in enumerate(entries):
                if count >= MAX_FOLDER_ENTRIES:
                    message = f"{_shown(path)} holds more than {MAX_FOLDER_ENTRIES} files"
                    raise SubmissionError(message, "hand in a folder with only your answer in it")
                (folders if entry.is_dir(follow_symlinks=False) else names).add(entry.name)
        return cls(descriptor, frozenset(names), frozenset(folders), stack)

    def read(self, name: str) -> bytes:
        return _read_file(name, _shown(name), MAX_FILE_BYTES, self.descriptor)

    def enter(self, folder: str) -> _Folder:
        return _Folder.open(folder, self.stack, self.descriptor)


def _read_file(path: str | Path, name: str, cap: int, parent: int | None = None) -> bytes:
    """Read a regular file of at most ``cap`` bytes; never follow a link, never wait for a pipe."""
    try:
        # Opening a device can already do something, so its kind is asked for first, and again once it is open.
        _refuse_special(os.stat(path, dir_fd=parent, follow_symlinks=False).st_mode, name)
        descriptor = os.open(path, _READ_ONLY, dir_fd=parent)
        try:
            info = os.fstat(descriptor)
            _refuse_special(info.st_mode, name)
            if info.st_size > cap:
                raise _too_large(name, info.st_size, cap)
            return _read_capped(descriptor, name, cap)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(error, name) from error


def _read_capped(descriptor: int, name: str, cap: int) -> bytes:
    data = bytearray()
    # The size was asked for above; a file that grows meanwhile is held to the cap too.
    while chunk := os.read(descriptor, min(cap + 1 - len(data), 1 << 20)):
        data += chunk
        if len(data) > cap:
            raise _too_large(name, len(data), cap)
    return bytes(data)


_KINDS = (
    (stat.S_ISLNK, "a symbolic link", "hand in the file or folder itself, not a link to it"),
    (stat.S_ISDIR, "a folder, not a file", "put your answer into a file of that name"),
    (stat.S_ISFIFO, "a named pipe, not a file", "hand in an ordinary file"),
    (stat.S_ISSOCK, "a socket, not a file", "hand in an ordinary file"),
)


def _refuse_special(mode: int, name: str) -> None:
    if stat.S_ISREG(mode):
        return
    for is_kind, words, hint in _KINDS:
        if is_kind(mode):
            raise SubmissionError(f"{name} is {words}", hint)
    raise SubmissionError(f"{name} is a device, not a file", "hand in an ordinary file")


def _unreadable(error: OSError, name: str) -> SubmissionError:
    if error.errno in (errno.EACCES, errno.EPERM):
        return SubmissionError(f"{name} cannot be read: permission denied", f"allow reading it: chmod u+rX '{name}'")
    reason = reason_of(error)
    return SubmissionError(f"{name} cannot be read: {reason}", "check the path, and try again")


# Zips.

# What zipfile raises for damaged or hostile bytes, as seen when feeding it such.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # also NotImplementedError: an encryption or compression that it does not know
    OverflowError,
    MemoryError,
    IndexError,
)
_CENTRAL_ENTRY = b"PK\x01\x02"
_LOCAL_ENTRY = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class _Archive:
    """A zip in memory, or a folder in it. ``entries`` maps the safe names under ``prefix`` to their entries."""

    archive: zipfile.ZipFile
    entries: Mapping[str, zipfile.ZipInfo]
    where: str

    @classmethod
    def open(cls, data: bytes, where: str) -> _Archive:
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except _ZIP_ERRORS:
            raise SubmissionError(f"{where} is not a zip file, or it is damaged", "make the zip again") from None
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            name = _entry_name(info, where)
            if name in entries:
                raise SubmissionError(f"{where} holds {_shown(name)} twice", "make the zip again, from one folder")
            if not info.is_dir():
                entries[name] = info
        if sum(info.file_size for info in entries.values()) > MAX_ZIP_UNPACKED_BYTES:
            message = f"{where} would unpack to more than {MAX_ZIP_UNPACKED_BYTES:,} bytes"
            raise SubmissionError(message, "zip only your answer: no data, weights or pictures")
        return cls(archive, entries, where)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name in self.entries if "/" not in name)

    @property
    def folders(self) -> frozenset[str]:
        return frozenset(name.partition("/")[0] for name in self.entries if "/" in name)

    def enter(self, folder: str) -> _Archive:
        prefix = f"{folder}/"
        inner = {name.removeprefix(prefix): info for name, info in self.entries.items() if name.startswith(prefix)}
        return _Archive(self.archive, inner, self.where)

    def read(self, name: str) -> bytes:
        info = self.entries[name]
        _check_entry(info, _shown(name), self.where)
        try:
            with self.archive.open(info) as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except _ZIP_ERRORS:
            raise _damaged(name, self.where) from None
        if len(data) != info.file_size:
            raise _damaged(name, self.where)
        return data


def _damaged(name: str, where: str) -> SubmissionError:
    return SubmissionError(f"{_shown(name)} in {where} is damaged", "make the zip again")


def _entry_name(info: zipfile.ZipInfo, where: str) -> str:
    """Return the normal form of an entry's name, or refuse the entry."""
    raw = info.orig_filename  # zipfile cuts .filename at a NUL byte
    name = "/".join(part for part in raw.split("/") if part not in ("", "."))
    is_top = not name and raw.endswith("/")  # such as "./": the folder that was zipped
    fault = "an absolute path" if raw.startswith("/") else None if is_top else _name_fault(name)
    if fault:
        raise SubmissionError(f"{where} holds {_shown(raw)!r}: {fault}", "zip the folder itself, and hand that in")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        words = "a symbolic link" if kind == stat.S_IFLNK else "not an ordinary file"
        raise SubmissionError(f"{_shown(name)} in {where} is {words}", "zip the files themselves")
    if info.flag_bits & 0x41:
        raise SubmissionError(f"{where} is encrypted", "make a zip without a password")
    if name.casefold().endswith(".zip") and not name.startswith("__MACOSX/"):
        raise SubmissionError(f"{where} holds another zip, {_shown(name)}", "zip the files themselves")
    return name


def _check_entry(info: zipfile.ZipInfo, name: str, where: str) -> None:
    if info.file_size > MAX_FILE_BYTES:
        raise _too_large(name, info.file_size, MAX_FILE_BYTES)
    if info.file_size > MAX_ZIP_RATIO * max(info.compress_size, 50):
        raise SubmissionError(f"{name} in {where} is packed too tightly for source code", "make the zip again")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        message = f"{name} in {where} is compressed in a way that is not taken"
        raise SubmissionError(message, "make an ordinary zip (method 'deflate' or 'store')")


def _name_fault(name: str) -> str | None:
    """Say what is wrong with a relative posix path, or return None."""
    if not name or len(name) > MAX_NAME_LENGTH:
        return "a name that is empty or too long"
    if "\\" in name:
        return "a backslash in a name"
    if name.startswith("/"):
        return "an absolute path"
    if re.match(r"[A-Za-z]:", name):
        return "a path with a drive letter"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "a path that leaves its folder, or is not in its plain form"
    return None if name.isprintable() else "a name with characters that cannot be printed"


# Text.

# Codecs that read ASCII as ASCII at first sight, but give it other meanings, or take quadratic time.
_STRANGE_CODECS = re.compile(r"idna|punycode|escape|iso2022|hz|utf-7")
_ASCII = bytes(range(128))


def _decode(name: str, content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SubmissionError(f"{_shown(name)}:1: UTF-16, not UTF-8; save the file as UTF-8")
    if content.startswith(_LOCAL_ENTRY):
        raise SubmissionError(f"{_shown(name)}:1: this is a zip, not text; hand in the file that is in it")
    data = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if (position := data.find(b"\0")) >= 0:
        raise _not_text(name, data, position, "a NUL byte, which text has not; is this a text file?")
    encoding = _source_encoding(name, data) if name.endswith(".py") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # utf-8-sig counts from behind the byte order mark.
        start = error.start + len(data) - len(error.object)
        found = f"not {encoding.removesuffix('-sig').upper()} (byte 0x{data[start]:02x})"
        raise _not_text(name, data, start, f"{found}; save the file as UTF-8") from None


def _source_encoding(name: str, data: bytes) -> str:
    """Return the encoding that a Python file declares (PEP 263), or UTF-8."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        info = codecs.lookup(encoding)
        if _STRANGE_CODECS.search(info.name) or _ASCII.decode(encoding) != _ASCII.decode("ascii"):
            raise LookupError
    except (SyntaxError, LookupError, ValueError):
        _refuse_broken_start(name, data)
        message = f"{_shown(name)}:1: an encoding is declared that Python source cannot be read with"
        raise SubmissionError(f"{message}; save the file as UTF-8 and delete the declaration") from None
    return encoding


def _refuse_broken_start(name: str, data: bytes) -> None:
    """Name the byte when the lines that may declare an encoding are not UTF-8 themselves."""
    head = b"\n".join(data.split(b"\n", 2)[:2])
    try:
        head.decode()
    except UnicodeDecodeError as error:
        found = f"not UTF-8 (byte 0x{head[error.start]:02x})"
        raise _not_text(name, data, error.start, f"{found}; save the file as UTF-8") from None


def _not_text(name: str, data: bytes, position: int, words: str) -> SubmissionError:
    line = data.count(b"\n", 0, position) + 1
    return SubmissionError(f"{_shown(name)}:{line}: {words}")
