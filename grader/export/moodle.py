"""Scores for Moodle: a CSV for its gradebook, or an assignment's grading worksheet or the gradebook's export filled in.

A file for the gradebook is taken as a whole or not at all. What it puts into an assignment Moodle marks as overridden,
and ignores grades that are given in the assignment afterwards: the worksheet does not do so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

from grader.errors import InputError
from grader.export.choices import Choices, Identity
from grader.export.decimals import format_decimal, format_score, parse_decimal
from grader.export.findings import Export, Finding, Severity
from grader.export.gradesheet import check_gaps, check_ids, check_maximum, check_titles, finish
from grader.export.scores import ScoreTable
from grader.export.sheet import Sheet, list_titles
from grader.export.template import Target, Template, TemplateRow, to_html
from grader.roster import RosterStudent

HEADERS: dict[Identity, str] = {"email": "Email address", "idnumber": "ID number", "username": "Username"}
LAST_DOWNLOADED = "Last downloaded from this course"
PLACES = 5  # as fine as Moodle stores

_READERS: dict[Identity, Callable[[RosterStudent], str | None]] = {
    "email": lambda student: student.email,
    "idnumber": lambda student: student.id,
    "username": lambda student: student.lms_ids.get("username"),
}
_BLANK = Finding(
    Severity.CHANGED,
    "Moodle takes the blank cell for no grade, and marks it as overridden",
    "export assignments one at a time",
)
_OVER = Finding(
    Severity.REFUSED,
    "more than the maximum",
    "Moodle refuses such a grade: raise the maximum there and here, leave out --with-bonus, or --skip the student",
)


def export_scores(table: ScoreTable, choices: Choices) -> Export:
    """Return a CSV for Moodle's gradebook: one row per student with a grade, named by one id, and no others.

    Raises:
        InputError: there is no column.
    """
    students = table.graded
    identity = choices.identity or _choose_identity(students)
    read = _READERS[identity]
    kind = {"email": "e-mail address", "idnumber": "id", "username": "user name"}[identity]
    findings = [
        *check_titles(table, _find_title_fault),
        *check_ids(students, read, kind, folded=identity != "idnumber", everybody=table.students),
        *check_gaps(table, _BLANK),
        *check_maximum(table, _OVER),
        *_say_maximum(table),
    ]
    if choices.identity is None:
        what = f"students are named by their {kind}; choose {HEADERS[identity]!r} when you import the file"
        findings.append(Finding(Severity.NOTE, what, "--identity names them by something else"))

    def make_rows() -> Iterator[list[str]]:
        titles = [column.title for column in table.columns]
        yield [HEADERS[identity], *_pair(titles, [f"Feedback: {title}" for title in titles], choices)]
        for student in students:
            scores = [column.scores.get(student.id) for column in table.columns]
            cells = ["" if score is None else format_decimal(score, PLACES) for score in scores]
            feedback = [to_html(column.feedback.get(student.id, "")) for column in table.columns]
            yield [read(student) or "", *_pair(cells, feedback, choices)]

    return finish(table, findings, make_rows, PLACES)


def _choose_identity(students: Sequence[RosterStudent]) -> Identity:
    return "email" if students and all(student.email for student in students) else "idnumber"


def _pair(cells: Sequence[str], feedback: Sequence[str], choices: Choices) -> list[str]:
    if not choices.feedback:
        return list(cells)
    return [cell for pair in zip(cells, feedback, strict=True) for cell in pair]


def _find_title_fault(title: str) -> str | None:
    if title == LAST_DOWNLOADED:
        return "Moodle takes it for the moment at which the file was made"
    if title in HEADERS.values():
        return "Moodle takes it for a column about the student"
    return "it looks like a column of feedback" if title.startswith("Feedback: ") else None


def _say_maximum(table: ScoreTable) -> Iterable[Finding]:
    for column in table.columns:
        points = format_score(column.points)
        what = f"the grade item in Moodle must have the maximum {points}: one that the import makes has 100"
        yield Finding(Severity.NOTE, what, "make the item in Moodle first, and map the column to it", column.title)


# The files that Moodle exports, to be filled in.

_KEYS = (("id", "ID number"), ("email", "Email address"), ("username", "Username"))
_REAL = " (Real)"
_FEEDBACK = " (Feedback)"
_WORKSHEET_HINT = "in Moodle: the assignment, Submissions, Actions, Download grading worksheet"


def read_template(sheet: Sheet, choices: Choices) -> Template:
    """Return where scores go in a grading worksheet, or in a gradebook that was exported as plain text.

    Columns' titles are in the site's language. English ones are known; elsewhere the column for grades must be named,
    and the others are found by their places and by what stands in them.

    Raises:
        InputError: it is no such file, or its columns cannot be told apart.
    """
    if sheet.find("Identifier") is not None and sheet.find("Grade") is not None:
        return _read_worksheet(sheet)
    if any(sheet.find(title) is not None for _, title in _KEYS) and any(
        title.endswith(_REAL) for title in sheet.titles
    ):
        return _read_gradebook(sheet)
    return _read_translated(sheet, choices)


def _read_worksheet(sheet: Sheet) -> Template:
    places = {title: sheet.find(title) for title in ("Maximum grade", "Grade can be changed", "Feedback comments")}
    grade = sheet.find("Grade")
    assert grade is not None
    rows = []
    for place, row in sheet.body:
        number = _find_participant(row.value(sheet.find("Identifier")))
        keys = [(kind, row.value(sheet.find(title))) for kind, title in _KEYS]
        locked = row.value(places["Grade can be changed"]).casefold() == "no"
        rows.append(
            TemplateRow(
                place,
                (*keys, ("participant", number)),
                row.value(sheet.find("Email address")) or row.value(sheet.find("Identifier")),
                "Moodle skips the row: its 'Grade can be changed' is No" if locked else "",
            )
        )
    return _make_worksheet(sheet, grade, places["Maximum grade"], places["Feedback comments"], rows, ())


def _make_worksheet(
    sheet: Sheet,
    grade: int,
    maximum: int | None,
    feedback: int | None,
    rows: Sequence[TemplateRow],
    findings: Sequence[Finding],
) -> Template:
    stated = {row.value(maximum) for _, row in sheet.body} if maximum is not None else set()
    numbers = {parse_decimal(text) for text in stated if text}
    found = [*findings]
    if None in numbers or len(numbers) > 1:
        what = f"the maximum grade is {' and '.join(map(repr, sorted(stated)))}: a scale, or not one assignment's file"
        found.append(Finding(Severity.REFUSED, what, "give the assignment a grade in points in Moodle"))
    highest = next((number for number in numbers if number is not None), None)
    return Template(
        "Moodle",
        sheet,
        (Target(grade, sheet.titles[grade], (sheet.titles[grade],), highest, feedback),),
        tuple(rows),
        findings=tuple(found),
        places=PLACES,
        single=True,
        is_html=True,
        over=_OVER,
    )


def _find_participant(text: str) -> str:
    number = re.search(r"([0-9]+)\s*\Z", text, re.ASCII)
    return number[1] if number else ""


def _read_gradebook(sheet: Sheet) -> Template:
    """Return the template of a gradebook's export: titles such as ``Assignment: Focal loss (Real)``."""
    targets = []
    for place, title in enumerate(sheet.titles):
        name = title.removesuffix(_REAL)
        if name == title:
            continue
        own = name.partition(": ")[2] or name
        closed = "it is a total that Moodle works out" if name.endswith("total") else ""
        feedback = sheet.find(f"{name}{_FEEDBACK}")
        targets.append(Target(place, title, (name, own), None, feedback, closed))
    rows = []
    for place, row in sheet.body:
        keys = tuple((kind, row.value(sheet.find(title))) for kind, title in _KEYS)
        rows.append(TemplateRow(place, keys, next((value for _, value in keys[::-1] if value), f"line {row.line}")))
    return _make_gradebook(sheet, targets, rows, ())


