"""The Canvas gradebook file, read back by a strict reader that has Canvas' rules."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.export.canvas import export_scores
from grader.export.decimals import format_score
from grader.export.findings import Export, Severity
from grader.export.scores import Column, Detail, Missing, ScoreTable, give_zeros, leave_out
from grader.roster import RosterStudent
from tests.odd_text import make_table, refusals, tables, told

TOTALS = re.compile("(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
NUMBER = re.compile(r"-?[0-9.,]+%?")


def canvas_csv(columns: list[Column]) -> Export:
    return export_scores(make_table(*columns))


def data_of(*columns: Column) -> bytes:
    export = canvas_csv(list(columns))
    assert export.data is not None, export.findings
    return export.data


def refusals_of(*columns: Column) -> str:
    """Return why a file is refused."""
    return refusals(canvas_csv(list(columns)))


class Refused(Exception):
    """Canvas would refuse the file, or take something in it for something else."""


def read_as_canvas(data: bytes) -> dict[str, tuple[str, dict[str, str]]]:
    """Return title → (points, {SIS id → cell}), by the rules of the importer.

    Written from what the importer does: it takes UTF-8, guesses the delimiter from the first three physical lines,
    skips lines of delimiters, drops columns named like its totals, reads ``(123)`` at a title's end as an id, and
    normalises every field that looks like a number.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise Refused("byte order mark")
    text = data.decode("utf-8")
    lines = [line for line in text.split("\r\n") if not re.fullmatch("[;, ]+", line)]
    first = "\n".join(lines[:3])
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = list(csv.reader(io.StringIO("\r\n".join(lines), newline=""), delimiter=delimiter, strict=True))
    rows = [[canvas_number(cell) for cell in row] for row in rows if row]
    header = rows[0]
    if "Student" not in header[0] or "ID" not in header[1] or len(header) <= 3:
        raise Refused("Invalid header row")
    if header[:5] != ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]:
        raise Refused("not the columns that this export promises")
    return read_columns(header, rows[1:])


def canvas_number(cell: str) -> str:
    if not NUMBER.fullmatch(cell):
        return cell
    *whole, decimals = re.split("[.,]", cell)
    return f"{''.join(whole)}.{decimals}" if whole else decimals


def read_columns(header: list[str], rows: list[list[str]]) -> dict[str, tuple[str, dict[str, str]]]:
    points = rows.pop(0)
    if points[0] != "    Points Possible":
        raise Refused("no points row")
    columns: dict[str, tuple[str, dict[str, str]]] = {}
    for place, title in enumerate(header[5:], start=5):
        if TOTALS.search(title) or re.fullmatch(r"(?s)(.*)\s\((\d+)\)", title):
            raise Refused(f"{title!r} is dropped, or is another assignment's")
        columns[title] = (points[place], {})
        for row in rows:
            if len(row) != len(header) or not row[2] or not row[3] or row[0] or row[4]:
                raise Refused(f"row {row}")
            if any(row[place] and [other[place] for other in rows].count(row[place]) > 1 for place in (1, 2, 3)):
                raise Refused(f"an id of {row} twice")
            if row[2] in columns[title][1]:
                raise Refused(f"{row[2]!r} twice")
            columns[title][1][row[2]] = row[place]
    return columns


def test_a_gradebook_has_exactly_these_bytes() -> None:
    scores = {"linus": Fraction(19, 2), "ada": Fraction(10), "007": Fraction(0)}
    export = canvas_csv([Column("Focal loss", Fraction(10), scores)])
    assert export.data == (
        b"Student,ID,SIS User ID,SIS Login ID,Section,Focal loss\r\n"
        b"    Points Possible,,,,,10.00\r\n"
        b",,007,007,,0.00\r\n"
        b",,ada,ada,,10.00\r\n"
        b",,linus,linus,,9.50\r\n"
    )
    assert export.findings == ()


def test_quotes_commas_and_unicode_survive() -> None:
    title = 'Übung 1, "Verluste" \u2013 損失'
    columns = read_as_canvas(data_of(Column(title, Fraction(1), {"josé": Fraction(1)})))
    assert columns == {title: ("1.00", {"josé": "1.00"})}


def test_several_columns_keep_their_order_and_their_students() -> None:
    first = Column("First", Fraction(3), {"ada": Fraction(1, 3), "bob": Fraction(2)})
    second = Column("Second", Fraction(2), {"bob": Fraction(2), "ada": Fraction(0)})
    columns = read_as_canvas(data_of(first, second))
    assert list(columns.items()) == [
        ("First", ("3.00", {"ada": "0.33", "bob": "2.00"})),
        ("Second", ("2.00", {"ada": "0.00", "bob": "2.00"})),
    ]


@pytest.mark.parametrize(
    ("score", "cell"),
    [
        (Fraction(1, 10) + Fraction(2, 10), "0.30"),
        (Fraction(1, 200), "0.01"),
        (Fraction(49, 10_000), "0.00"),
        (Fraction(1005, 1000), "1.01"),
        (Fraction(2, 3), "0.67"),
        (Fraction(9995, 1000), "10.00"),
        (Fraction(10**20), "100000000000000000000.00"),
    ],
)
def test_scores_have_two_decimals_and_halves_go_up(score: Fraction, cell: str) -> None:
    assert format_score(score) == cell


