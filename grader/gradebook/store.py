"""The submissions and grades of a course, and what was decided about them. Append-only: nothing acknowledged is lost.

``gradebook.sqlite3`` holds who handed in what and when, every grade, extension, override and mark, and the rosters;
``blobs/`` holds the files handed in, each under the digest of its content. A submission's blob is on disk before its
row is committed, so whatever a row names is there, whenever the machine stops.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from platformdirs import user_data_dir
from sqlalchemy import ColumnElement, Engine, Row, Select, Table, case, func, null, or_, select

from grader.decisions import Extension, HintTaken, Mark, Override
from grader.display import clean_line
from grader.errors import GradebookError, InputError, SubmissionError
from grader.gradebook.blobs import make_folder, sweep, write_blob
from grader.gradebook.database import make_engine, prepare
from grader.gradebook.faults import RESTORE, faults_in_words
from grader.gradebook.rows import (
    Change,
    Entry,
    Grading,
    change_from_row,
    entry_from_row,
    extension_from_row,
    extension_to_row,
    grade_from_text,
    grade_to_row,
    hint_from_row,
    hint_to_row,
    mark_from_row,
    mark_to_row,
    override_from_row,
    override_to_row,
    roster_from_text,
    roster_to_text,
    time_from_text,
    time_to_text,
)
from grader.gradebook.schema import (
    BLOBS,
    DATABASE,
    EXTENSIONS,
    GRADES,
    HINTS,
    HOME,
    KEYS,
    MARKS,
    MEMBERS,
    OVERRIDES,
    ROSTERS,
    SUBMISSIONS,
    TRAIL,
)
from grader.language import _, later
from grader.resources import find_data
from grader.roster import Roster
from grader.scoring import Grade, Status
from grader.submission import Submission, pack, unpack

MAX_STUDENT_LENGTH = 100
FORMULA_STARTS = "=+-@"
WAIT_SECONDS = 30.0

_Stored = TypeVar("_Stored")
_Value = TypeVar("_Value")


def check_student(student: str) -> str:
    """Return a student's id, in the composed form of Unicode; leading zeros stay.

    Raises:
        InputError: it is empty, too long, or could be taken for a path, a formula or something that it is not.
    """
    name = unicodedata.normalize("NFC", student)
    hint = _("an id is 1 to 100 visible characters without / and \\, such as ada or 00123")
    if not name or len(name) > MAX_STUDENT_LENGTH:
        raise InputError(_("a student's id of {count} characters cannot be used", count=len(name)), hint)
    is_path = name in (".", "..") or "/" in name or "\\" in name
    if is_path or name != name.strip() or not name.isprintable() or name != clean_line(name):
        raise InputError(_("{name!a} cannot be a student's id", name=name), hint)
    if name[0] in FORMULA_STARTS:
        message = _("{name!a} cannot be a student's id: a spreadsheet takes it for a formula", name=name)
        raise InputError(message, hint)
    return name


def state_directory(course_directory: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder of a course's gradebook.

    ``GRADER_HOME`` where it is set; for the course that ships the user's data folder, since an installation may be
    read-only; else ``.grader`` in the course's folder.
    """
    if home := environ.get(HOME):
        return Path(home).expanduser()
    if course_directory.resolve() == find_data("assignments").resolve():
        return Path(user_data_dir("grader", appauthor=False))
    return course_directory / ".grader"


def find_blob(directory: Path, digest: str) -> Path:
    """Return where a gradebook keeps, or would keep, the content with this digest.

    Raises:
        GradebookError: it is no digest.
    """
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        values = {"path": directory / DATABASE, "digest": clean_line(digest, 60)}
        raise GradebookError(_("{path} is damaged: {digest!r} is not a digest", **values), _(RESTORE))
    name = digest.removeprefix("sha256:")
    return directory / BLOBS / name[:2] / name[2:]


