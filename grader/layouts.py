"""How the work of a class lies in a folder or zip: as people put it there, or as a learning management system does.

Names alone decide; nothing is read here. The names come from outside and are matched, never obeyed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from grader.errors import InputError
from grader.notebooks import SUFFIX, is_notebook_name
from grader.places import Place, Selection, is_visible, is_zip_name, shown, walk
from grader.roster import Claims


class Layout(StrEnum):
    """Where each student's files are, and what says whose they are."""

    FOLDERS = "folders"  # a folder, zip or notebook for each student
    MOODLE = "moodle"
    CANVAS = "canvas"
    BLACKBOARD = "blackboard"
    BRIGHTSPACE = "brightspace"
    PATTERN = "pattern"  # as a regular expression says


@dataclass(frozen=True, slots=True)
class Pile:
    """What one student handed in: a ``folder``, or ``files``, which maps their names to where they lie.

    ``name`` is what to call it. ``fault`` says why it cannot be taken, and the next step. ``came`` is when it was
    handed in, by the LMS's clock, where the layout tells; ``late`` that the LMS has it as late.
    """

    name: str
    claims: Claims
    folder: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    fault: tuple[str, str] | None = None
    came: datetime | None = None
    late: bool = False

    def open(self, root: Place, stack: ExitStack) -> Place:
        """Open it in the folder or zip where it was found, until ``stack`` ends."""
        return Selection(root, self.files) if self.folder is None else root.enter(self.folder, stack)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The piles of a class. ``notes`` is what an instructor should know of how they were told apart."""

    layout: Layout
    piles: tuple[Pile, ...]
    notes: tuple[str, ...] = ()


def sort_work(root: Place, layout: Layout | None = None, pattern: re.Pattern[str] | None = None) -> Sorted:
    """Tell students' work apart, in the layout that is named, or in the one that the names show.

    Raises:
        InputError: nothing is there that has the layout.
    """
    if pattern is not None and layout not in (None, Layout.PATTERN):
        raise InputError(f"--pattern and the layout {str(layout)!r} exclude each other", "leave one of them out")
    if layout is Layout.PATTERN or pattern is not None:
        if pattern is None:
            raise InputError("the layout 'pattern' needs --pattern", "give a regular expression with student and file")
        return Sorted(Layout.PATTERN, tuple(_sort_by_pattern(root, pattern)))
    found = layout or detect_layout(root)
    if found is Layout.FOLDERS:
        return Sorted(found, tuple(_sort_folders(root)))
    sort = _SORTS[found]
    pieces = list(_list_pieces(root, found))
    if not any(piece.match for piece in pieces):
        shown_by_names = detect_layout(root)
        other = f": its names are those of {_TITLES[shown_by_names]}" if shown_by_names in _TITLES else ""
        hint = f"give the zip of all submissions that {_TITLES[found]} makes, as it came"
        raise InputError(f"nothing here is named as in a download from {_TITLES[found]}{other}", hint)
    return sort(pieces)


def detect_layout(root: Place) -> Layout:
    """Return the layout that at least half of the names show."""
    names = [name for name in (*root.names, *root.folders) if is_visible(name)]
    counts = {layout: sum(1 for piece in _list_pieces(root, layout) if piece.match) for layout in _SORTS}
    best = max(counts, key=lambda layout: counts[layout])
    return best if counts[best] and counts[best] * 2 >= len(names) else Layout.FOLDERS


# Folders and zips.


def _sort_folders(root: Place) -> Iterator[Pile]:
    for name in sorted(filter(is_visible, root.names | root.folders)):
        if name in root.folders:
            yield Pile(name, Claims(id=name), folder=name)
        elif name in root.links:
            fault = ("it is a symbolic link", "put the folder or zip itself there")
            yield Pile(name, Claims(id=name), fault=fault)
        elif is_zip_name(name):
            yield Pile(name, Claims(id=name[: -len(".zip")]), files={name: name})
        elif is_notebook_name(name):
            yield Pile(name, Claims(id=name[: -len(SUFFIX)]), files={name: name})
        else:
            fault = (
                "it is neither a folder nor a zip nor a notebook",
                "put each student's work into a folder of its own",
            )
            yield Pile(name, Claims(id=name), fault=fault)


def _sort_by_pattern(root: Place, pattern: re.Pattern[str]) -> Iterator[Pile]:
    """Group all files by what a regular expression calls their student and name."""
    groups: dict[str, dict[str, str]] = {}
    others = []
    for path in walk(root):
        match = pattern.fullmatch(path)
        if match is None or not match["student"] or not match["file"]:
            others.append(path)
        else:
            groups.setdefault(match["student"], {})[match["file"]] = path
    for student, files in groups.items():
        yield Pile(student, Claims(id=student), files=files)
    for path in others:
        yield Pile(path, Claims(id=path), fault=("--pattern does not match it", "see the folder and the pattern"))


def compile_pattern(text: str) -> re.Pattern[str]:
    """Return the regular expression of ``--pattern``.

    Raises:
        InputError: it is none, or lacks a group.
    """
    hint = r"such as '(?P<student>[^/]+)/(?:.*/)?(?P<file>[^/]+)': it must match the whole path"
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise InputError(f"--pattern is no regular expression: {error}", hint) from None
    if missing := [name for name in ("student", "file") if name not in pattern.groupindex]:
        raise InputError(f"--pattern has no group named {' and '.join(missing)}", hint)
    return pattern


# Downloads of learning management systems.


@dataclass(frozen=True, slots=True)
class _Piece:
    """One folder or file of a download, and what its name says."""

    name: str
    match: re.Match[str] | None
    is_folder: bool

    def __getitem__(self, group: str) -> str:
        assert self.match is not None
        return self.match[group] or ""


_NAMES = {
    # Folders in newer versions end in _file, in older ones in _file_; without folders the file's name follows.
    Layout.MOODLE: re.compile(
        r"(?P<name>.+)_(?P<participant>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<file>.*))?", re.DOTALL
    ),
    # The first two parts that are numbers are the user's id and the file's.
    Layout.CANVAS: re.compile(
        r"(?P<name>.*?)(?:_(?P<late>late))?_(?P<user>\d+)_(?:(?P<number>\d+)_(?P<file>.+)|(?P<kind>text|link)\.html)",
        re.IGNORECASE | re.DOTALL,
    ),
    Layout.BLACKBOARD: re.compile(
        r"(?P<head>.+)_attempt_(?P<stamp>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|(?P<kind>\.txt))", re.DOTALL
    ),
    Layout.BRIGHTSPACE: re.compile(
        r"(?P<ids>\d+(?:-\d+)*) - (?P<name>.+?) - (?P<date>[^-]*\d{4}[^-]*?)(?: - (?P<file>.+))?", re.DOTALL
    ),
}
_TITLES = {
    Layout.MOODLE: "Moodle",
    Layout.CANVAS: "Canvas",
    Layout.BLACKBOARD: "Blackboard",
    Layout.BRIGHTSPACE: "Brightspace",
}
_IGNORED = frozenset({"index.html"})


def _list_pieces(root: Place, layout: Layout) -> Iterator[_Piece]:
    pattern = _NAMES[layout]
    for name in sorted(filter(is_visible, root.names | root.folders)):
        if name in _IGNORED:
            continue
        is_folder = name in root.folders
        match = pattern.fullmatch(name)
        if match is not None and is_folder != _is_folder_name(layout, match):
            match = None
        yield _Piece(name, match, is_folder)


def _is_folder_name(layout: Layout, match: re.Match[str]) -> bool:
    """Does a name belong to a folder? In the others it goes on with the name of a file."""
    return layout in (Layout.MOODLE, Layout.BRIGHTSPACE) and not match["file"]


def _split(layout: Layout, pieces: Iterable[_Piece], keys: Sequence[str]) -> tuple[dict[str, list[_Piece]], list[Pile]]:
    """Group the pieces by parts of their names; what has another name is nobody's."""
    groups: dict[str, list[_Piece]] = {}
    strays = []
    for piece in pieces:
        if piece.match is None:
            fault = (
                f"its name is not one of a download from {_TITLES[layout]}",
                "put it elsewhere, or name the layout",
            )
            strays.append(Pile(piece.name, Claims(id=piece.name), fault=fault))
        else:
            groups.setdefault("\n".join(piece[key] for key in keys), []).append(piece)
    return groups, strays


