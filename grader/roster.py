"""The students of a course, as a CSV file lists them, and which of them somebody claims to be."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from grader.errors import InputError, suggest
from grader.tables import decode, read_rows, read_text

MAX_TABLE_BYTES = 20_000_000
MAX_CELL_LENGTH = 500

Field = Literal["id", "name", "email", "section", "group"]


@dataclass(frozen=True, slots=True)
class RosterStudent:
    """One student. ``lms_ids`` maps the names of further columns, such as ``canvas_id``, to this student's ids."""

    id: str
    name: str | None = None
    email: str | None = None
    section: str | None = None
    group: str | None = None
    lms_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a learning management system, or the name of a folder, says of whose work it is.

    ``id`` may be any id of the student's. ``lms_ids`` maps columns of a roster to what stands there, ``usernames`` are
    those that it may be, the likeliest first; ``participant`` is Moodle's number for one assignment.
    """

    id: str | None = None
    lms_ids: Mapping[str, str] = field(default_factory=dict)
    email: str | None = None
    usernames: tuple[str, ...] = ()
    participant: str | None = None
    name: str | None = None

    @property
    def stated(self) -> str:
        """The id to go by where there is no roster: the best that is known."""
        found = (self.id, *self.usernames[:1], self.email, *self.lms_ids.values(), self.participant, self.name)
        return next((one for one in found if one), "")


@dataclass(frozen=True, slots=True)
class Match:
    """The student that claims lead to, and whether a name is all that says so."""

    student: RosterStudent
    by_name: bool = False


@dataclass(frozen=True)
class Roster:
    """Who takes the course, in the order of the file. Ids are unique."""

    students: tuple[RosterStudent, ...] = ()

    def match(self, claims: Claims) -> RosterStudent | None:
        """Return the one student whom claims can mean, or None."""
        found = self.find(claims)
        return None if found is None else found.student

    def find(self, claims: Claims) -> Match | None:
        """Return the one student whom claims can mean: by id, by an id of the LMS, by e-mail address, by user name.

        A name counts only where nothing else can be compared with this roster, and where one student alone has it.
        """
        asked = False
        for index, value in self._questions(claims):
            if not index:
                continue
            asked = True
            found = index.get(value, [])
            if len(found) == 1:
                return Match(found[0])
        if asked or not claims.name:
            return None
        named = {student.id: student for key in _name_keys(claims.name)[:2] for student in self._names.get(key, [])}
        return Match(next(iter(named.values())), by_name=True) if len(named) == 1 else None

    def suggest(self, word: str) -> str:
        """Return ``"; did you mean 'x'?"`` for the id nearest to a word, or nothing."""
        return suggest_id(word, (student.id for student in self.students))

    def _questions(self, claims: Claims) -> Iterator[tuple[Mapping[str, list[RosterStudent]], str]]:
        """Yield where to look and for what, the surest first."""
        if claims.id:
            yield self._ids, _plain(claims.id)
            yield self._anything, _fold(claims.id)
        for column, value in claims.lms_ids.items():
            yield self._columns.get(column, {}), _fold(value)
        if claims.email:
            yield self._emails, _fold(claims.email)
        for username in claims.usernames:
            yield self._columns.get("username", {}), _fold(username)
            yield self._ids, _plain(username)
            yield self._locals, _fold(username)

    @cached_property
    def _ids(self) -> Mapping[str, list[RosterStudent]]:
        return {_plain(student.id): [student] for student in self.students}

    @cached_property
    def _columns(self) -> Mapping[str, Mapping[str, list[RosterStudent]]]:
        columns: dict[str, dict[str, list[RosterStudent]]] = defaultdict(lambda: defaultdict(list))
        for student in self.students:
            for column, value in student.lms_ids.items():
                columns[column][_fold(value)].append(student)
        return columns

    @cached_property
    def _emails(self) -> Mapping[str, list[RosterStudent]]:
        return _index((student.email, student) for student in self.students)

    @cached_property
    def _locals(self) -> Mapping[str, list[RosterStudent]]:
        """By what stands before the @: a user name, where the roster has none."""
        if "username" in self._columns:
            return {}
        return _index((student.email and student.email.partition("@")[0], student) for student in self.students)

    @cached_property
    def _anything(self) -> Mapping[str, list[RosterStudent]]:
        """By any id but the course's own; one that two students have leads to neither."""
        return _index(
            (value, student) for student in self.students for value in {*student.lms_ids.values(), student.email}
        )

    @cached_property
    def _names(self) -> Mapping[str, list[RosterStudent]]:
        pairs = ((key, student) for student in self.students for key in set(_name_keys(student.name or "")))
        return _index(pairs)


