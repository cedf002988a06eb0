"""Files for Brightspace and Sakai, in Gradescope's shape, and for people: read back by strict readers of our own."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from grader.errors import InputError
from grader.export import brightspace, gradescope, sakai, spreadsheet
from grader.export.choices import Choices
from grader.export.decimals import format_decimal, parse_decimal
from grader.export.findings import Severity
from grader.export.scores import Column, Detail, Missing, ScoreTable
from grader.roster import RosterStudent
from tests.odd_text import data_of, make_table, refusals, tables, told

Read = dict[str, dict[str, str]]  # by title, by student: the text of the cell
STUDENTS = (
    RosterStudent("007", "=Ada", "ada@example.org", "A", lms_ids={"username": "alovel"}),
    RosterStudent("8", "@Bo, Jr", None, None),
    RosterStudent("9", "Cy"),
)
FOCAL = Column(
    "Focal loss",
    Fraction(10),
    {"007": Fraction(19, 2), "8": Fraction(1, 3), "9": None},
    "focal-loss",
    missing={"9": Missing.PENDING},
    feedback={"007": "=1+1\nSecond line", "8": ""},
    details={
        "007": Detail(
            Fraction(10), Fraction(1), datetime(2026, 11, 2, 10, tzinfo=UTC), timedelta(hours=26), "late, so"
        ),
        "8": Detail(Fraction(10), submitted_at=datetime(2026, 11, 1, tzinfo=UTC)),
    },
)
TABLE = make_table(FOCAL, students=STUDENTS)


class Refused(Exception):
    """The LMS would refuse the file, or take something in it for something else."""


def parse(data: bytes) -> list[list[str]]:
    if data.startswith(b"\xef\xbb\xbf"):
        raise Refused("byte order mark")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    if len({len(row) for row in rows}) != 1:
        raise Refused("ragged")
    return rows


def check_number(text: str) -> None:
    if text and not re.fullmatch(r"(0|[1-9][0-9]*)\.[0-9]{2}", text):
        raise Refused(f"{text!r} is no number")


def read_as_brightspace(data: bytes) -> Read:
    rows = parse(data)
    header = rows[0]
    if header[:2] != ["OrgDefinedId", "Username"] or header[-1] != "End-of-Line Indicator":
        raise Refused("columns")
    read: Read = {}
    for place, title in enumerate(header[2:-1], start=2):
        match = re.fullmatch(r"([^<>]+) Points Grade", title)
        if match is None or match[1] in read or re.search("Points Grade|Grade Symbol|Text Grade", match[1]):
            raise Refused(f"{title!r} is taken for something else")
        cells = read[match[1]] = {}
        for row in rows[1:]:
            student = row[0].removeprefix("#")
            if row[-1] != "#" or not student or student in cells or student != row[0] != row[0].strip():
                raise Refused(f"row {row}")
            check_number(row[place])
            cells[student] = row[place]
    return read


def read_as_sakai(data: bytes) -> Read:
    rows = parse(data)
    header = rows[0]
    if any(not title.strip() for title in header) or len(set(header)) != len(header):
        raise Refused("duplicate or blank headings")
    read: Read = {}
    for place, title in enumerate(header[2:], start=2):
        item = re.fullmatch(r"([^\[]+)(\[(\d+([.,]\d\d?)?)\])?", title)
        comment, ignored = re.fullmatch(r"\* (.+)", title, re.DOTALL), title.startswith("#")
        if comment or ignored:
            assert comment
            assert not ignored
            continue
        if item is None or item[2] is None:
            raise Refused(f"{title!r} is no item")
        cells = read[item[1].strip()] = {}
        for row in rows[1:]:
            if not row[0].strip() or row[0] in cells or row[1]:
                raise Refused(f"row {row}")
            check_number(row[place])
            cells[row[0]] = row[place]
    return read


def test_the_bytes_for_brightspace() -> None:
    assert brightspace.export_scores(TABLE, Choices()).data == (
        b"OrgDefinedId,Username,Focal loss Points Grade,End-of-Line Indicator\r\n007,alovel,9.50,#\r\n8,,0.33,#\r\n"
    )


def test_the_bytes_for_sakai() -> None:
    assert sakai.export_scores(TABLE, Choices(feedback=True)).data == (
        b"Student ID,Student Name,Focal loss [10.00],* Focal loss\r\nalovel,,9.50,=1+1 Second line\r\n8,,0.33,\r\n"
    )


READERS: dict[str, tuple[Callable[[ScoreTable, Choices], object], Callable[[bytes], Read]]] = {
    "brightspace": (brightspace.export_scores, read_as_brightspace),
    "sakai": (sakai.export_scores, read_as_sakai),
}


@settings(deadline=None)
@given(tables())
def test_what_is_not_refused_is_read_back_exactly(table: ScoreTable) -> None:
    graded = table.graded
    expected = {
        column.title: {
            student.id: "" if (score := column.scores.get(student.id)) is None else format_decimal(score, 2)
            for student in graded
        }
        for column in table.columns
    }
    export = brightspace.export_scores(table, Choices())
    if export.data is not None:
        assert read_as_brightspace(export.data) == expected
    export = sakai.export_scores(table, Choices())
    if export.data is not None:
        names = {student.id: student.lms_ids.get("username") or student.id for student in graded}
        renamed = {title: {names[one]: cell for one, cell in cells.items()} for title, cells in expected.items()}
        assert read_as_sakai(export.data) == renamed


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("My Points Grade", "the kind of a column"),
        ("Adjusted Final Grade Numerator", "the kind of a column"),
        ("a < b", "settings of the item"),
        ("", "empty"),
    ],
)
def test_titles_that_brightspace_misreads_are_refused(title: str, reason: str) -> None:
    table = make_table(Column(title, Fraction(1), {"ada": Fraction(1)}))
    assert reason in refusals(brightspace.export_scores(table, Choices()))


def test_what_brightspace_would_change_is_told() -> None:
    table = make_table(Column("Focal", Fraction(1), {"#1": Fraction(1)}))
    assert "student '#1': Brightspace takes the # away" in refusals(brightspace.export_scores(table, Choices()))
    table = make_table(Column("Focal", Fraction(1), {"1": Fraction(2)}))
    assert "cuts the score down" in told(brightspace.export_scores(table, Choices()), Severity.CHANGED)


@pytest.mark.parametrize(
    ("title", "reason"), [("Loss [1]", "as the points"), ("* Loss", "as a comment"), ("# Loss", "as a comment")]
)
def test_titles_that_sakai_misreads_are_refused(title: str, reason: str) -> None:
    table = make_table(Column(title, Fraction(1), {"ada": Fraction(1)}))
    assert reason in refusals(sakai.export_scores(table, Choices()))


def test_letters_that_sakai_may_not_decode_are_told_of() -> None:
    table = make_table(Column("Übung", Fraction(1), {"zoë": Fraction(1)}))
    changed = told(sakai.export_scores(table, Choices()), Severity.CHANGED)
    assert "column 'Übung': Sakai reads the file in its server's own encoding" in changed
    assert "student 'zoë': Sakai reads the file in its server's own encoding" in changed


def test_two_students_with_one_id_are_refused() -> None:
    students = (RosterStudent("ada"), RosterStudent("2", lms_ids={"username": "ada"}))
    column = Column("Focal", Fraction(1), {"ada": Fraction(1), "2": Fraction(0)})
    export = sakai.export_scores(make_table(column, students=students), Choices())
    assert "the user id 'ada' is also that of '2'" in refusals(export)


def test_the_shape_of_what_gradescope_lets_people_download() -> None:
    export = gradescope.export_scores(TABLE, Choices())
    assert data_of(export) == (
        b"First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID,Submission Time,"
        b"Lateness (H:M:S)\r\n"
        b",,007,ada@example.org,A,9.50,10.00,Graded,,2026-11-02T10:00:00Z,26:00:00\r\n"
        b",,8,,,0.33,10.00,Graded,,2026-11-01T00:00:00Z,00:00:00\r\n"
        b",,9,,,,10.00,Ungraded,,,\r\n"
    )
    assert "Gradescope imports no scores" in told(export, Severity.NOTE)
    with pytest.raises(InputError, match="of one assignment, and 2"):
        gradescope.export_scores(make_table(FOCAL, FOCAL), Choices())


# For people.


def test_the_bytes_of_a_csv_for_people() -> None:
    assert data_of(spreadsheet.export_csv(TABLE, Choices(feedback=True))).decode() == (
        "\ufeffid,name,email,section,group,assignment,title,score,points,bonus,status,submitted,late,penalty,feedback\r\n"
        '007,\'=Ada,ada@example.org,A,,focal-loss,Focal loss,9.5,10,1,graded,2026-11-02T10:00:00Z,1 d 2 h,"late, so",'
        '"\'=1+1\nSecond line"\r\n'
        '8,"\'@Bo, Jr",,,,focal-loss,Focal loss,0.3333,10,0,graded,2026-11-01T00:00:00Z,,,\r\n'
        "9,Cy,,,,focal-loss,Focal loss,,10,,not graded yet,,,,\r\n"
    )


def read_workbook(data: bytes) -> dict[str, list[list[str | float]]]:
    """Return the sheets of a workbook; a cell is a text or a number, and nothing else is in it."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        strings = [
            "".join(part.text or "" for part in item.iter(f"{space}t"))
            for item in ElementTree.fromstring(file.read("xl/sharedStrings.xml"))
        ]
        book = ElementTree.fromstring(file.read("xl/workbook.xml"))
        names = [sheet.attrib["name"] for sheet in book.iter(f"{space}sheet")]
        sheets = {}
        for number, name in enumerate(names, start=1):
            sheet = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))
            assert not [*sheet.iter(f"{space}f"), *sheet.iter(f"{space}hyperlink")]
            rows: list[list[str | float]] = []
            for row in sheet.iter(f"{space}row"):
                cells: list[str | float] = []
                for cell in row:
                    assert cell.attrib.get("t") in ("s", None)
                    (value,) = cell
                    text = value.text or ""
                    cells.append(strings[int(text)] if cell.attrib.get("t") == "s" else float(text))
                rows.append(cells)
            sheets[name] = rows
    return sheets


