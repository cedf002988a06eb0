"""Files for Moodle, read back by strict readers that have the rules of its importers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import given, settings

from grader.export.choices import Choices, Identity
from grader.export.findings import Severity
from grader.export.moodle import export_scores, read_template
from grader.export.scores import Column, Missing, ScoreTable
from grader.export.sheet import read_sheet
from grader.export.template import fill_template
from grader.roster import RosterStudent
from tests.odd_text import data_of, make_table, refusals, tables, told

IDENTITIES: dict[Identity, str] = {"email": "Email address", "idnumber": "ID number", "username": "Username"}


class Refused(Exception):
    """Moodle would refuse the file, whole."""


@dataclass
class Grade:
    """What the importer stores: null is a grade, too, and marks the cell as overridden."""

    grade: Fraction | None = None
    feedback: str | None = None
    overridden: bool = False


@dataclass
class Site:
    """A course of Moodle: its users by each identity, its grade items with their maxima, and what was imported."""

    users: Mapping[Identity, Mapping[str, str]]
    items: Mapping[str, Fraction]
    grades: dict[tuple[str, str], Grade] = field(default_factory=dict)
    overridden_since: dict[tuple[str, str], Grade] = field(default_factory=dict)

    def import_csv(self, data: bytes, identity: Identity) -> None:
        """Take a file all or not at all: the identity's column and the items are mapped by their titles."""
        rows = read_csv(data)
        header = rows[0]
        if len(set(header)) != len(header):
            raise Refused("a header twice: only one of them can be mapped")
        key = header.index(IDENTITIES[identity])
        if "Last downloaded from this course" in header:
            raise Refused("older than the grades")
        for row in rows[1:]:
            user = self._find(identity, row[key])
            for place, title in enumerate(header):
                if place == key:
                    continue
                item = title.removeprefix("Feedback: ")
                if item not in self.items:
                    raise Refused(f"{title!r} can be mapped to nothing")
                grade = self.grades.setdefault((user, item), Grade())
                if title != item:
                    grade.feedback = row[place]
                else:
                    grade.grade, grade.overridden = self._read(row[place], self.items[item]), True

    def _find(self, identity: Identity, value: str) -> str:
        known = self.users[identity]
        found = (
            known.get(value) if identity == "idnumber" else {k.lower(): v for k, v in known.items()}.get(value.lower())
        )
        if found is None:
            raise Refused(f"User mapping error: Could not find user with {identity} of {value!r}")
        return found

    def _read(self, text: str, maximum: Fraction) -> Fraction | None:
        if text in ("", "-"):
            return None
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            raise Refused("Supplied grade is invalid")
        if Fraction(text) > maximum:
            raise Refused("One of the grade values is larger than the allowed grade maximum")
        if len(text.partition(".")[2]) > 5:
            raise Refused("more decimals than are stored")
        return Fraction(text)


def read_csv(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8")
    if text.startswith("\ufeff"):
        raise Refused("a byte order mark, which need not be")
    if any(sign in text for sign in "\x00\x1b"):
        raise Refused("control characters")
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    if len({len(row) for row in rows}) != 1:
        raise Refused("Invalid CSV file format - number of columns is not constant!")
    return rows


STUDENTS = (
    RosterStudent("007", "=Ada", "Ada@example.org", lms_ids={"username": "alovel"}),
    RosterStudent("8", "Bo", "bo@example.org", lms_ids={"username": "bo"}),
    RosterStudent("9", "Cy", "cy@example.org", lms_ids={"username": "cy"}),
)
FOCAL = Column(
    "Focal, loss",
    Fraction(10),
    {"007": Fraction(19, 2), "8": Fraction(1, 3), "9": None},
    "focal-loss",
    missing={"9": Missing.NOT_SUBMITTED},
    feedback={"007": 'a < b & "c"\nnext; line', "8": ""},
)
TABLE = make_table(FOCAL, students=STUDENTS)


def make_site(table: ScoreTable) -> Site:
    users: dict[Identity, dict[str, str]] = {
        "email": {student.email: student.id for student in table.students if student.email},
        "idnumber": {student.id: student.id for student in table.students},
        "username": {name: student.id for student in table.students if (name := student.lms_ids.get("username"))},
    }
    return Site(users, {column.title: column.points for column in table.columns})


def test_a_file_has_exactly_these_bytes() -> None:
    export = export_scores(TABLE, Choices(identity="email", feedback=True))
    assert export.data == (
        b'Email address,"Focal, loss","Feedback: Focal, loss"\r\n'
        b'Ada@example.org,9.50,"a &lt; b &amp; ""c""<br>next; line"\r\n'
        b"bo@example.org,0.33333,\r\n"
    )


@pytest.mark.parametrize("identity", IDENTITIES)
def test_moodle_stores_what_was_meant(identity: Identity) -> None:
    site = make_site(TABLE)
    site.import_csv(data_of(export_scores(TABLE, Choices(identity=identity, feedback=True))), identity)
    assert site.grades == {
        ("007", "Focal, loss"): Grade(Fraction(19, 2), 'a &lt; b &amp; "c"<br>next; line', overridden=True),
        ("8", "Focal, loss"): Grade(Fraction("0.33333"), "", overridden=True),
    }


def test_nobody_s_name_is_in_the_file() -> None:
    data = data_of(export_scores(TABLE, Choices()))
    assert b"=Ada" not in data
    assert b"Cy" not in data


def test_students_are_named_by_what_all_have() -> None:
    assert data_of(export_scores(TABLE, Choices())).startswith(b"Email address,")
    bare = replace(TABLE, students=(*STUDENTS[:2], RosterStudent("9")))
    assert data_of(export_scores(bare, Choices())).startswith(b"Email address,")  # who has no grade is in no row
    bare = replace(TABLE, students=(STUDENTS[0], RosterStudent("8"), RosterStudent("9")))
    export = export_scores(bare, Choices())
    assert data_of(export).splitlines()[1:] == [b"007,9.50", b"8,0.33333"]
    assert "choose 'ID number'" in told(export, Severity.NOTE)
    refused = export_scores(bare, Choices(identity="email"))
    assert "student '8': no e-mail address in the roster" in refusals(refused)
    assert "student '8': no user name in the roster" in refusals(export_scores(bare, Choices(identity="username")))


def test_students_without_a_grade_are_left_out_by_name() -> None:
    export = export_scores(TABLE, Choices())
    assert "student '9': left out, since there is no grade (nothing was handed in)" in told(export, Severity.NOTE)


def test_a_blank_cell_beside_a_grade_is_told_of() -> None:
    other = Column("Quiz", Fraction(1), {"007": None, "8": Fraction(1)}, "quiz", missing={"007": Missing.PENDING})
    export = export_scores(make_table(FOCAL, other, students=STUDENTS), Choices())
    told_of = told(export, Severity.CHANGED)
    assert (
        "column 'Quiz', student '007': no grade (not graded yet): Moodle takes the blank cell for no grade" in told_of
    )


def test_addresses_that_differ_in_case_alone_are_refused() -> None:
    students = (RosterStudent("1", email="ADA@example.org"), RosterStudent("2", email="ada@example.org"))
    column = Column("Focal", Fraction(1), {"1": Fraction(1), "2": Fraction(0)})
    export = export_scores(make_table(column, students=students), Choices())
    assert "the e-mail address 'ada@example.org' is also that of '1'" in refusals(export)
    assert export_scores(make_table(column, students=students), Choices(identity="idnumber")).data is not None


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("Last downloaded from this course", "the moment at which"),
        ("Email address", "a column about the student"),
        ("Feedback: Focal", "a column of feedback"),
        ("", "empty"),
        ("a\nb", "not seen"),
    ],
)
def test_titles_that_moodle_misreads_are_refused(title: str, reason: str) -> None:
    table = make_table(Column(title, Fraction(1), {"1": Fraction(1)}))
    assert reason in refusals(export_scores(table, Choices()))