class Gradebook:
    """The gradebook of a course, open. Threads may share it; other processes open the folder for themselves.

    Every method raises GradebookError, in words, when the files cannot be read or written.
    """

    def __init__(self, directory: Path, engine: Engine, journal: str) -> None:
        """Use ``Gradebook.open``."""
        self.directory = directory
        self.journal = journal  # "wal", or "delete" where the file system cannot have it
        self._engine = engine
        self._writing = engine.execution_options(writing=True)

    @classmethod
    def open(cls, directory: Path, *, wait_seconds: float = WAIT_SECONDS) -> Self:
        """Open the gradebook in a folder, or make it.

        ``wait_seconds`` is how long to wait for other processes that write.

        Raises:
            GradebookError: the folder cannot be used, the file is not a gradebook, or it is of a newer version.
        """
        path = directory / DATABASE
        with faults_in_words(directory):
            make_folder(directory / BLOBS)
            sweep(directory / BLOBS)
            engine = make_engine(path, wait_seconds)
            try:
                journal = prepare(engine, path, wait_seconds)
            except BaseException:
                engine.dispose()
                raise
        return cls(directory, engine, journal)

    def close(self) -> None:
        """Close the files. The gradebook cannot be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def submit(
        self,
        student: str,
        assignment: str,
        submission: Submission,
        at: datetime,
        *,
        by: str = "",
        members: Iterable[str] = (),
        unless_same: bool = False,
        anew: bool = False,
    ) -> Entry:
        """Record a submission as the student's next attempt; when this returns, it is on disk for good.

        It counts for ``members`` too, and is their next attempt. With ``unless_same`` nothing is recorded where an
        attempt of theirs holds the same files: that one is returned. Unless ``anew`` is set: then only the newest one
        is looked at where this came after it, as of somebody who went back to what was there before. ``by`` is who did
        this.

        Raises:
            InputError: the student's id cannot be used.
        """
        student = check_student(student)
        others = tuple(sorted({check_student(member) for member in members} - {student}))
        with faults_in_words(self.directory):
            write_blob(self.directory / BLOBS, self.blob(submission.digest), pack(submission))
            with self._writing.begin() as connection:  # nobody else writes until its end
                own = _involves((student, *others)) & (SUBMISSIONS.c.assignment == assignment)
                by_number = _ENTRIES.where(own).order_by(SUBMISSIONS.c.number.desc()).limit(1)
                newest = connection.execute(by_number).first()
                if unless_same and newest is not None:
                    same = connection.execute(by_number.where(SUBMISSIONS.c.digest == submission.digest)).first()
                    goes_back = anew and at > self._to_entry(newest).submitted_at and newest.digest != submission.digest
                    if same is not None and not goes_back:
                        return self._to_entry(same)
                number = 1 if newest is None else newest.number + 1
                entry = Entry(
                    id=_new_id(at),
                    number=number,
                    student=student,
                    assignment=assignment,
                    digest=submission.digest,
                    submitted_at=at.astimezone(UTC),
                    members=others,
                    drawn_for=submission.drawn_for,
                )
                names = ("id", "number", "student", "assignment", "digest", "drawn_for")
                row = {name: getattr(entry, name) for name in names}
                connection.execute(SUBMISSIONS.insert(), row | {"submitted_at": time_to_text(at), "who": by})
                for member in others:
                    connection.execute(MEMBERS.insert(), {"submission": entry.id, "student": member})
        return entry

    def entries(self, student: str | None = None, assignment: str | None = None) -> tuple[Entry, ...]:
        """Return submissions, the oldest first: all, or those that count for a student or are for an assignment."""
        return tuple(self._to_entry(row) for row in self._rows(_narrow(_ENTRIES, student, assignment)))

    def entry(self, entry_id: str) -> Entry:
        """Return one submission.

        Raises:
            InputError: there is none of this id.
        """
        for row in self._rows(_ENTRIES.where(SUBMISSIONS.c.id == entry_id)):
            return self._to_entry(row)
        message = _("no submission {name!r}", name=clean_line(entry_id, 60))
        raise InputError(message, _("`grader status` lists the submissions"))

    def blob(self, digest: str) -> Path:
        """Return where the content with this digest lies, or would lie."""
        return find_blob(self.directory, digest)

    def load(self, entry: Entry) -> Submission:
        """Return the files of a submission, as they were handed in.

        Raises:
            GradebookError: the stored file is missing or damaged; the message names it.
        """
        path = self.blob(entry.digest)
        with faults_in_words(self.directory):
            try:
                submission = unpack(path.read_bytes())
            except FileNotFoundError:
                message = _("{path} is missing: the files of submission {id}", path=path, id=entry.id)
                raise GradebookError(message, _(RESTORE)) from None
            except SubmissionError:
                raise _damaged_blob(path, entry) from None
        if submission.digest != entry.digest:
            raise _damaged_blob(path, entry)
        return replace(submission, drawn_for=entry.drawn_for)

    def add_grade(
        self,
        entry: Entry,
        grade: Grade,
        assignment_digest: str,
        at: datetime,
        *,
        by: str = "",
        why: str = "",
        unless: Callable[[Grade], bool] | None = None,
    ) -> bool:
        """Add a grade to a submission. Earlier ones stay; the newest counts.

        Returns False, and adds nothing, where the newest one says the same already: whoever grades twice, or two at
        once, count once. The same where ``unless`` says so of the newest one, which nobody can change meanwhile.
        """
        row = {"submission": entry.id, "assignment_digest": assignment_digest, **grade_to_row(grade)}
        with faults_in_words(self.directory), self._writing.begin() as connection:
            newest = connection.execute(_newest_grade(entry)).first()
            if newest is not None and all(getattr(newest, name) == row[name] for name in newest._fields):
                return False
            if newest is not None and unless is not None and unless(self._to_grade(newest.grade, entry.id)):
                return False
            connection.execute(GRADES.insert(), row | {"graded_at": time_to_text(at), "who": by, "why": why})
        return True

    def grade(self, entry: Entry) -> Grade | None:
        """Return the newest grade of a submission, or None when it has none yet."""
        found = self.graded_with(entry)
        return None if found is None else found[0]

    def graded_with(self, entry: Entry) -> tuple[Grade, str] | None:
        """Return the newest grade of a submission and the digest of the assignment that it was graded with."""
        found = next(iter(self._rows(_newest_grade(entry))), None)
        return None if found is None else (self._to_grade(found.grade, entry.id), found.assignment_digest)

    def grades(self, entry: Entry) -> tuple[Grade, ...]:
        """Return every grade that a submission ever got, the oldest first."""
        query = select(GRADES.c.grade).where(GRADES.c.submission == entry.id).order_by(GRADES.c.sequence)
        return tuple(self._to_grade(row.grade, entry.id) for row in self._rows(query))

    def graded(
        self, student: str | None = None, assignment: str | None = None
    ) -> tuple[tuple[Entry, Grade | None], ...]:
        """Return submissions and the newest grade of each, the oldest first; see ``entries``."""
        joined = SUBMISSIONS.outerjoin(GRADES, GRADES.c.sequence == _NEWEST)
        query = _ENTRIES.add_columns(GRADES.c.grade).select_from(joined)
        found = []
        for row in self._rows(_narrow(query, student, assignment)):
            grade = None if row.grade is None else self._to_grade(row.grade, row.id)
            found.append((self._to_entry(row), grade))
        return tuple(found)

    def gradings(self, assignment: str) -> tuple[Grading, ...]:
        """Return with which versions of an assignment its submissions were graded, in the order in which that was."""
        by_version = (
            select(func.max(GRADES.c.sequence))
            .join(SUBMISSIONS, GRADES.c.submission == SUBMISSIONS.c.id)
            .where(SUBMISSIONS.c.assignment == assignment)
            .group_by(GRADES.c.submission, GRADES.c.assignment_digest)
        )
        newest = GRADES.c.sequence.in_(select(func.max(GRADES.c.sequence)).group_by(GRADES.c.submission))
        query = (
            select(
                GRADES.c.submission,
                GRADES.c.assignment_digest,
                GRADES.c.graded_at,
                case((newest, null()), else_=GRADES.c.grade).label("grade"),
            )
            .where(GRADES.c.sequence.in_(by_version))
            .order_by(GRADES.c.sequence)
        )
        return tuple(self._to_grading(row) for row in self._rows(query))

    def once_pending(self, assignment: str) -> frozenset[str]:
        """Return the ids of an assignment's submissions that a fault of ours has ever left pending."""
        query = (
            select(SUBMISSIONS.c.id)
            .join(GRADES, GRADES.c.submission == SUBMISSIONS.c.id)
            .where(SUBMISSIONS.c.assignment == assignment, GRADES.c.status == str(Status.PENDING))
        )
        return frozenset(row.id for row in self._rows(query))

    # What was decided.

    def add_extension(self, extension: Extension) -> None:
        """Add an extension. Earlier ones stay."""
        self._add(EXTENSIONS, extension_to_row(extension))

    def extensions(self, assignment: str | None = None) -> tuple[Extension, ...]:
        """Return extensions, the oldest first: all, or those of an assignment."""
        query = select(EXTENSIONS).order_by(EXTENSIONS.c.sequence)
        if assignment is not None:
            query = query.where(EXTENSIONS.c.assignment == assignment)
        return tuple(self._read(later("an extension"), extension_from_row, row) for row in self._rows(query))

    def add_override(self, override: Override) -> None:
        """Add an override. Earlier ones stay; a student's newest for an assignment counts."""
        self._add(OVERRIDES, override_to_row(override))

    def overrides(self, assignment: str | None = None) -> tuple[Override, ...]:
        """Return overrides, the oldest first: all, or those of an assignment."""
        query = select(OVERRIDES).order_by(OVERRIDES.c.sequence)
        if assignment is not None:
            query = query.where(OVERRIDES.c.assignment == assignment)
        return tuple(self._read(later("an override"), override_from_row, row) for row in self._rows(query))

    def add_mark(self, mark: Mark) -> None:
        """Add a mark to a submission. Earlier ones stay; the newest of a question counts."""
        self._add(MARKS, mark_to_row(mark))

    def take_hint(self, hint: HintTaken) -> None:
        """Note that a student has taken a hint; once, however often this is asked for."""
        same = [getattr(HINTS.c, name) == getattr(hint, name) for name in ("student", "assignment", "question", "step")]
        with faults_in_words(self.directory), self._writing.begin() as connection:  # nobody else writes until its end
            if connection.execute(select(HINTS.c.sequence).where(*same)).first() is None:
                connection.execute(HINTS.insert(), hint_to_row(hint))

    def hints(self, assignment: str, student: str | None = None) -> tuple[HintTaken, ...]:
        """Return the hints of an assignment that were taken, the oldest first: by everybody, or by one student."""
        query = select(HINTS).where(HINTS.c.assignment == assignment).order_by(HINTS.c.sequence)
        if student is not None:
            query = query.where(HINTS.c.student == unicodedata.normalize("NFC", student))
        return tuple(self._read(later("a hint"), hint_from_row, row) for row in self._rows(query))

    def marks(self, assignment: str | None = None, entry: Entry | None = None) -> tuple[Mark, ...]:
        """Return marks, the oldest first: all, or those of an assignment's submissions, or of one submission."""
        query = select(MARKS).order_by(MARKS.c.sequence)
        if assignment is not None:
            own = select(SUBMISSIONS.c.id).where(SUBMISSIONS.c.assignment == assignment)
            query = query.where(MARKS.c.submission.in_(own))
        if entry is not None:
            query = query.where(MARKS.c.submission == entry.id)
        return tuple(self._read(later("a mark"), mark_from_row, row) for row in self._rows(query))

    def set_roster(self, roster: Roster, by: str, at: datetime, why: str = "") -> None:
        """Let a roster take the place of the one before, which stays on record."""
        row = {"roster": roster_to_text(roster), "students": len(roster.students)}
        self._add(ROSTERS, row | {"who": by, "at": time_to_text(at), "why": why})

    def roster(self) -> Roster | None:
        """Return the newest roster, or None where there has been none."""
        query = select(ROSTERS.c.roster).order_by(ROSTERS.c.sequence.desc()).limit(1)
        for row in self._rows(query):
            return self._read(later("the roster"), lambda row: roster_from_text(row.roster), row)
        return None

    def signing_key(self, make: Callable[[], bytes], at: datetime) -> bytes:
        """Return the private key that signs receipts; ``make`` makes it when it is first asked for."""
        query = select(KEYS.c.key).order_by(KEYS.c.sequence.desc()).limit(1)
        for row in self._rows(query):
            return self._read(later("the key of receipts"), lambda row: bytes.fromhex(row.key), row)
        with faults_in_words(self.directory), self._writing.begin() as connection:  # nobody else writes until its end
            found = connection.execute(query).first()
            if found is None:
                connection.execute(KEYS.insert(), {"key": (key := make()).hex(), "at": time_to_text(at)})
                return key
        return self._read(later("the key of receipts"), lambda row: bytes.fromhex(row.key), found)

    def trail(self, student: str | None = None, assignment: str | None = None) -> tuple[Change, ...]:
        """Return who did what, when and why, the oldest first: everything, or what concerns a student or assignment."""
        query = select(TRAIL).order_by(TRAIL.c.at)
        if student is not None:
            name = unicodedata.normalize("NFC", student)
            shared = select(MEMBERS.c.submission).where(MEMBERS.c.student == name)
            query = query.where(or_(TRAIL.c.student == name, TRAIL.c.submission.in_(shared)))
        if assignment is not None:
            query = query.where(TRAIL.c.assignment == assignment)
        return tuple(self._read(later("the trail"), change_from_row, row) for row in self._rows(query))

    def _add(self, table: Table, row: Mapping[str, Any]) -> None:
        with faults_in_words(self.directory), self._writing.begin() as connection:
            connection.execute(table.insert(), row)

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with faults_in_words(self.directory), self._engine.connect() as connection:
            return list(connection.execute(query))

    def _to_entry(self, row: Row[Any]) -> Entry:
        return self._read(later("submission {id}"), entry_from_row, row, id=clean_line(str(row.id), 60))

    def _to_grade(self, text: str, entry_id: str) -> Grade:
        return self._read(later("a grade of submission {id}"), grade_from_text, text, id=entry_id)

    def _to_grading(self, row: Row[Any]) -> Grading:
        grade = None if row.grade is None else self._to_grade(row.grade, row.submission)
        at = self._read(later("a grade of submission {id}"), time_from_text, row.graded_at, id=row.submission)
        return Grading(row.submission, row.assignment_digest, at, grade)

    def _read(self, what: str, read: Callable[[_Stored], _Value], stored: _Stored, **values: object) -> _Value:
        """Return what ``read`` makes of something stored; where it makes no sense, the gradebook is damaged."""
        try:
            return read(stored)
        except (ValueError, TypeError):
            told = {"path": self.directory / DATABASE, "what": _(what, **values)}
            raise GradebookError(_("{path} is damaged: {what} cannot be read", **told), _(RESTORE)) from None