def suggest_id(word: str, ids: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the id nearest to a word, or nothing.

    Of numbers only one that differs by zeros at its front, which spreadsheets take away: neighbours are other people.
    """
    if not word.isdecimal():
        return suggest(word, ids)
    return next((f"; did you mean {one!r}?" for one in ids if one.lstrip("0") == word.lstrip("0")), "")


def split_sections(text: str | None) -> tuple[str, ...]:
    """Return the sections that a student is in: Canvas writes several as ``A, B, and C``; a name stays whole, too."""
    if not text:
        return ()
    parts = re.split(r",? and |, ", text) if " and " in text else []
    return tuple(dict.fromkeys([text, *filter(None, map(str.strip, parts))]))


def _index(pairs: Iterator[tuple[str | None, RosterStudent]]) -> dict[str, list[RosterStudent]]:
    index: dict[str, list[RosterStudent]] = defaultdict(list)
    for value, student in pairs:
        if value:
            index[_fold(value)].append(student)
    return dict(index)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _name_keys(name: str) -> list[str]:
    """Return what a name is compared by: its letters alone, then those in ASCII, then both in other orders.

    ``Lovelace, Ada``, ``Ada Lovelace`` and ``lovelaceada`` have a key in common.
    """
    words = re.findall(r"[^\W_]+", _fold(name))
    keys = []
    for turn in range(max(1, len(words))):
        whole = "".join(words[turn:] + words[:turn])
        keys += [whole, whole.encode("ascii", "ignore").decode()]
    return [key for key in keys if key]


# The file.

# What columns are called, without case, blanks and signs → what they are here.
_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("id", "studentid", "sisuserid", "idnumber", "orgdefinedid", "studentnumber"), "id"),
    **dict.fromkeys(("name", "fullname", "student", "studentname", "displayname"), "name"),
    **dict.fromkeys(("email", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("section", "sections"), "section"),
    **dict.fromkeys(("group", "groups", "team"), "group"),
    **dict.fromkeys(("username", "login", "loginid", "sisloginid", "user"), "username"),
    **dict.fromkeys(("firstname", "givenname"), "first_name"),
    **dict.fromkeys(("lastname", "surname", "familyname"), "last_name"),
    **dict.fromkeys(("canvasid", "canvasuserid"), "canvas_id"),
    **dict.fromkeys(("moodleid", "moodleuserid", "userid"), "moodle_id"),
    **dict.fromkeys(("brightspaceid", "d2lid"), "brightspace_id"),
    "identifier": "participant",
}  # fmt: skip
# Columns of an exported gradebook that hold no ids: a grade of 10 must never be somebody's number.
_GRADES = re.compile(
    r"\(\d+\)\Z|\((?:real|percentage|letter|feedback)\)\Z|\[total pts|\b(?:points?|score|grade|total|posting)\b"
    r"|end-of-line|last (?:downloaded|access|modified)|availability|\bfeedback\b",
    re.IGNORECASE,
)
# What Moodle writes before its number for one assignment, in some of its languages.
_PARTICIPANT = re.compile(r"(?:participante?|partecipante|teilnehmer(?:/in)?|deelnemer) ?\d+\Z", re.IGNORECASE)
_OWN = ("name", "email", "section", "group")
_HINT = "a roster is a CSV file with a header line: id,name,email,section,group and any ids of your LMS"


def read_roster(source: Path | bytes) -> Roster:
    """Read a roster from a CSV file: columns in any order, named as LMSs name them; ids stay as they are written.

    Raises:
        InputError: it cannot be read, or an id is missing or there twice; the message names the lines.
    """
    where, header, rows = read_table(source)
    if "id" not in header and "canvas_id" not in header:
        raise InputError(f"{where}:1: no column for the id{_near(header)}", _HINT)
    if all(row.get("id", "").startswith("#") for _, row in rows):  # as Brightspace exports them, and user names, too
        rows = [(line, {name: _unmark(name, value) for name, value in row.items()}) for line, row in rows]
    students: list[RosterStudent] = []
    lines: dict[str, int] = {}
    problems: list[str] = []
    for line, row in rows:
        if _is_of_canvas(row):
            continue
        # Canvas shows the school's ids to those only who may see them; its own are then what work comes under.
        student = _to_student(row if "id" in header else {**row, "id": row["canvas_id"]})
        if not student.id:
            problems.append(f"{where}:{line}: this student has no id")
        elif (first := lines.setdefault(_plain(student.id), line)) != line:
            problems.append(f"{where}:{line}: the id {student.id!r} is in line {first} already")
        students.append(student)
    if students and all(_PARTICIPANT.match(student.id) for student in students):
        hint = "give the course's list of participants, or a worksheet in which the ID numbers are shown"
        raise InputError(f"{where}: this grading worksheet has only Moodle's numbers for one assignment", hint)
    if problems:
        more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
        raise InputError("\n".join([*problems[:10], *more]), "every student needs an id, and nobody else may have it")
    return Roster(tuple(students))


def _unmark(name: str, value: str) -> str:
    return value.removeprefix("#") if name in ("id", "username") else value


def _is_of_canvas(row: Mapping[str, str]) -> bool:
    """Say whether a row of a gradebook of Canvas is no student's: two lines at its top, and the test student.

    Canvas makes the last up, so that an instructor can see what students see; it has no id of the school's.
    """
    name = (row.get("name") or "").strip().casefold()
    if name == "points possible":
        return True
    if row.get("id") or "canvas_id" not in row:
        return False
    return is_test_student(name) or not (name or row["canvas_id"])


def is_test_student(name: str) -> bool:
    """Is it the name of Canvas' test student, who has no id of the school's?"""
    return name.strip().casefold() == "student, test"


def read_worksheet(source: Path | bytes) -> dict[str, Claims]:
    """Read a Moodle grading worksheet: who has which participant number in this assignment.

    Raises:
        InputError: it cannot be read, or has no column ``Identifier``.
    """
    where, header, rows = read_table(source)
    if "participant" not in header:
        hint = "download it in Moodle: the assignment, Submissions, Actions, Download grading worksheet"
        raise InputError(f"{where}:1: no column 'Identifier'", hint)
    found: dict[str, Claims] = {}
    for line, row in rows:
        number = re.search(r"\d+", row["participant"])
        if number is None or number[0] in found:
            raise InputError(f"{where}:{line}: {row['participant']!r} is no participant number, or there twice")
        usernames = (row["username"],) if row.get("username") else ()
        found[number[0]] = Claims(
            id=row.get("id") or None, email=row.get("email") or None, usernames=usernames, name=row.get("name") or None
        )
    return found


def _to_student(row: Mapping[str, str]) -> RosterStudent:
    given = " ".join(filter(None, (row.get("first_name"), row.get("last_name"))))
    own = {name: row.get(name) or None for name in _OWN}
    known = {"id", "first_name", "last_name", "participant", "status", *_OWN}  # two are of one assignment only
    return RosterStudent(
        id=row["id"],
        name=own["name"] or given or None,
        email=own["email"],
        section=own["section"],
        group=own["group"],
        lms_ids={name: value for name, value in row.items() if name and name not in known and value},
    )


def read_table(source: Path | bytes) -> tuple[str, Sequence[str], list[tuple[int, dict[str, str]]]]:
    """Return what to call a table, its columns and its rows, each with its line."""
    where = str(source) if isinstance(source, Path) else "the roster"
    text = read_text(source, MAX_TABLE_BYTES, _HINT) if isinstance(source, Path) else decode(source, where)
    header, rows = read_rows(
        text,
        where,
        name_columns=lambda cells: _name_columns(cells, where),
        cell_length=MAX_CELL_LENGTH,
        hint=_HINT,
    )
    return where, header, rows


def _name_columns(cells: Sequence[str], where: str) -> list[str]:
    names = [
        "" if _GRADES.search(cell) else _COLUMNS.get(_sign(cell), re.sub(r"\W+", "_", cell.casefold()).strip("_"))
        for cell in cells
    ]
    signs = [_sign(cell) for cell in cells]
    if {"student", "id", "section"} <= set(signs) or {"id", "sisuserid"} <= set(signs):  # a gradebook of Canvas
        names[signs.index("id")] = "canvas_id"
    for name in names:
        if name and names.count(name) > 1:
            same = ", ".join(repr(cell) for cell, own in zip(cells, names, strict=True) if own == name)
            raise InputError(f"{where}:1: several columns for the {name}: {same}", "keep the one that counts")
    return names


def _sign(cell: str) -> str:
    return re.sub(r"[\W_]+", "", cell.casefold())


def _near(header: Sequence[str]) -> str:
    return f"; the columns are {', '.join(header[:10])}"
