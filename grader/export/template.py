"""Scores filled into a file that an LMS exported: its own columns, ids and order stay, only chosen cells change.

Each LMS says of its file which columns take grades and whose row is whose; what follows is the same for all.
"""

from __future__ import annotations

import html
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from grader.display import clean_line, clean_text
from grader.errors import suggest
from grader.export.choices import Choices
from grader.export.decimals import format_decimal, format_score, is_rounded, parse_decimal
from grader.export.findings import Export, Finding, Severity, WrittenCell, is_refused, merge_findings
from grader.export.scores import Column, ScoreTable, check_scores, explain_missing
from grader.export.sheet import Sheet, SheetRow, list_titles
from grader.roster import RosterStudent

EMPTY = ("", "-")
_KEEP = "--keep leaves cells that are filled as they are"
_NO_FEEDBACK = "leave out --feedback"
_NO_BLANKS = "fill in the worksheet of the assignment, or export without --template"


@dataclass(frozen=True, slots=True)
class Target:
    """A column of grades: ``titles`` are what its ``header`` may call the assignment.

    ``feedback`` is the place of the column for feedback beside it; ``closed`` says why it takes no grades.
    """

    index: int
    header: str
    titles: tuple[str, ...]
    maximum: Fraction | None = None
    feedback: int | None = None
    closed: str = ""


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """The row of a student: its place, and what it says of who this is, as kinds and values, the surest first.

    ``label`` is what to call a student whom nobody knows. ``locked`` says why the LMS takes no grade for the row.
    """

    place: int
    keys: tuple[tuple[str, str], ...]
    label: str
    locked: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A file of an LMS. ``untouched`` is what cells say that stay as they are.

    ``single``: it is of one assignment, whatever its column is called. ``blank`` is what becomes of cells that stay
    without a grade, if that is bad; ``over`` is what becomes of scores over the maximum. ``known_by`` says how students
    get known here.
    """

    lms: str
    sheet: Sheet
    targets: tuple[Target, ...]
    rows: tuple[TemplateRow, ...]
    findings: tuple[Finding, ...] = ()
    places: int = 2
    untouched: tuple[str, ...] = ()
    single: bool = False
    is_html: bool = False
    blank: str = ""
    over: Finding = field(default_factory=lambda: Finding(Severity.NOTE, "more than the maximum"))
    known_by: str = "give the roster the ids that stand there: `grader roster import`"


def fill_template(template: Template, table: ScoreTable, choices: Choices) -> Export:
    """Return the file with the scores in it, and what to know before it is imported.

    Cells of students without a final score stay as they are, and so does one that holds the same grade already.
    """
    pairs, findings = _choose_targets(template, table, choices)
    own, more = _match_rows(template, table)
    findings = [*template.findings, *check_scores(table), *findings, *more]
    changes: dict[tuple[int, int], str] = {}
    cells: list[WrittenCell] = []
    for column, target in pairs:
        filling = _Filling(template, target, column, choices)
        findings += filling.fill(own)
        changes |= filling.changes
        cells += filling.cells
    findings += _find_ours_without_a_row(table, [column for column, _ in pairs], {student for _, student in own})
    findings = merge_findings(findings)
    data = None if is_refused(findings) else template.sheet.fill(changes)
    return Export(tuple(findings), data, tuple(cells))


# Which column is whose.


def _choose_targets(
    template: Template, table: ScoreTable, choices: Choices
) -> tuple[list[tuple[Column, Target]], list[Finding]]:
    if template.single and len(table.columns) > 1:
        names = ", ".join(column.assignment for column in table.columns)
        what = f"this file is of one assignment, and {len(table.columns)} are to be written: {names}"
        return [], [
            Finding(Severity.REFUSED, what, "name the assignment: `grader export … ASSIGNMENT --template FILE`")
        ]
    pairs: list[tuple[Column, Target]] = []
    findings: list[Finding] = []
    owners: dict[int, str] = {}
    for column in table.columns:
        found = _find_targets(template, column, choices.columns.get(column.assignment))
        free = len(found) == 1 and owners.setdefault(found[0].index, column.assignment) == column.assignment
        if free and not found[0].closed:
            pairs.append((column, found[0]))
        else:
            findings.append(_explain_targets(template, column, found, choices))
    if not pairs and not is_refused(findings):
        what = f"no column of this file is an assignment's; those that take grades are {_list(template)}"
        findings.append(Finding(Severity.REFUSED, what, "name it with --column"))
    return pairs, findings


def _find_targets(template: Template, column: Column, wanted: str | None) -> Sequence[Target]:
    """Return the columns that can be meant: by the whole header, then by the title, then without regard to case."""
    if template.single and wanted is None:
        return [target for target in template.targets if not target.closed]
    name = _plain(column.title if wanted is None else wanted)
    for same in (
        [target for target in template.targets if _plain(target.header) == name],
        [target for target in template.targets if name in map(_plain, target.titles)],
        [target for target in template.targets if name.casefold() in map(_fold, target.titles)],
    ):
        if same:
            return same
    return []


def _explain_targets(template: Template, column: Column, found: Sequence[Target], choices: Choices) -> Finding:
    """Return why an assignment has no column of its own."""
    wanted = choices.columns.get(column.assignment)
    name = column.title if wanted is None else wanted
    option = f"--column '{column.assignment}=TITLE'"
    if len(found) > 1:
        titles = " and ".join(repr(target.header) for target in found)
        return Finding(Severity.REFUSED, f"both {titles} can be meant", f"say which: {option}", column.title)
    if found and found[0].closed:
        what = f"the column {found[0].header!r} takes no grades: {found[0].closed}"
        return Finding(Severity.REFUSED, what, f"those that do are {_list(template)}: {option}", column.title)
    if found:
        what = f"the column {found[0].header!r} is another assignment's already"
        return Finding(Severity.REFUSED, what, f"say which is whose: {option}", column.title)
    if wanted is None and column.assignment not in choices.named:
        return Finding(Severity.NOTE, "left out: the file has no column for it", column=column.title)
    near = suggest(name, [text for target in template.targets for text in (*target.titles, target.header)])
    what = f"the file has no column {name!r}{near}; those that take grades are {_list(template)}"
    return Finding(Severity.REFUSED, what, f"say which: {option}", column.title)


def _list(template: Template) -> str:
    return list_titles([target.header for target in template.targets if not target.closed]) or "none"


# Which row is whose.


class Matcher:
    """Finds students by what a file of an LMS says of them. A name is never enough: a grade would be another's."""

    def __init__(self, students: Sequence[RosterStudent]) -> None:
        self._indexes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._like_ids: dict[str, list[str]] = defaultdict(list)
        self._like_addresses: dict[str, list[str]] = defaultdict(list)
        for student in students:
            for kind, value in (*student.lms_ids.items(), ("email", student.email or "")):
                self._indexes[kind][_fold(value)].append(student.id)
            self._indexes["id"][_plain(student.id)].append(student.id)
            self._like_ids[_fold(student.id)].append(student.id)
            self._like_addresses[_fold((student.email or "").partition("@")[0])].append(student.id)
        self._is_bare = not any(student.email or student.name or student.lms_ids for student in students)

    def find(self, keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        """Return the students whom a row means: one, none, or several where what it says does not go together."""
        found: dict[str, None] = {}
        for kind, value in keys:
            found |= _look_up(self._indexes[kind], _plain(value) if kind == "id" else _fold(value))
        return tuple(found)

    def guess(self, keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        """Return whom a row may mean, where the roster has no ids of the kinds that it states.

        User names are often ids, or begin e-mail addresses. Without a roster students are called as the LMS called
        them.
        """
        found: dict[str, None] = {}
        for kind, value in keys:
            if kind == "username" and not self._indexes["username"]:
                found |= _look_up(self._like_ids, _fold(value)) or _look_up(self._like_addresses, _fold(value))
            elif self._is_bare and kind != "id":
                found |= _look_up(self._like_ids, _fold(value))
        return tuple(found)


def _look_up(index: Mapping[str, Sequence[str]], value: str) -> dict[str, None]:
    students = index.get(value, ()) if value else ()
    return dict.fromkeys(students) if len(students) == 1 else {}


def _match_rows(template: Template, table: ScoreTable) -> tuple[list[tuple[TemplateRow, str]], list[Finding]]:
    """Return the rows of students whom we know, each with the student's id."""
    matcher = Matcher([*table.students, *table.skipped])
    skipped = {student.id for student in table.skipped}
    matches = [matcher.find(row.keys) for row in template.rows]
    findings = []
    if not any(matches):  # beside rows that are known for certain a guess could only be another's grade
        matches = [matcher.guess(row.keys) for row in template.rows]
        if guessed := tuple(student for found in matches for student in found):
            what = "found by user names that are like their ids, or like the beginning of their e-mail addresses"
            findings.append(Finding(Severity.NOTE, what, "are they the same people? else mend the roster", "", guessed))
    own: dict[str, TemplateRow] = {}
    lines: dict[str, int] = {}
    for row, found in zip(template.rows, matches, strict=True):
        line = template.sheet.rows[row.place].line
        if not found:
            what = "in the file, and not known here"
            findings.append(Finding(Severity.NOTE, what, template.known_by, students=(row.label,)))
        elif skipped.intersection(found):
            continue
        elif len(found) > 1:
            what = f"line {line} means two students at once: {' and '.join(map(repr, found))}"
            findings.append(Finding(Severity.REFUSED, what, "mend the roster", students=found))
        elif found[0] in own:
            what = f"lines {lines[found[0]]} and {line} are both this student's, and the last would win"
            findings.append(Finding(Severity.REFUSED, what, "take one of them out of the file", students=found))
        else:
            own[found[0]], lines[found[0]] = row, line
    if not own:
        what = f"no row of this file is a student's who is known here, of {len(template.rows)} rows"
        findings.append(Finding(Severity.REFUSED, what, template.known_by))
    return [(row, student) for student, row in own.items()], findings


def _find_ours_without_a_row(table: ScoreTable, columns: Sequence[Column], own: set[str]) -> Iterator[Finding]:
    for column in columns:
        scored = {student for student, score in column.scores.items() if score is not None}
        if missing := tuple(sorted(scored - own)):
            what = "has a score, and no row in the file: the score goes nowhere"
            mend = "is this the right file, and does the roster say how the LMS calls them?"
            yield Finding(Severity.CHANGED, what, mend, column.title, missing)


# What stands in the cells.


class _Filling:
    """Fills one column, and collects what there is to know of it."""

    def __init__(self, template: Template, target: Target, column: Column, choices: Choices) -> None:
        self._template, self._target, self._column, self._choices = template, target, column, choices
        self.changes: dict[tuple[int, int], str] = {}
        self.cells: list[WrittenCell] = []
        self._highest = column.points if target.maximum is None else target.maximum
        self._findings: list[Finding] = []
        self._replaced: dict[str, str] = {}  # by student, what by what

    def fill(self, own: Sequence[tuple[TemplateRow, str]]) -> list[Finding]:
        """Work out the changes, and return what to know of them."""
        factor = self._find_factor()
        if self._choices.feedback and self._target.feedback is None:
            self._tell(Severity.REFUSED, f"no column for feedback in this file of {self._template.lms}", _NO_FEEDBACK)
        for row, student in own:
            score = self._column.scores.get(student)
            if score is not None:
                self._fill_row(row, student, score * factor)
        self._tell_replaced()
        for reason, students in explain_missing(self._column, [student for _, student in own]).items():
            if self._template.blank:
                self._tell(Severity.CHANGED, f"no grade ({reason}): {self._template.blank}", _NO_BLANKS, *students)
            else:
                self._tell(Severity.NOTE, f"no grade ({reason}): the cell stays as it is", "", *students)
        return self._findings

    def _find_factor(self) -> Fraction:
        """Return what scores are multiplied by: 1, but with --scale what brings our points to the LMS's maximum."""
        points, maximum, lms = self._column.points, self._target.maximum, self._template.lms
        if maximum is None:
            if self._choices.scale:
                what = "nothing to scale to: the file does not say the maximum"
                self._tell(Severity.REFUSED, what, "leave out --scale")
            else:
                what = f"the file does not say the maximum: see that it is {format_score(points)} in {lms}"
                self._tell(Severity.NOTE, what)
            return Fraction(1)
        if format_score(maximum) == format_score(points):
            return Fraction(1)
        what = f"worth {format_score(points)} points here, and {format_score(maximum)} in {lms}"
        if not self._choices.scale:
            mend = f"--scale brings scores to {format_score(maximum)}; or make both the same"
            self._tell(Severity.REFUSED, what, mend)
            return Fraction(1)
        if points <= 0 or maximum <= 0:
            self._tell(Severity.REFUSED, f"{what}: that cannot be scaled", "leave out --scale")
            return Fraction(1)
        self._tell(Severity.NOTE, f"{what}: scores are multiplied by {maximum / points}")
        return maximum / points

    def _fill_row(self, row: TemplateRow, student: str, score: Fraction) -> None:
        line = self._template.sheet.rows[row.place]
        if row.locked:
            self._tell(Severity.CHANGED, f"not written: {row.locked}", "", student)
        elif self._target.index >= len(line.cells):
            self._tell(Severity.REFUSED, "the row ends before this column", "export the file once more", student)
        else:
            self._fill_grade(row, line, student, score)
        text = self._column.feedback.get(student, "")
        if self._choices.feedback and text and self._target.feedback is not None:
            self._fill_feedback(row, line, student, text)

    def _fill_grade(self, row: TemplateRow, line: SheetRow, student: str, score: Fraction) -> None:
        template, maximum = self._template, self._highest
        before, after = line.value(self._target.index), format_decimal(max(score, Fraction(0)), template.places)
        if before in template.untouched:
            self._tell(Severity.NOTE, f"left as it is: the cell says {before}", "", student)
            return
        if is_rounded(score, template.places):
            self._tell(Severity.NOTE, f"rounded to {template.places} decimals", "", student)
        if score > maximum:
            over = template.over
            self._tell(over.severity, f"{over.what} of {format_score(maximum)}", over.mend, student)
        if before not in EMPTY and parse_decimal(before) == parse_decimal(after):
            self._tell(Severity.NOTE, "the same grade stands there already", "", student)
            return
        if before not in EMPTY and self._choices.keep:
            self._tell(Severity.NOTE, "another grade stands there and is kept", "", student)
            return
        if before not in EMPTY:
            self._replaced[student] = f"{clean_line(student, 80)} {clean_line(before, 20)} \u2192 {after}"
        self.changes[row.place, self._target.index] = after
        self.cells.append(WrittenCell(student, self._target.header, after))

    def _fill_feedback(self, row: TemplateRow, line: SheetRow, student: str, text: str) -> None:
        place = self._target.feedback
        if place is None or place >= len(line.cells):
            return
        # One line where it is not known what the LMS makes of several.
        before, after = line.value(place), to_html(text) if self._template.is_html else clean_line(text, len(text))
        if before == after:
            return
        if before and self._choices.keep:
            self._tell(Severity.NOTE, "other feedback stands there and is kept", "", student)
            return
        if before:
            self._tell(Severity.CHANGED, "other feedback stands there and is replaced", _KEEP, student)
        self.changes[row.place, place] = after

    def _tell_replaced(self) -> None:
        """Tell which grades are replaced, and by what: they are the LMS's, and gone once the file is imported."""
        if not self._replaced:
            return
        shown = "; ".join(list(self._replaced.values())[:20])
        what = f"another grade stands there and is replaced: {shown}"
        self._tell(Severity.CHANGED, what, _KEEP, *self._replaced)

    def _tell(self, severity: Severity, what: str, mend: str = "", *students: str) -> None:
        self._findings.append(Finding(severity, what, mend, self._column.title, students))


def to_html(text: str) -> str:
    """Return a plain text as HTML that shows it: nothing in it is markup any more, and lines stay lines."""
    return "<br>".join(html.escape(line, quote=False) for line in clean_text(text).split("\n"))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _fold(text: str) -> str:
    return _plain(text).casefold()
