"""Reports go back to students through an LMS: a zip named as the one in which their work came.

Moodle finds each student by the participant number in a folder's name, Canvas by the numbers of the user and of an
uploaded file in a file's name; both leave out what they cannot place without a word. So whoever gets no report is
named before anything is written.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from grader.archive import ZipEntry, write_archive
from grader.class_report import SiteFile, write_site
from grader.decisions import Mark
from grader.gradebook import Gradebook
from grader.inbox import Sorting, list_owned
from grader.layouts import Layout, Pile
from grader.places import shown
from grader.report import Reader, build_report, to_html
from grader.reporting import describe_entry, gather_context
from grader.roster import Claims, Roster
from grader.scoring import Status
from grader.settlement import Settled, settle_assignment
from grader.spec import Assignment, Course

REPORT = "report.html"
LAYOUTS = {"moodle": Layout.MOODLE, "canvas": Layout.CANVAS}
MAX_HEAD = 80  # characters of a student's name in the name of a folder


class Reason(StrEnum):
    """Why somebody gets no report."""

    UNKNOWN = "unknown"
    NO_FILE = "no file"
    NOT_SUBMITTED = "not submitted"
    NOT_GRADED = "not graded"
    NOT_FINAL = "not final"
    NOT_THERE = "not in the download"


_WORDS = {
    Reason.NO_FILE: ("nothing here that was uploaded, and Canvas places a report by the file it is about", None),
    Reason.NOT_SUBMITTED: ("the gradebook has no work of theirs", "`grader grade` takes the same zip"),
    Reason.NOT_GRADED: ("not graded yet, or held back by a fault of ours", "`grader grade` it again"),
    Reason.NOT_FINAL: (
        "an answer waits for a person, or a check for a device",
        "give --unfinished to send it as it is",
    ),
    Reason.NOT_THERE: ("graded, but not in the download", "download it again"),
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody who gets no report, and why. ``where`` is in the download; ``student`` may be a name from outside."""

    student: str
    reason: Reason
    message: str
    hint: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A student's place in the LMS: the name in the zip of the report for ``student``."""

    student: str
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A report on its way: whose it is, and its name in the zip."""

    address: Address
    settled: Settled


@dataclass(frozen=True, slots=True)
class Mailing:
    """The reports that can be written, by name, and those who get none."""

    letters: tuple[Letter, ...]
    left_out: tuple[LeftOut, ...]


# Where the LMS finds each student.


def address_moodle(
    download: Path | None, worksheet: Mapping[str, Claims] | None, sorting: Sorting
) -> tuple[list[Address], list[LeftOut]]:
    """Return the folders in which Moodle looks for feedback: for those in its download, or else in its worksheet.

    Raises:
        InputError: the download is none of Moodle's.
    """
    if download is not None:
        owned, refused = list_owned(download, sorting)
        left_out = [_leave_out(one.student, one.error, one.where) for one in refused]
        piles = [(one.student, one.pile.claims, one.where) for one in owned]
        return [_address_moodle(*pile) for pile in piles], left_out
    addresses, left_out = [], []
    for number, claims in (worksheet or {}).items():
        student = _find_student(claims, sorting.roster)
        if student is None:
            near = (sorting.roster or Roster()).suggest(claims.stated)
            message = f"{shown(claims.stated)} is not in the roster{near}"
            left_out.append(
                LeftOut(claims.name or claims.stated, Reason.UNKNOWN, message, where=f"Participant {number}")
            )
        else:
            own = Claims(participant=number, name=claims.name)
            addresses.append(_address_moodle(student, own, f"Participant {number}"))
    return addresses, left_out


def _find_student(claims: Claims, roster: Roster | None) -> str | None:
    if roster is None:
        return claims.stated
    match = roster.match(claims)
    return None if match is None else match.id


def _address_moodle(student: str, claims: Claims, where: str) -> Address:
    # Moodle splits the name at underscores: in front of the number there must be none.
    return Address(student, f"{_tidy(claims.name)}_{claims.participant}_assignfeedback_file/{REPORT}", where)


def address_canvas(download: Path, sorting: Sorting) -> tuple[list[Address], list[LeftOut]]:
    """Return the names by which Canvas places reports: those of the files in its download, with another ending.

    Raises:
        InputError: the download is none of Canvas'.
    """
    owned, refused = list_owned(download, sorting)
    addresses, left_out = [], [_leave_out(one.student, one.error, one.where) for one in refused]
    for one in owned:
        name = name_for_canvas(one.pile)
        if name is None:
            left_out.append(_explain(one.student, Reason.NO_FILE, one.where))
        else:
            addresses.append(Address(one.student, name, one.where))
    return addresses, left_out


def name_for_canvas(pile: Pile) -> str | None:
    """Return a name of which the first two parts that are numbers are the user's and that of the newest file."""
    user = pile.claims.lms_ids["canvas_id"]
    files = []
    for name in set(pile.files.values()):
        numbers = [part for part in name.split("_") if re.fullmatch(r"\d+", part, re.ASCII)]
        if numbers[:1] == [user] and len(numbers) > 1:
            files.append(numbers[1])
    if not files:
        return None
    head = _tidy(pile.claims.name).replace(" ", "").lower()
    return f"{'student' if head.isdigit() else head}_{user}_{max(files, key=_by_number)}_{REPORT}"