# Queries.

_ENTRIES = select(
    SUBMISSIONS,
    select(func.json_group_array(MEMBERS.c.student))
    .where(MEMBERS.c.submission == SUBMISSIONS.c.id)
    .scalar_subquery()
    .label("members"),
)

# Of each submission for itself: compared with the newest of all, every row would be looked for among all of them.
_EACH = GRADES.alias()
_NEWEST = (
    select(func.max(_EACH.c.sequence))
    .where(_EACH.c.submission == SUBMISSIONS.c.id)
    .correlate(SUBMISSIONS)
    .scalar_subquery()
)


def _involves(students: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a submission counts for one of these students."""
    shared = select(MEMBERS.c.submission).where(MEMBERS.c.student.in_(students))
    return or_(SUBMISSIONS.c.student.in_(students), SUBMISSIONS.c.id.in_(shared))


def _narrow(query: Select[Any], student: str | None, assignment: str | None) -> Select[Any]:
    if student is not None:
        query = query.where(_involves((unicodedata.normalize("NFC", student),)))
    if assignment is not None:
        query = query.where(SUBMISSIONS.c.assignment == assignment)
    return query.order_by(SUBMISSIONS.c.sequence)


def _newest_grade(entry: Entry) -> Select[Any]:
    return (
        select(GRADES.c.grade, GRADES.c.assignment_digest)
        .where(GRADES.c.submission == entry.id)
        .order_by(GRADES.c.sequence.desc())
        .limit(1)
    )


def _new_id(at: datetime) -> str:
    """Return an id that sorts by time, and that nobody can guess."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}"


def _damaged_blob(path: Path, entry: Entry) -> GradebookError:
    message = _("{path} is damaged: it is not what was handed in as submission {id}", path=path, id=entry.id)
    hint = _("restore that file from a backup; the submission and its grades are still recorded")
    return GradebookError(message, hint)