@settings(deadline=None)
@given(st.fractions(min_value=0, max_value=10_000, max_denominator=5_000))
def test_no_cell_is_ever_a_binary_fraction(score: Fraction) -> None:
    cell = format_score(score)
    assert re.fullmatch(r"(0|[1-9][0-9]*)\.[0-9]{2}", cell)
    assert -Fraction(1, 200) < Fraction(Decimal(cell)) - score <= Fraction(1, 200)


def test_a_student_without_a_grade_is_left_out_of_a_single_column() -> None:
    export = canvas_csv([Column("Focal loss", Fraction(10), {"ada": Fraction(1), "bob": None, "cy": None})])
    assert export.data is not None
    assert read_as_canvas(export.data)["Focal loss"][1] == {"ada": "1.00"}
    (found,) = export.findings
    assert (found.severity, found.students) == (Severity.NOTE, ("bob", "cy"))
    assert found.what == "left out, since there is no grade (no grade)"


def test_a_blank_cell_beside_a_score_is_warned_of() -> None:
    first = Column("First", Fraction(1), {"ada": Fraction(1), "bob": None})
    second = Column("Second", Fraction(1), {"ada": None, "bob": Fraction(1), "eve": Fraction(0)})
    export = canvas_csv([first, second])
    assert export.data is not None
    columns = read_as_canvas(export.data)
    assert columns["First"][1] == {"ada": "1.00", "bob": "", "eve": ""}
    assert columns["Second"][1] == {"ada": "", "bob": "1.00", "eve": "0.00"}
    assert [(found.severity, found.column, found.students) for found in export.findings] == [
        (Severity.CHANGED, "First", ("bob", "eve")),
        (Severity.CHANGED, "Second", ("ada",)),
    ]
    assert all("clears a score" in found.what for found in export.findings)


def test_more_than_the_points_and_rounded_points_are_warned_of() -> None:
    export = canvas_csv([Column("Thirds", Fraction(1, 3), {"ada": Fraction(1), "bob": Fraction(1, 3)})])
    assert [(found.severity.value, str(found)) for found in export.findings] == [
        ("changed", "column 'Thirds': its points are rounded to 0.33"),
        ("note", "column 'Thirds', student 'ada': more than the points of 0.33"),
    ]


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("Final Score", "totals"),
        ("My Final Grade project", "totals"),
        ("Week 1 Current Points", "totals"),
        ("Override Status", "totals"),
        ("Focal loss (123)", "id of an assignment"),
        ("Focal loss\t(7)", "not seen"),
        ("Focal\nloss", "not seen"),
        ("Focal \u202eloss", "not seen"),
        ("", "empty"),
        (" Focal loss", "spaces"),
        ("Section", "about the student"),
        ("1,234.5", "reads '1234.5'"),
        ("a;b;c;d;e;f", "semicolons"),
    ],
)
def test_titles_that_canvas_misreads_are_refused(title: str, reason: str) -> None:
    assert reason in refusals_of(Column(title, Fraction(1), {"ada": Fraction(1)}))


@pytest.mark.parametrize("title", ["final score", "Focal loss (part two)", "Loss (1) and (2) more", "Week 1", "2"])
def test_titles_that_only_look_alike_are_taken(title: str) -> None:
    assert title in read_as_canvas(data_of(Column(title, Fraction(1), {"ada": Fraction(1)})))


@pytest.mark.parametrize(
    ("student", "reason"),
    [
        ("1.2.3", "reads '12.3'"),
        ("1,234.5", "reads '1234.5'"),
        ("87,5", "reads '87.5'"),
        ("50%", "reads '50'"),
        ("", "letter or a digit"),
        ("-", "letter or a digit"),
        ("ada ", "no spaces"),
        ("ada\nbob", "not seen"),
        ("ada\udce9", "not seen"),
        ("a;b", "semicolon"),
    ],
)
def test_ids_that_canvas_misreads_are_refused(student: str, reason: str) -> None:
    assert reason in refusals_of(Column("Focal loss", Fraction(1), {"ada": Fraction(1), student: Fraction(1)}))


@pytest.mark.parametrize("student", ["007", "a.b.c@x.edu", "12.5", "=1+1", "O'Neil, T", "-3"])
def test_unusual_ids_are_taken_as_they_are(student: str) -> None:
    data = data_of(Column("Focal loss", Fraction(1), {student: Fraction(1)}))
    assert read_as_canvas(data)["Focal loss"][1] == {student: "1.00"}


def test_every_fault_is_named_at_once() -> None:
    told = refusals_of(Column("Focal loss", Fraction(1), {"1.2.3": Fraction(1), "4.5.6": Fraction(1)}))
    assert "'1.2.3'" in told
    assert "'4.5.6'" in told