def _by_number(digits: str) -> tuple[int, str]:
    plain = digits.lstrip("0")
    return len(plain), plain


def _tidy(name: str | None) -> str:
    """Return what of a person's name can stand in the name of a folder: letters, digits and a few signs between."""
    plain = re.sub(r"[^\w\s.,'-]|_", " ", name or "")
    plain = "".join(character for character in plain if character.isprintable())
    return " ".join(plain.split())[:MAX_HEAD].strip(" .'-,") or "student"


# Who gets a report.


def plan_mailing(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    addresses: Iterable[Address],
    left_out: Iterable[LeftOut],
    *,
    unfinished: bool = False,
) -> Mailing:
    """Find for everybody with an address the submission that counts; without one that is graded there is no report.

    ``unfinished`` sends reports of grades, too, in which an answer waits for a person or a check for a device.

    Raises:
        SpecError: a due date or the policy make no sense.
        GradebookError: the gradebook cannot be read.
    """
    settled = settle_assignment(course, gradebook, assignment)
    missing = list(left_out)
    letters = []
    known = set()
    for address in addresses:
        known.add(address.student)
        own = settled.get(address.student)
        reason = _find_reason(own, unfinished)
        if own is None or reason is not None:
            missing.append(_explain(address.student, reason or Reason.NOT_SUBMITTED, address.where))
        else:
            letters.append(Letter(address, own))
    for student, own in settled.items():
        if student not in known and own.entry is not None and own.final.grade is not None:
            missing.append(_explain(student, Reason.NOT_THERE))
    return Mailing(tuple(sorted(letters, key=lambda letter: letter.address.name)), tuple(missing))


def _find_reason(settled: Settled | None, unfinished: bool) -> Reason | None:
    if settled is None or not settled.attempts:
        return Reason.NOT_SUBMITTED
    grade = settled.grade
    if settled.entry is None or settled.final.grade is None or grade is None or grade.status is Status.PENDING:
        return Reason.NOT_GRADED
    waits = grade.status is not Status.GRADED or bool(grade.deferred)
    return Reason.NOT_FINAL if waits and not unfinished else None


def _leave_out(student: str, error: Exception, where: str) -> LeftOut:
    message, hint = getattr(error, "message", str(error)), getattr(error, "hint", None)
    return LeftOut(student, Reason.UNKNOWN, message, hint, where)


def _explain(student: str, reason: Reason, where: str | None = None) -> LeftOut:
    return LeftOut(student, reason, *_WORDS[reason], where)


# The zip.


def write_mailing(
    out: Path, mailing: Mailing, course: Course, gradebook: Gradebook, assignment: Assignment, now: datetime
) -> Iterator[None]:
    """Begin to write a zip with the reports as their students may see them at a moment; yield after each.

    The zip is there when the last is done.

    Raises:
        InputError: it cannot be written.
        FaultError: a process that made reports died.
    """
    marks = gradebook.marks(assignment.id)
    draw = partial(_render, course, gradebook, assignment, marks, now)
    return _write(out, mailing.letters, draw)


def _write(out: Path, letters: Sequence[Letter], draw: Callable[[Letter], bytes]) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="grader-feedback-") as folder:
        drafts = Path(folder)
        files = [SiteFile(f"reports/{number}.html", partial(draw, letter)) for number, letter in enumerate(letters)]
        yield from write_site(drafts, files)
        entries = [
            ZipEntry(letter.address.name, (drafts / file.path).read_bytes)
            for letter, file in zip(letters, files, strict=True)
        ]
        write_archive(out, entries)


def _render(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    marks: Sequence[Mark],
    now: datetime,
    letter: Letter,
) -> bytes:
    settled = letter.settled
    entry, grade = settled.entry, settled.final.grade
    assert entry is not None
    assert grade is not None
    context = gather_context(course, gradebook, assignment, entry, grade, settled, marks, now=now)
    info, language = describe_entry(entry), course.language
    report = build_report(grade, info, Reader.STUDENT, final=settled.final, context=context, language=language)
    return to_html(report).encode("utf-8")