def _make_gradebook(
    sheet: Sheet, targets: Sequence[Target], rows: Sequence[TemplateRow], findings: Sequence[Finding]
) -> Template:
    what = "Moodle marks every grade of the file as overridden, and ignores what the assignment gives afterwards"
    mend = f"an assignment's grading worksheet does not do so ({_WORKSHEET_HINT})"
    return Template(
        "Moodle",
        sheet,
        tuple(targets),
        tuple(rows),
        findings=(*findings, Finding(Severity.CHANGED, what, mend)),
        places=PLACES,
        is_html=True,
        blank="Moodle takes '-' and blank cells for no grade, and marks them as overridden",
        over=_OVER,
    )


def _read_translated(sheet: Sheet, choices: Choices) -> Template:
    """Return the template of a file whose titles are not English: the column for grades is the one that was named."""
    named = sorted(set(choices.columns.values()))
    grades = [place for title in named if (place := sheet.find(title)) is not None]
    if not grades:
        missing = f"no column {', '.join(map(repr, named))}" if named else "no English titles"
        message = f"{sheet.where}: {missing}; its columns are {list_titles(sheet.titles)}"
        raise InputError(
            message, "if this is Moodle's file in another language, name the column for the grades: --column TITLE"
        )
    email = next((place for place in range(len(sheet.titles)) if _holds_addresses(sheet, place)), None)
    numbers = [_find_participant(row.value(0)) for _, row in sheet.body]
    is_worksheet = all(numbers) and len(set(numbers)) == len(numbers) and len(grades) == 1 and email != 0
    is_worksheet = is_worksheet and _holds_numbers(sheet, grades[0] + 1)  # the maximum stands there
    rows = []
    for (place, row), number in zip(sheet.body, numbers, strict=True):
        participant = number if is_worksheet else ""
        keys = (("email", row.value(email)), ("participant", participant))
        rows.append(TemplateRow(place, keys, row.value(email) or row.value(0)))
    places = f"e-mail addresses are taken from {sheet.titles[email]!r}" if email is not None else "no e-mail addresses"
    if not is_worksheet:
        what = f"the titles are not English: {places}, and nothing else says who is who"
        targets = [Target(place, sheet.titles[place], (sheet.titles[place],)) for place in grades]
        return _make_gradebook(sheet, targets, rows, [Finding(Severity.NOTE, what)])
    return _place_worksheet(sheet, grades[0], rows, places)


