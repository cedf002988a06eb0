"""Where files lie: a folder on disk, or one inside a zip, read without trust.

Sizes are capped before anything is read, links are never followed, and nothing is unpacked to disk.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grader.display import join_first
from grader.errors import SubmissionError, reason_of
from grader.language import _, later
from grader.platforms import CAN_OPEN_FOLDERS

MAX_FILE_BYTES = 1_000_000
MAX_FOLDER_ENTRIES = 5_000
MAX_ZIP_BYTES = 10_000_000
MAX_ZIP_ENTRIES = 1_000
MAX_ZIP_UNPACKED_BYTES = 100_000_000
MAX_ZIP_RATIO = 200
MAX_NAME_LENGTH = 200
# Of what a whole class handed in.
MAX_CLASS_ENTRIES = 200_000
MAX_CLASS_ZIP_BYTES = 2_000_000_000
MAX_CLASS_UNPACKED_BYTES = 20_000_000_000
MAX_CLASS_NAME_LENGTH = 500
MAX_CLASS_DIRECTORY_BYTES = 64_000_000  # of a zip: what lies in it
MAX_DEPTH = 20  # of folders


def is_zip(path: Path, mode: int | None = None) -> bool:
    """Say whether a path is taken for a zip: a file, not a link, with that ending. ``mode`` is the file's, if known."""
    mode = path.lstat().st_mode if mode is None else mode
    return stat.S_ISREG(mode) and path.suffix.casefold() == ".zip"


def is_zip_name(name: str) -> bool:
    """Say whether a file is taken for a zip by its name."""
    return is_visible(name) and name.casefold().endswith(".zip")