def test_a_workbook_has_texts_and_numbers_and_no_formula() -> None:
    sheets = read_workbook(data_of(spreadsheet.export_xlsx(TABLE, Choices())))
    assert sheets["Scores"] == [
        ["id", "name", "email", "section", "group", "Focal loss"],
        ["points", "", "", "", "", 10],
        ["007", "=Ada", "ada@example.org", "A", "", 9.5],
        ["8", "@Bo, Jr", "", "", "", 0.3333],
        ["9", "Cy", "", "", "", ""],
    ]
    cells = ["9", "Cy", "", "", "", "focal-loss", "Focal loss", "", 10, "", "not graded yet", "", "", ""]
    assert sheets["Details"][3] == cells


def test_the_same_scores_make_the_same_workbook() -> None:
    assert data_of(spreadsheet.export_xlsx(TABLE, Choices())) == data_of(spreadsheet.export_xlsx(TABLE, Choices()))


@settings(deadline=None)
@given(tables(most_columns=2))
def test_no_text_breaks_what_people_open(table: ScoreTable) -> None:
    choices = Choices(feedback=True)
    data = data_of(spreadsheet.export_csv(table, choices))
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    assert len(rows) == 1 + len(table.students) * len(table.columns)
    assert {len(row) for row in rows} == {15}
    for row in rows[1:]:
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    workbook = read_workbook(data_of(spreadsheet.export_xlsx(table, choices)))
    assert len(workbook["Details"]) == len(rows)


