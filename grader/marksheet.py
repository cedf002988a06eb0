"""Marking in a spreadsheet: the answers that wait become a CSV file, and what was filled in becomes marks.

A spreadsheet takes a cell that begins with a sign such as = for a formula, so text from outside gets an apostrophe in
front of it; when the file is read, that is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from grader.decisions import Mark, check_words, parse_score
from grader.display import clean_line, clean_text
from grader.errors import InputError, suggest
from grader.gradebook import Entry, Gradebook
from grader.marking import Answer, fold, make_mark
from grader.questions import Question
from grader.scoring import Grade
from grader.spec import Assignment
from grader.tables import read_rows, read_text, unguard, write_rows

MAX_SHEET_BYTES = 50_000_000
MAX_CELL_LENGTH = 50_000
MAX_PROBLEMS = 10
FIRST = ("submission", "student", "question", "answer", "score")
LAST = "comment"
RUBRIC = "rubric: "
_HINT = "`grader mark ASSIGNMENT --export FILE.csv` writes a sheet; fill in its columns score or rubric, and comment"


def write_sheet(waiting: Iterable[Answer], *, names: bool = False) -> bytes:
    """Return a CSV file with a row for each answer, with a column for each criterion; names only if asked for."""
    answers = list(waiting)
    criteria = dict.fromkeys(criterion.id for answer in answers for criterion in getattr(answer.question, "rubric", ()))
    rows = [[*FIRST, *(RUBRIC + name for name in criteria), LAST]]
    for answer in answers:
        student = answer.entry.student if names else ""
        row = [answer.entry.id, student, answer.question.id, clean_text(answer.text), ""]
        rows.append([*row, *("" for _ in criteria), ""])
    return write_rows(rows)


def read_sheet(path: Path, gradebook: Gradebook, assignment: Assignment, *, by: str, at: datetime) -> list[Mark]:
    """Return the new marks in a sheet.

    Rows without a score or a level have none, and those neither whose mark is in the gradebook already.

    Raises:
        InputError: it cannot be read, or something in it is wrong: then nothing of it can be taken. All that is wrong
            is named, with its line.
    """
    reader = _SheetReader(gradebook, assignment, by, at)
    found: list[Mark] = []
    problems: list[str] = []
    lines: dict[tuple[str, str], int] = {}
    for line, row in _read_rows(path):
        try:
            mark = reader.read(row)
        except InputError as error:
            problems.append(f"{path}:{line}: {error.message}{f' ({error.hint})' if error.hint else ''}")
            continue
        if mark is None:
            continue
        first = lines.setdefault((mark.submission, mark.question), line)
        if first != line:
            problems.append(f"{path}:{line}: this answer is in line {first} already")
        elif not reader.is_kept(mark):
            found.append(mark)
    if problems:
        more = [f"and {len(problems) - MAX_PROBLEMS} more"] if len(problems) > MAX_PROBLEMS else []
        raise InputError("\n".join([*problems[:MAX_PROBLEMS], *more]), "nothing was kept: mend the sheet and try again")
    return found


class _SheetReader:
    """Reads rows against what the gradebook holds."""

    def __init__(self, gradebook: Gradebook, assignment: Assignment, by: str, at: datetime) -> None:
        self._assignment = assignment
        self._by, self._at = by, at
        self._graded: Mapping[str, tuple[Entry, Grade | None]] = {
            entry.id: (entry, grade) for entry, grade in gradebook.graded(assignment=assignment.id)
        }
        self._newest = {(mark.submission, mark.question): mark for mark in gradebook.marks(assignment.id)}

    def read(self, row: Mapping[str, str]) -> Mark | None:
        """Return the mark of a row, None where it has none.

        Raises:
            InputError: the row makes no sense; the message says why.
        """
        score = row.get("score", "").replace(",", ".")  # as spreadsheets write it in many countries
        comment = row.get(LAST, "")
        rubric = [
            f"{name.removeprefix(RUBRIC)}={level}" for name, level in row.items() if name.startswith(RUBRIC) and level
        ]
        if not (score or rubric):
            if comment:
                raise InputError("a comment without a score")
            return None
        entry, question = self._find(row)
        words = check_words(comment, "the comment") if comment else None
        mark = make_mark(
            question,
            entry,
            None if rubric else parse_score(score),
            rubric,
            words,
            by=self._by,
            at=self._at,
        )
        if rubric and score and parse_score(score) != mark.score:
            raise InputError(f"a score of {clean_line(score, 40)}, and the rubric gives {mark.score}: leave out one")
        return mark

    def is_kept(self, mark: Mark) -> bool:
        """Say whether the newest mark of the same answer says the same."""
        newest = self._newest.get((mark.submission, mark.question))
        return newest is not None and (newest.score, newest.rubric, newest.comment) == (
            mark.score,
            mark.rubric,
            mark.comment,
        )

    def _find(self, row: Mapping[str, str]) -> tuple[Entry, Question]:
        """Return the submission and the question of a row, whose answer must be what was handed in."""
        name = row.get("submission", "")
        entry, grade = self._graded.get(name, (None, None))
        if entry is None:
            raise InputError(f"no submission {clean_line(name, 60)!r} for {self._assignment.id}")
        question = self._assignment.question(row.get("question", ""))
        graded = next((one for one in grade.questions if one.id == question.id), None) if grade else None
        if graded is None:
            raise InputError(f"submission {entry.id} has no grade for question {question.id!r}")
        answer = row.get("answer", "")
        # Whoever sorts some columns of a sheet and not others would give marks to the wrong people.
        if answer and fold(answer) != fold(clean_text(graded.answer or "")):
            raise InputError(f"the answer is not that of submission {entry.id}: were its columns sorted apart?")
        return entry, question


def _read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a sheet, each with its line.

    Raises:
        InputError: it is no CSV file, or lacks a column.
    """
    _, rows = read_rows(
        read_text(path, MAX_SHEET_BYTES, _HINT),
        str(path),
        name_columns=lambda cells: _check_header(cells, path),
        cell_length=MAX_CELL_LENGTH,
        hint=_HINT,
        clean=lambda cell: unguard(cell.strip()),
    )
    return rows


def _check_header(cells: Sequence[str], path: Path) -> list[str]:
    header = [" ".join(cell.split()).casefold() for cell in cells]
    for name in ("submission", "question"):
        if name not in header:
            raise InputError(f"{path}:1: no column {name!r}", _HINT)
    known = (*FIRST, LAST)
    for name in header:
        if name and not name.startswith(RUBRIC) and name not in known and (near := suggest(name, known)):
            raise InputError(f"{path}:1: no column is called {clean_line(name, 40)!r}{near}", _HINT)
        if name and header.count(name) > 1:
            raise InputError(f"{path}:1: two columns {clean_line(name, 40)!r}", _HINT)
    return header
