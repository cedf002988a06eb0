"""CSV files of grades that are made from scratch: what is the same whichever LMS reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from grader.errors import InputError
from grader.export.decimals import format_decimal, format_score
from grader.export.findings import Export, Finding, Severity, WrittenCell, is_refused, merge_findings
from grader.export.scores import ScoreTable, check_scores, explain_missing
from grader.roster import RosterStudent

NOT_SEEN = "holds a line break or another character that is not seen"
SKIP = "mend the roster; or --skip leaves the student out"
RENAME = "rename the assignment"


def finish(
    table: ScoreTable, findings: Iterable[Finding], make_rows: Callable[[], Iterable[Sequence[str]]], places: int
) -> Export:
    """Return the file that ``make_rows`` gives the rows of, unless a finding, or one of any LMS, refuses it.

    Raises:
        InputError: there is no column.
    """
    if not table.columns:
        raise InputError("there is no assignment to export")
    merged = merge_findings([*findings, *check_scores(table)])
    data = None if is_refused(merged) else to_csv(make_rows())
    return Export(tuple(merged), data, list_cells(table, places))


def to_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as CSV: UTF-8 without a byte order mark, lines ended as Windows does, quotes where they are needed.

    Nothing is guarded against spreadsheets: an LMS would take the guard for a part of an id.
    """
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def list_cells(table: ScoreTable, places: int) -> tuple[WrittenCell, ...]:
    """Return the scores as they are written, by student, then by column."""
    return tuple(
        WrittenCell(student.id, column.title, format_decimal(score, places))
        for student in table.graded
        for column in table.columns
        if (score := column.scores.get(student.id)) is not None and score >= 0
    )


def find_fault(text: str) -> str | None:
    """Return why a title or an id would not be read as it is; None where it would."""
    if not text.strip() or text != text.strip():
        return "empty, or with spaces around it"
    return None if text.isprintable() else NOT_SEEN


def check_titles(table: ScoreTable, find_own_fault: Callable[[str], str | None]) -> Iterable[Finding]:
    """Yield which titles would be misread, by the rules of all and by the LMS's own."""
    seen: set[str] = set()
    for column in table.columns:
        fault = find_fault(column.title) or find_own_fault(column.title)
        if column.title in seen:
            fault = "two columns have this title"
        seen.add(column.title)
        if fault:
            yield Finding(Severity.REFUSED, fault, RENAME, column.title)


def check_ids(
    students: Sequence[RosterStudent],
    read: Callable[[RosterStudent], str | None],
    kind: str,
    *,
    folded: bool = False,
    everybody: Sequence[RosterStudent] = (),
) -> Iterable[Finding]:
    """Yield which students lack an id of a kind, have one that would be misread, or the same as another.

    ``folded``: the LMS tells capital letters from small ones as little as we do then. ``everybody`` are those whom the
    LMS may take a row to be of, also where the file has none of theirs.
    """

    def fold(text: str) -> str:
        return text.casefold() if folded else text

    shown = {student.id for student in students}
    elsewhere = {fold(read(one) or ""): one.id for one in everybody if one.id not in shown}
    owners: dict[str, str] = {}
    for student in students:
        value = read(student) or ""
        fault = find_fault(value)
        if fault is not None:
            what = f"no {kind} in the roster" if not value.strip() else f"the {kind} {value!r}: {fault}"
            yield Finding(Severity.REFUSED, what, SKIP, students=(student.id,))
            continue
        first = owners.setdefault(fold(value), student.id)
        if (other := elsewhere.get(fold(value))) is not None:
            what = f"the {kind} {value!r} is also that of {other!r}, who would get the score"
            yield Finding(Severity.REFUSED, what, SKIP, students=(student.id,))
        elif first != student.id:
            what = f"the {kind} {value!r} is also that of {first!r}, and the last row would win"
            yield Finding(Severity.REFUSED, what, SKIP, students=(student.id,))


def check_gaps(table: ScoreTable, blank: Finding) -> Iterable[Finding]:
    """Yield who is left out, and whose cells stay blank: ``blank`` says what becomes of these."""
    rows = {student.id for student in table.graded}
    for column in table.columns:
        for reason, students in explain_missing(column, {one.id for one in table.students} - rows).items():
            what = f"left out, since there is no grade ({reason})"
            yield Finding(Severity.NOTE, what, column=column.title, students=students)
        for reason, students in explain_missing(column, rows).items():
            what = f"no grade ({reason}): {blank.what}"
            yield replace(blank, what=what, column=column.title, students=students)


def check_maximum(table: ScoreTable, over: Finding) -> Iterable[Finding]:
    """Yield whose scores are more than an assignment is worth: ``over`` says what becomes of these."""
    for column in table.columns:
        scores = column.scores.items()
        students = tuple(sorted(student for student, score in scores if score is not None and score > column.points))
        if students:
            what = f"{over.what} of {format_score(column.points)}"
            yield replace(over, what=what, column=column.title, students=students)