class Place(Protocol):
    """A folder on disk, or a folder inside a zip."""

    @property
    def names(self) -> frozenset[str]:
        """What lies directly inside and is not a folder."""

    @property
    def folders(self) -> frozenset[str]:
        """The folders directly inside."""

    @property
    def links(self) -> frozenset[str]:
        """Those of the names that are symbolic links, which are never followed."""

    def read(self, name: str, cap: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of a file of at most ``cap``, or raise SubmissionError."""

    def enter(self, folder: str, stack: ExitStack | None = None) -> Place:
        """Return a folder directly inside; it is closed with ``stack``, or with the place itself."""


def walk(place: Place) -> Iterator[str]:
    """Yield the relative paths of all files in a place that are visible.

    Raises:
        SubmissionError: there are too many, or folders are nested too deeply.
    """
    for count, path in enumerate(_walk(place, "", MAX_DEPTH)):
        if count >= MAX_CLASS_ENTRIES:
            message = _("there are more than {most:,} files", most=MAX_CLASS_ENTRIES)
            raise SubmissionError(message, _("give a folder with less in it"))
        yield path


def _walk(place: Place, prefix: str, depth: int) -> Iterator[str]:
    if depth == 0:
        message = _("{folder}: folders are nested too deeply", folder=shown(prefix))
        raise SubmissionError(message, _("give a folder with less in it"))
    yield from (f"{prefix}{name}" for name in sorted(place.names) if is_visible(name))
    for folder in sorted(place.folders):
        if is_visible(folder):
            with ExitStack() as stack:
                yield from _walk(place.enter(folder, stack), f"{prefix}{folder}/", depth - 1)


def is_visible(name: str) -> bool:
    """Is it more than what systems leave behind (``.DS_Store``, ``__MACOSX``)?"""
    return not name.startswith((".", "__"))


@dataclass(frozen=True, slots=True)
class Selection:
    """Some files of a place, under names of their own; ``paths`` says where in the place each lies."""

    place: Place
    paths: Mapping[str, str]

    @property
    def names(self) -> frozenset[str]:
        """What lies directly inside and is not a folder."""
        return frozenset(self.paths)

    @property
    def folders(self) -> frozenset[str]:
        """The folders directly inside."""
        return frozenset()

    @property
    def links(self) -> frozenset[str]:
        """The names that are symbolic links."""
        return frozenset()

    def read(self, name: str, cap: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of a file, or raise SubmissionError."""
        *folders, last = self.paths[name].split("/")
        with ExitStack() as stack:
            place = self.place
            for folder in folders:
                place = place.enter(folder, stack)
            return place.read(last, cap)

    def enter(self, folder: str, stack: ExitStack | None = None) -> Place:
        """Return a folder directly inside."""
        raise SubmissionError(_("there is no folder {folder}", folder=shown(folder)))


def shown(name: object) -> str:
    """Return a name as it may be printed: no control characters, no more than 100 characters."""
    text = str(name)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= 100 else f"{text[:97]}..."


def listed(names: Iterable[str]) -> str:
    """Return names as they may be printed, the first six of them."""
    names = [shown(name) for name in names]
    return join_first(names, 6) if names else _("nothing")


def too_large(name: str, size: int, cap: int) -> SubmissionError:
    """Return the error for a file with more bytes than are taken."""
    message = _("{name} is too large: {size:,} bytes, and at most {most:,} are taken", name=name, size=size, most=cap)
    return SubmissionError(message, _("hand in source code only: no data, weights or pictures"))


# Folders.

# Not every system has every flag: Windows has one of its own, without which it changes what it reads.
_FLAGS = ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
_READ_ONLY = os.O_RDONLY | sum(getattr(os, name, 0) for name in _FLAGS)
_FOLDER = _READ_ONLY | getattr(os, "O_DIRECTORY", 0)
_JUNCTION = 0xA0000003  # the tag by which Windows knows one


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder. Everything inside is reached through its descriptor, so no path is looked up twice.

    Where a system cannot do that ``base`` is the folder's path, and files are compared with what was looked at.
    """

    base: int | Path
    names: frozenset[str]
    folders: frozenset[str]
    links: frozenset[str]
    stack: ExitStack

    @classmethod
    def open(
        cls, path: str | Path, stack: ExitStack, parent: int | Path | None = None, *, cap: int = MAX_FOLDER_ENTRIES
    ) -> Folder:
        """Open a folder until ``stack`` ends.

        Raises:
            SubmissionError: it is no folder, or holds more than ``cap`` entries.
            OSError: it cannot be opened.
        """
        reached, opened = _reach(path, parent)
        mode = _mode_of(os.stat(reached, dir_fd=opened, follow_symlinks=False))
        if not stat.S_ISDIR(mode):
            refuse_special(mode, shown(path))
        base: int | Path = Path(reached)
        if CAN_OPEN_FOLDERS:
            base = os.open(reached, _FOLDER, dir_fd=opened)
            stack.callback(os.close, base)
        names: set[str] = set()
        folders: set[str] = set()
        links: set[str] = set()
        with os.scandir(base) as entries:
            for count, entry in enumerate(entries):
                if count >= cap:
                    message = _("{folder} holds more than {most} files", folder=shown(path), most=cap)
                    raise SubmissionError(message, _("hand in a folder with only your answer in it"))
                (folders if entry.is_dir(follow_symlinks=False) else names).add(entry.name)
                if entry.is_symlink():
                    links.add(entry.name)
        return cls(base, frozenset(names), frozenset(folders), frozenset(links), stack)

    def read(self, name: str, cap: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of a file, or raise SubmissionError."""
        return read_file(name, shown(name), cap, self.base)

    def enter(self, folder: str, stack: ExitStack | None = None) -> Folder:
        """Return a folder directly inside."""
        return Folder.open(folder, self.stack if stack is None else stack, self.base)


def _reach(path: str | Path, parent: int | Path | None) -> tuple[str | Path, int | None]:
    """Return how to reach what lies in a folder: a path, and the open folder that it starts from, if there is one."""
    return (parent / path, None) if isinstance(parent, Path) else (path, parent)


def _mode_of(info: os.stat_result) -> int:
    """Return a file's mode. A junction of Windows is a link, whatever its mode says."""
    return stat.S_IFLNK if getattr(info, "st_reparse_tag", 0) == _JUNCTION else info.st_mode


def read_file(path: str | Path, name: str, cap: int, parent: int | Path | None = None) -> bytes:
    """Read a regular file of at most ``cap`` bytes; never follow a link, never wait for a pipe."""
    reached, opened = _reach(path, parent)
    try:
        # Opening a device can already do something, so its kind is asked for first, and again once it is open.
        seen = os.stat(reached, dir_fd=opened, follow_symlinks=False)
        refuse_special(_mode_of(seen), name)
        descriptor = os.open(reached, _READ_ONLY, dir_fd=opened)
        try:
            info = os.fstat(descriptor)
            refuse_special(info.st_mode, name)
            if not CAN_OPEN_FOLDERS and not os.path.samestat(seen, info):  # a link was put there meanwhile
                raise SubmissionError(_("{name} was replaced while it was read", name=name), _("try again"))
            if info.st_size > cap:
                raise too_large(name, info.st_size, cap)
            return _read_capped(descriptor, name, cap)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unreadable(error, name) from error


def _read_capped(descriptor: int, name: str, cap: int) -> bytes:
    data = bytearray()
    # The size was asked for above; a file that grows meanwhile is held to the cap too.
    while chunk := os.read(descriptor, min(cap + 1 - len(data), 1 << 20)):
        data += chunk
        if len(data) > cap:
            raise too_large(name, len(data), cap)
    return bytes(data)


_KINDS = (
    (stat.S_ISLNK, later("{name} is a symbolic link"), later("hand in the file or folder itself, not a link to it")),
    (stat.S_ISDIR, later("{name} is a folder, not a file"), later("put your answer into a file of that name")),
    (stat.S_ISFIFO, later("{name} is a named pipe, not a file"), later("hand in an ordinary file")),
    (stat.S_ISSOCK, later("{name} is a socket, not a file"), later("hand in an ordinary file")),
)


def refuse_special(mode: int, name: str) -> None:
    """Raise SubmissionError unless it is the mode of a regular file."""
    if stat.S_ISREG(mode):
        return
    for is_kind, words, hint in _KINDS:
        if is_kind(mode):
            raise SubmissionError(_(words, name=name), _(hint))
    raise SubmissionError(_("{name} is a device, not a file", name=name), _("hand in an ordinary file"))


def unreadable(error: OSError, name: str) -> SubmissionError:
    """Return the error for what the system does not let us read."""
    if error.errno in (errno.EACCES, errno.EPERM):
        message = _("{path} cannot be read: {reason}", path=name, reason=_("permission denied"))
        return SubmissionError(message, _("allow reading it: {command}", command=f"chmod u+rX '{name}'"))
    message = _("{path} cannot be read: {reason}", path=name, reason=reason_of(error))
    return SubmissionError(message, _("check the path, and try again"))


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
LOCAL_ENTRY = b"PK\x03\x04"


@dataclass(slots=True)
class _Node:
    """A folder in a zip. A ``fault`` is that of an entry somewhere inside; those of files are by name."""

    files: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    folders: dict[str, _Node] = field(default_factory=dict)
    faults: dict[str, SubmissionError] = field(default_factory=dict)
    fault: SubmissionError | None = None

    def reach(self, folders: Iterable[str]) -> _Node:
        """Return a folder inside, which is made if there is none."""
        node = self
        for folder in folders:
            node = node.folders.setdefault(folder, _Node())
        return node


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip, or a folder in it. Nothing of it is unpacked but what is read."""

    archive: zipfile.ZipFile
    node: _Node
    where: str

    @classmethod
    def open(cls, data: bytes, where: str) -> Archive:
        """Open one student's zip. One entry that cannot be taken refuses it all.

        Raises:
            SubmissionError: it cannot be taken.
        """
        archive = _open_archive(io.BytesIO(data), where)
        root = _Node()
        size = 0
        for info in archive.infolist():
            name = _entry_name(info, where)
            *folders, last = name.split("/")
            if info.is_dir():
                continue
            node = root.reach(folders)
            if last in node.files:
                raise _twice(name, where)
            node.files[last] = info
            size += info.file_size
        if size > MAX_ZIP_UNPACKED_BYTES:
            message = _("{zip} would unpack to more than {most:,} bytes", zip=where, most=MAX_ZIP_UNPACKED_BYTES)
            raise SubmissionError(message, _("zip only your answer: no data, weights or pictures"))
        return cls(archive, root, where)

    @property
    def names(self) -> frozenset[str]:
        """What lies directly inside and is not a folder."""
        return frozenset(self.node.files)

    @property
    def folders(self) -> frozenset[str]:
        """The folders directly inside."""
        return frozenset(self.node.folders)

    @property
    def links(self) -> frozenset[str]:
        """The names that are symbolic links."""
        return frozenset()

    def paths(self) -> Iterator[str]:
        """Yield the relative paths of all files inside, however deep."""
        nodes = [("", self.node)]
        while nodes:
            prefix, node = nodes.pop()
            yield from (f"{prefix}{name}" for name in node.files)
            nodes += [(f"{prefix}{name}/", inner) for name, inner in node.folders.items()]

    def enter(self, folder: str, stack: ExitStack | None = None) -> Archive:
        """Return a folder directly inside."""
        node = self.node.folders[folder]
        if node.fault is not None:
            raise node.fault
        return Archive(self.archive, node, self.where)

    def read(self, name: str, cap: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of a file, or raise SubmissionError."""
        if name in self.node.faults:
            raise self.node.faults[name]
        info = self.node.files[name]
        _check_entry(info, shown(name), self.where, cap)
        try:
            with self.archive.open(info) as file:
                data = file.read(cap + 1)
        except _ZIP_ERRORS:
            raise _damaged(name, self.where) from None
        if len(data) != info.file_size:
            raise _damaged(name, self.where)
        return data


def _open_archive(file: io.BufferedIOBase, where: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _ZIP_ERRORS:
        message = _("{zip} is not a zip file, or it is damaged", zip=where)
        raise SubmissionError(message, _("make the zip again")) from None


def _twice(name: str, where: str) -> SubmissionError:
    message = _("{zip} holds {name} twice", zip=where, name=shown(name))
    return SubmissionError(message, _("make the zip again, from one folder"))


class _ClassFile(io.BufferedReader):
    """A zip of a whole class on disk. Of its directory no more is parsed than may be."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the bytes of a file, or raise SubmissionError."""
        data = super().read(min(size, MAX_CLASS_DIRECTORY_BYTES) if size is not None and size >= 0 else size)
        if len(data) > MAX_FILE_BYTES and data.count(_CENTRAL_ENTRY) > MAX_CLASS_ENTRIES:
            raise zipfile.BadZipFile("too many entries")
        return data


def open_class_zip(path: Path, stack: ExitStack) -> Archive:
    """Open the zip of a whole class, until ``stack`` ends. An entry that cannot be taken refuses only whose it is.

    Raises:
        SubmissionError: it is no zip, or larger than any class needs.
        OSError: it cannot be opened.
    """
    where = shown(path.name)
    size = path.stat().st_size
    if size > MAX_CLASS_ZIP_BYTES:
        message = f"{where} is too large: {size:,} bytes, and at most {MAX_CLASS_ZIP_BYTES:,} are taken"
        raise SubmissionError(message, "split it, or unpack it and give the folder")
    descriptor = os.open(path, _READ_ONLY & ~getattr(os, "O_NOFOLLOW", 0))
    file = stack.enter_context(_ClassFile(io.FileIO(descriptor)))
    archive = stack.enter_context(_open_archive(file, where))
    entries = archive.infolist()
    if len(entries) > MAX_CLASS_ENTRIES or sum(info.file_size for info in entries) > MAX_CLASS_UNPACKED_BYTES:
        message = f"{where} holds more than {MAX_CLASS_ENTRIES:,} files or {MAX_CLASS_UNPACKED_BYTES:,} bytes"
        raise SubmissionError(message, "split it, or unpack it and give the folder")
    root = _Node()
    for info in entries:
        _add_entry(root, info, where)
    return Archive(archive, root, where)


def _add_entry(root: _Node, info: zipfile.ZipInfo, where: str) -> None:
    """Add an entry of a class's zip; what is wrong with it is told of whose it is."""
    try:
        name = _entry_name(info, where, whole_class=True)
    except SubmissionError as fault:
        first, _slash, rest = info.orig_filename.lstrip("/").partition("/")
        first = first if name_fault(first) is None else _("a file named {name!a}", name=first[:50])
        if rest:
            root.reach([first]).fault = fault
        else:
            root.files[first], root.faults[first] = info, fault
        return
    *folders, last = name.split("/")
    if len(folders) > MAX_DEPTH:
        root.reach(folders[:1]).fault = SubmissionError(_("{name} in {zip} lies too deep", name=shown(name), zip=where))
        return
    if info.is_dir():
        root.reach(name.split("/") if name else [])
        return
    node = root.reach(folders)
    if last in node.files:
        node.faults[last] = _twice(name, where)
        if folders:
            root.folders[folders[0]].fault = node.faults[last]
    node.files[last] = info


def _damaged(name: str, where: str) -> SubmissionError:
    return SubmissionError(_("{name} in {zip} is damaged", name=shown(name), zip=where), _("make the zip again"))


def _entry_name(info: zipfile.ZipInfo, where: str, *, whole_class: bool = False) -> str:
    """Return the normal form of an entry's name, or refuse the entry."""
    raw = info.orig_filename  # zipfile cuts .filename at a NUL byte
    name = "/".join(part for part in raw.split("/") if part not in ("", "."))
    longest = MAX_CLASS_NAME_LENGTH if whole_class else MAX_NAME_LENGTH
    is_top = not name and raw.endswith("/")  # such as "./": the folder that was zipped
    fault = _("an absolute path") if raw.startswith("/") else None if is_top else name_fault(name, longest)
    if fault:
        message = _("{zip} holds {name!r}: {fault}", zip=where, name=shown(raw), fault=fault)
        raise SubmissionError(message, _("zip the folder itself, and hand that in"))
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        link, other = later("{name} in {zip} is a symbolic link"), later("{name} in {zip} is not an ordinary file")
        message = _(link if kind == stat.S_IFLNK else other, name=shown(name), zip=where)
        raise SubmissionError(message, _("zip the files themselves"))
    if info.flag_bits & 0x41:
        raise SubmissionError(_("{zip} is encrypted", zip=where), _("make a zip without a password"))
    if not whole_class and name.casefold().endswith(".zip") and not name.startswith("__MACOSX/"):
        message = _("{zip} holds another zip, {name}", zip=where, name=shown(name))
        raise SubmissionError(message, _("zip the files themselves"))
    return name


def _check_entry(info: zipfile.ZipInfo, name: str, where: str, cap: int) -> None:
    if info.file_size > cap:
        raise too_large(name, info.file_size, cap)
    if info.file_size > MAX_ZIP_RATIO * max(info.compress_size, 50):
        message = _("{name} in {zip} is packed too tightly for source code", name=name, zip=where)
        raise SubmissionError(message, _("make the zip again"))
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        message = _("{name} in {zip} is compressed in a way that is not taken", name=name, zip=where)
        raise SubmissionError(message, _("make an ordinary zip (method 'deflate' or 'store')"))


def name_fault(name: str, longest: int = MAX_NAME_LENGTH) -> str | None:
    """Say what is wrong with a relative posix path, or return None."""
    if not name or len(name) > longest:
        return _("a name that is empty or too long")
    if "\\" in name:
        return _("a backslash in a name")
    if name.startswith("/"):
        return _("an absolute path")
    if re.match(r"[A-Za-z]:", name):
        return _("a path with a drive letter")
    if any(part in ("", ".", "..") for part in name.split("/")):
        return _("a path that leaves its folder, or is not in its plain form")
    return None if name.isprintable() else _("a name with characters that cannot be printed")


def open_zip(data: bytes, where: str) -> Archive:
    """Open one student's zip, which nobody has looked at yet; see ``Archive.open``."""
    # Counted before its directory is parsed: ten megabytes of that would cost seconds and much memory.
    if data.count(_CENTRAL_ENTRY) > MAX_ZIP_ENTRIES:
        message = _("{zip} holds more than {most} files", zip=where, most=MAX_ZIP_ENTRIES)
        raise SubmissionError(message, _("zip only your answer"))
    return Archive.open(data, where)