_TYPED = "copy the text into a file of the name that is asked for, in a folder named after the student"


def _sort_moodle(pieces: Iterable[_Piece]) -> Sorted:
    groups, piles = _split(Layout.MOODLE, pieces, ("participant", "name"))
    for own in groups.values():
        claims = Claims(participant=own[0]["participant"], name=own[0]["name"])
        folders = [piece for piece in own if piece.is_folder and piece["kind"] == "file"]
        files = {piece["file"]: piece.name for piece in own if not piece.is_folder and piece["kind"] == "file"}
        if folders:
            piles.append(Pile(folders[0].name, claims, folder=folders[0].name))
        elif files:
            piles.append(Pile(own[0].name, claims, files=files))
        else:
            fault = ("it is text that was typed into Moodle, not a file", _TYPED)
            piles.append(Pile(own[0].name, claims, fault=fault))
    return Sorted(Layout.MOODLE, tuple(piles))


def _sort_canvas(pieces: Iterable[_Piece]) -> Sorted:
    groups, piles = _split(Layout.CANVAS, pieces, ("user",))
    for own in groups.values():
        claims = Claims(lms_ids={"canvas_id": own[0]["user"]}, name=own[0]["name"])
        uploads = [piece for piece in own if not piece["kind"]]
        files: dict[str, str] = {}
        for piece in sorted(uploads, key=lambda piece: int(piece["number"][:30])):  # of two with one name the newer
            files[piece["file"]] = files[_original_name(piece["file"])] = piece.name
        if files:
            late = any(piece["late"] for piece in own)
            piles.append(Pile(own[0].name, claims, files=files, late=late))
        else:
            fault = ("it is text or a link that was typed into Canvas, not a file", _TYPED)
            piles.append(Pile(own[0].name, claims, fault=fault))
    return Sorted(Layout.CANVAS, tuple(piles))