def _place_worksheet(sheet: Sheet, grade: int, rows: Sequence[TemplateRow], places: str) -> Template:
    """Return a translated worksheet: to the right of the grade stand its maximum, and whether it can be changed."""
    titles = sheet.titles
    maximum = grade + 1
    feedback = len(titles) - 1 if len(titles) - 1 > grade + 3 else None
    said = [f"participants from {titles[0]!r}", f"the maximum from {titles[maximum]!r}"]
    said += [f"feedback from {titles[feedback]!r}"] if feedback is not None else []
    findings = [Finding(Severity.NOTE, f"the titles are not English: {places}, and by their places {', '.join(said)}")]
    if maximum + 1 < len(titles):
        answers = sorted({row.value(maximum + 1) for _, row in sheet.body})
        if len(answers) == 2:
            what = (
                f"{titles[maximum + 1]!r} says {answers[0]!r} or {answers[1]!r}: Moodle skips the rows that are locked"
            )
            findings.append(Finding(Severity.CHANGED, what, "read the grades again in Moodle after the import"))
    return _make_worksheet(sheet, grade, maximum, feedback, rows, findings)


def _holds_addresses(sheet: Sheet, place: int) -> bool:
    values = [row.value(place) for _, row in sheet.body]
    return any(values) and all("@" in value for value in values if value)


def _holds_numbers(sheet: Sheet, place: int) -> bool:
    values = [row.value(place) for _, row in sheet.body]
    return bool(values) and all(isinstance(parse_decimal(value), Fraction) for value in values)