def test_scores_below_zero_equal_titles_and_no_columns_are_refused() -> None:
    column = Column("Focal loss", Fraction(1), {"ada": Fraction(1)})
    assert "student 'bob': a score below 0" in refusals_of(Column("Focal loss", Fraction(1), {"bob": Fraction(-1)}))
    assert "two columns" in refusals_of(column, column)
    with pytest.raises(InputError, match="no assignment"):
        canvas_csv([])


TEXTS = st.text(max_size=12) | st.text(alphabet="ab1.,;%-()\" '\r\n=\u202e é", max_size=10)
SCORES = st.none() | st.fractions(min_value=0, max_value=100, max_denominator=1_000)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, st.dictionaries(TEXTS, SCORES, max_size=4)), min_size=1, max_size=3))
def test_what_is_not_refused_is_read_back_exactly(drawn: list[tuple[str, dict[str, Fraction | None]]]) -> None:
    columns = [Column(title, Fraction(100), scores) for title, scores in drawn]
    export = canvas_csv(columns)
    if export.data is None:
        return
    graded = {student for column in columns for student, score in column.scores.items() if score is not None}
    expected = {}
    for column in columns:
        scores = {student: column.scores.get(student) for student in graded}
        cells = {student: "" if score is None else format_score(score) for student, score in scores.items()}
        expected[column.title] = ("100.00", cells)
    assert read_as_canvas(export.data) == expected


@settings(deadline=None)
@given(tables())
def test_odd_texts_are_refused_or_read_back_exactly(table: ScoreTable) -> None:
    export = export_scores(table)
    if export.data is None:
        return
    read = read_as_canvas(export.data)
    assert set(read) == {column.title for column in table.columns}
    for column in table.columns:
        scores = {student.id: column.scores.get(student.id) for student in table.graded}
        cells = {student: "" if score is None else format_score(score) for student, score in scores.items()}
        assert read[column.title] == ("100.00", cells)


def test_canvas_own_ids_and_logins_are_used_where_the_roster_has_them() -> None:
    students = (RosterStudent("007", lms_ids={"canvas_id": "4711", "username": "alovel"}), RosterStudent("8"))
    column = Column("Focal loss", Fraction(1), {"007": Fraction(1), "8": Fraction(0)})
    lines = (export_scores(make_table(column, students=students)).data or b"").splitlines()
    assert lines[2:] == [b",4711,007,alovel,,1.00", b",,8,8,,0.00"]
    twice = (students[0], RosterStudent("8", lms_ids={"canvas_id": "4711"}))
    export = export_scores(make_table(column, students=twice))
    assert "student '8': the Canvas id '4711' is also that of '007'" in refusals(export)


def test_a_student_whom_canvas_would_misread_can_be_left_out() -> None:
    export = canvas_csv([Column("Focal loss", Fraction(1), {"a;b": Fraction(1), "ada": Fraction(1)})])
    (found,) = export.refusals
    assert found.students == ("a;b",)
    assert "--skip leaves the student out" in found.mend
    table = leave_out(make_table(Column("Focal loss", Fraction(1), {"a;b": Fraction(1), "ada": Fraction(1)})), {"a;b"})
    assert b"\r\n,,ada,ada,,1.00\r\n" in (export_scores(table).data or b"")


def test_zeros_are_for_those_who_handed_in_nothing_and_cannot_any_more() -> None:
    over, open_ = Detail(Fraction(10), is_over=True), Detail(Fraction(10))
    scores = {"absent": None, "early": None, "review": None, "pending": None, "deferred": None, "ada": Fraction(9)}
    missing = {"absent": Missing.NOT_SUBMITTED, "early": Missing.NOT_SUBMITTED, "review": Missing.NEEDS_REVIEW}
    missing |= {"pending": Missing.PENDING, "deferred": Missing.DEFERRED}
    details = {student: open_ if student == "early" else over for student in scores}
    table = make_table(Column("Focal loss", Fraction(10), scores, "focal", missing, details=details))
    zeroed, findings = give_zeros(table)
    assert zeroed.columns[0].scores == {**scores, "absent": Fraction(0)}
    assert [found.students for found in findings] == [("absent",), ("early",)]
    rows = read_as_canvas(export_scores(zeroed).data or b"")["Focal loss"][1]
    assert rows == {"absent": "0.00", "ada": "9.00"}


def test_grades_of_other_points_are_refused_and_what_may_rise_is_told() -> None:
    details = {"ada": Detail(Fraction(8)), "bob": Detail(Fraction(10), may_rise=True)}
    column = Column("Focal loss", Fraction(10), {"ada": Fraction(8), "bob": Fraction(1)}, "focal", details=details)
    export = export_scores(make_table(column))
    assert "student 'ada': graded when the assignment was worth 8.00 points; it is worth 10.00 now" in refusals(export)
    assert export.refusals[0].mend.startswith("`grader regrade focal` brings the scores up to date")
    assert "student 'bob': may still rise" in told(export, Severity.NOTE)


def test_a_large_class_is_quick_and_whole() -> None:
    scores = {f"s{number:05}": Fraction(number, 7) for number in range(5_000)}
    read = read_as_canvas(data_of(Column("Focal loss", Fraction(1000), scores)))["Focal loss"][1]
    assert len(read) == 5_000
    assert read["s00001"] == "0.14"