def test_refused_scores_are_refused_for_people_too() -> None:
    column = Column("Focal", Fraction(2), {"1": Fraction(1)}, "focal", details={"1": Detail(Fraction(1))})
    for export in (spreadsheet.export_csv, spreadsheet.export_xlsx, brightspace.export_scores):
        told_of = refusals(export(make_table(column), Choices()))
        assert "graded when the assignment was worth 1.00 points; it is worth 2.00 now" in told_of


@pytest.mark.parametrize(
    ("text", "number"),
    [("9", 9), ("9.5", Fraction(19, 2)), ("9,50", Fraction(19, 2)), (" 0.10 ", Fraction(1, 10)), ("-1", -1)],
)
def test_numbers_of_other_programs_are_read(text: str, number: Fraction) -> None:
    assert parse_decimal(text) == number


@pytest.mark.parametrize("text", ["", "-", "EX", "1e5", "1.2.3", "1,234.5", "50 %", "٣", "nan", "1" * 50])
def test_what_is_no_plain_number_is_none(text: str) -> None:
    assert parse_decimal(text) is None


@pytest.mark.parametrize(
    ("amount", "places", "text"),
    [
        (Fraction(19, 2), 5, "9.50"),
        (Fraction(1, 3), 5, "0.33333"),
        (Fraction(1, 8), 5, "0.125"),
        (Fraction(2, 3), 2, "0.67"),
        (Fraction(999_999_999, 10**8), 5, "10.00"),
    ],
)
def test_decimals(amount: Fraction, places: int, text: str) -> None:
    assert format_decimal(amount, places) == text