def test_a_user_name_of_somebody_who_is_not_in_the_file_is_refused() -> None:
    twins = (STUDENTS[0], replace(STUDENTS[1], lms_ids={"username": "ALOVEL"}))
    table = make_table(Column("Focal", Fraction(1), {"007": Fraction(1), "8": None}), students=twins)
    told = refusals(export_scores(table, Choices(identity="username")))
    assert "student '007': the user name 'alovel' is also that of '8', who would get the score" in told


def test_more_than_the_maximum_is_refused() -> None:
    table = make_table(Column("Focal", Fraction(1), {"1": Fraction(3, 2)}))
    assert "student '1': more than the maximum of 1.00" in refusals(export_scores(table, Choices()))


@settings(deadline=None)
@given(tables())
def test_what_is_not_refused_is_stored_exactly(table: ScoreTable) -> None:
    for identity in IDENTITIES:
        export = export_scores(table, Choices(identity=identity, feedback=True))
        if export.data is None:
            continue
        site = make_site(table)
        site.import_csv(export.data, identity)
        graded = {student.id for student in table.graded}
        assert {user for user, _ in site.grades} == graded
        for column in table.columns:
            for student in graded:
                score, stored = column.scores.get(student), site.grades[student, column.title].grade
                assert (score is None) == (stored is None)
                assert score is None or stored is None or abs(score - stored) <= Fraction(1, 200_000)


# The worksheet, read as Moodle's importer of worksheets does.

HEADER = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\n'
)
WORKSHEET = (
    "\ufeff"
    + HEADER
    + (
        "Participant 1,Ada,ada@example.org,-,,10.00,Yes,-,-,\n"
        "Participant 2,Bo,bo@example.org,-,4.00,10.00,No,-,-,\n"
        "Participant 3,Cy,cy@example.org,-,5.00,10.00,Yes,-,-,kept\n"
    )
)


def import_worksheet(data: bytes) -> dict[str, tuple[str, str]]:
    """Return grade and feedback by participant, as they are afterwards: locked rows keep their grade in silence."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    before = {row["Identifier"]: row for row in csv.DictReader(io.StringIO(WORKSHEET.removeprefix("\ufeff")))}
    stored = {}
    for row in rows:
        for title in ("Identifier", "Grade", "Last modified (grade)"):
            assert title in row
        grade = row["Grade"] if row["Grade can be changed"] == "Yes" else before[row["Identifier"]]["Grade"]
        if grade and Fraction(grade) > Fraction(row["Maximum grade"]):
            raise Refused(row["Identifier"])
        stored[row["Identifier"]] = (grade, row["Feedback comments"])
    return stored


def test_a_worksheet_changes_what_moodle_lets_it_change() -> None:
    scores = {"007": Fraction(19, 2), "8": Fraction(9), "9": None}
    column = Column("Focal", Fraction(10), scores, "focal-loss", feedback={"007": "<script>", "8": "b"})
    choices = Choices(feedback=True)
    template = read_template(read_sheet(WORKSHEET.encode()), choices)
    export = fill_template(template, make_table(column, students=STUDENTS), choices)
    assert import_worksheet(data_of(export)) == {
        "Participant 1": ("9.50", "&lt;script&gt;"),
        "Participant 2": ("4.00", "b"),
        "Participant 3": ("5.00", "kept"),
    }
    assert "student '8': not written" in told(export, Severity.CHANGED)