def _original_name(name: str) -> str:
    """Return a file's name without the number that Canvas adds when it is handed in again: ``loss-1.py``."""
    return re.sub(r"-\d{1,3}(?=\.[^.]*$)", "", name)


def _sort_blackboard(pieces: Iterable[_Piece]) -> Sorted:
    groups, piles = _split(Layout.BLACKBOARD, pieces, ("head",))
    older = 0
    for head, own in groups.items():
        parts = head.split("_")
        usernames = tuple("_".join(parts[start:]) for start in range(1, len(parts))) or (head,)
        # The title of the assignment stands before the user name; a user name with an underscore needs a roster.
        claims = Claims(usernames=(usernames[-1], *usernames[:-1]))
        newest = max(piece["stamp"] for piece in own)
        older += len({piece["stamp"] for piece in own}) - 1
        files = {piece["file"]: piece.name for piece in own if piece["stamp"] == newest and not piece["kind"]}
        fault = None if files else ("this attempt has no file", _TYPED)
        piles.append(Pile(own[0].name, claims, files=files, fault=fault, came=_read_stamp(newest)))
    return Sorted(Layout.BLACKBOARD, tuple(piles), _note_older(older))


def _sort_brightspace(pieces: Iterable[_Piece]) -> Sorted:
    pieces = list(pieces)
    number = _find_user_number([piece for piece in pieces if piece.match is not None])
    groups, piles = _split(Layout.BRIGHTSPACE, pieces, ("ids", "name"))
    students: dict[tuple[str, str], list[_Piece]] = {}
    for same in groups.values():
        user = same[0]["ids"].split("-")[number]
        students.setdefault((user, same[0]["name"]), []).extend(same)
    older = 0
    for (user, name), own in students.items():
        dates = sorted({piece["date"] for piece in own}, key=_read_date)
        older += len(dates) - 1
        claims = Claims(lms_ids={"brightspace_id": user}, name=name)
        latest = [piece for piece in own if piece["date"] == dates[-1]]
        folders = [piece.name for piece in latest if piece.is_folder]
        files = {piece["file"]: piece.name for piece in latest if not piece.is_folder}
        if len(dates) > 1 and any(_read_date(date) == datetime.min for date in dates):
            fault = ("there are several, and no date that can be read says which is the newest", "keep one of them")
            piles.append(Pile(own[0].name, claims, fault=fault))
        else:
            came = _read_date(dates[-1])
            folder = folders[0] if folders else None
            known = came if came != datetime.min else None
            piles.append(Pile(latest[0].name, claims, folder=folder, files=files, came=known))
    return Sorted(Layout.BRIGHTSPACE, tuple(piles), _note_older(older))


def _find_user_number(pieces: Sequence[_Piece]) -> int:
    """Return which of the numbers before a name is the user's: one that is the same for everybody is the folder's."""
    ids = [piece["ids"].split("-") for piece in pieces]
    several = len({piece["name"] for piece in pieces}) > 1
    return int(several and len({own[0] for own in ids}) == 1 and all(len(own) > 1 for own in ids))


def _read_stamp(text: str) -> datetime | None:
    """Return a moment as Blackboard writes it (``2026-11-23-10-05-00``), or None where there is no such moment."""
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        return None


def _read_date(text: str) -> datetime:
    """Return a moment as Brightspace writes it (``Nov 23, 2026 1005 AM``), or the first there is."""
    plain = re.sub(r"\s+", " ", text.replace(",", " ").replace(":", "")).strip()
    for order in ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%Y %m %d"):
        for clock in ("%I%M %p", "%H%M", "%I%M%S %p"):
            with suppress(ValueError):
                return datetime.strptime(plain, f"{order} {clock}")
    return datetime.min


def _note_older(older: int) -> tuple[str, ...]:
    return (f"{older} older attempts were left out: each student's newest counts",) if older else ()


_SORTS: Mapping[Layout, Callable[[Iterable[_Piece]], Sorted]] = {
    Layout.MOODLE: _sort_moodle,
    Layout.CANVAS: _sort_canvas,
    Layout.BLACKBOARD: _sort_blackboard,
    Layout.BRIGHTSPACE: _sort_brightspace,
}


def describe_layout(layout: Layout, name: str) -> str:
    """Return a line that says which layout was found."""
    if layout is Layout.FOLDERS:
        return f"{shown(name)}: a folder, zip or notebook for each student"
    if layout is Layout.PATTERN:
        return f"{shown(name)}: files as --pattern names them"
    return f"{shown(name)}: a download from {_TITLES[layout]}"
