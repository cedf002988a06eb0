"""Files that an LMS exported are filled in: which cells change, whose they are, and what is told of it before.

The headers are those that LMSs write; what is in them is made up.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.export import blackboard, brightspace, canvas, moodle, openedx, sakai
from grader.export.choices import Choices
from grader.export.findings import Export, Severity
from grader.export.scores import Column, Missing, ScoreTable, leave_out
from grader.export.sheet import Sheet, read_sheet
from grader.export.template import Template, fill_template
from grader.roster import RosterStudent
from tests.odd_text import TEXTS, data_of, make_table, refusals, told

STUDENTS = (
    RosterStudent("007", "Ada Lovelace", "ada@example.org", lms_ids={"username": "alovel", "canvas_id": "4711"}),
    RosterStudent("u,8", "Zoë", "zoe@example.org", lms_ids={"username": "zoe", "canvas_id": "4712"}),
    RosterStudent("9", "Bo", "bo@example.org", lms_ids={"username": "bo", "canvas_id": "4713"}),
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Focal loss (101),Focal loss (102),Quiz (103),Labs Current Score,"
    "Final Score\r\n"
    ",,,,,,Manual Posting,,,,\r\n"
    "    Points Possible,,,,,,10.00,10.00,5.00,(read only),(read only)\r\n"
    '"Lovelace, Ada",4711,007,alovel,A,,,1.00,N/A,90.0,91\r\n'
    '"=""=cmd""",4712,"u,8",zoe,A,"x ""y""",8.00,,EX,,\r\n'
    '"Student, Test",99,,9f8e,A,,,,,,\r\n'
)
WORKSHEET = (
    '\ufeffIdentifier,"Full name","ID number","Email address",Status,Grade,"Maximum grade","Grade can be changed",'
    '"Last modified (submission)","Online text","Last modified (grade)","Feedback comments"\n'
    'Participant 31,"Ada Lovelace",007,ada@example.org,"Submitted for grading",,10.00,Yes,"Monday, 1 June","","-",\n'
    'Participant 32,Zoë,"u,8",ZOE@example.org,"Submitted for grading",7.50,10.00,No,-,"","-","<p>See me</p>"\n'
    'Participant 33,Cy,33,cy@example.org,"No submission",,10.00,Yes,-,"","-",\n'
)
GRADEBOOK = (
    '"First name","Last name","ID number","Email address","Assignment: Focal loss (Real)",'
    '"Assignment: Focal loss (Feedback)","Assignment: Focal loss (Percentage)","Quiz: Quiz (Real)",'
    '"Course total (Real)","Last downloaded from this course"\n'
    "Ada,Lovelace,007,ada@example.org,-,,-,3.00,3.00,1790000000\n"
    'Zoë,,"u,8",zoe@example.org,5.00,,50.00 %,-,5.00,1790000000\n'
)
BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,Focal loss Points Grade <Numeric MaxPoints:10 Weight:5 Category:Labs>,"
    "Quiz Points Grade <Numeric MaxPoints:5>,Mood Text Grade,End-of-Line Indicator\r\n"
    "#007,#alovel,Lovelace,,2,fine,#\r\n"
    '"#u,8",#zoe,Zoë,3,,,#\r\n'
)
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"\t'
    '"Focal loss [Total Pts: 10 Score] |403340"\t"Quiz [Total Pts: 5 Percentage] |403341"\t'
    '"Total [Total Pts: up to 15 Score] |403339"\n'
    '"Lovelace"\t"Ada"\t"alovel"\t"007"\t"2026-11-02"\t"Yes"\t""\t"40.0"\t"2.0"\n'
    '"Zoë"\t""\t"zoe"\t""\t""\t"Yes"\t"Needs Grading"\t""\t""\n'
)
SAKAI = (
    "Student ID,Student Name,Focal loss [10.0],* Focal loss,Quiz [5.0],# Course Grade\n"
    'alovel,"Lovelace, Ada",,,4.0,B\nzoe,Zoë,2.0,late,,\n'
)
OPENEDX = (
    "user_id,username,student_key,course_id,track,cohort,name-ab12,grade-ab12,original_grade-ab12,"
    "previous_override-ab12,new_override-ab12,name-cd34,grade-cd34,original_grade-cd34,previous_override-cd34,new_override-cd34\r\n"
    "5,alovel,007,course-v1:X+Y+Z,masters,,Focal loss,1.0,1.0,,,Quiz,2.0,2.0,,\r\n"
    '6,zoe,"u,8",course-v1:X+Y+Z,masters,,Focal loss,,,,,Quiz,,,,\r\n'
)
STAFF_POINTS = (
    "user_id,username,full_name,student_uid,enrolled,track,cohort,block_id,title,date_last_graded,who_last_graded,"
    "Previous Points,New Points\r\n"
    "5,alovel,Ada,007,True,audit,,block-v1:X+Y+Z+type@x,Focal loss,,,,\r\n"
    "6,zoe,Zoe,,True,audit,,block-v1:X+Y+Z+type@x,Focal loss,,,1.0,\r\n"
)


@dataclass(frozen=True)
class Lms:
    """A file of an LMS, the column that is Focal loss's, and what its cells become."""

    read: Callable[[Sheet, Choices], Template]
    text: str
    column: str
    filled: dict[int, str]  # by the row's number in the file
    encoding: str = "utf-8"
    wanted: str | None = None

    @property
    def data(self) -> bytes:
        mark = codecs.BOM_UTF16_LE if self.encoding == "utf-16-le" else b""
        return mark + self.text.encode(self.encoding)


LMSS = {
    "canvas": Lms(canvas.read_template, CANVAS, "Focal loss (101)", {3: "9.50", 4: "0.33"}, wanted="Focal loss (101)"),
    "worksheet": Lms(moodle.read_template, WORKSHEET, "Grade", {1: "9.50"}),
    "gradebook": Lms(moodle.read_template, GRADEBOOK, "Assignment: Focal loss (Real)", {1: "9.50", 2: "0.33333"}),
    "brightspace": Lms(
        brightspace.read_template,
        BRIGHTSPACE,
        "Focal loss Points Grade <Numeric MaxPoints:10 Weight:5 Category:Labs>",
        {1: "9.50", 2: "0.33"},
    ),
    "blackboard": Lms(
        blackboard.read_template,
        BLACKBOARD,
        "Focal loss [Total Pts: 10 Score] |403340",
        {1: "9.50", 2: "0.33"},
        "utf-16-le",
    ),
    "sakai": Lms(sakai.read_template, SAKAI, "Focal loss [10.0]", {1: "9.50", 2: "0.33"}),
    "openedx": Lms(openedx.read_template, OPENEDX, "new_override-ab12", {1: "9.50", 2: "0.33333"}),
    "staff points": Lms(openedx.read_template, STAFF_POINTS, "New Points", {1: "9.50", 2: "0.33333"}),
}
FOCAL = Column("Focal loss", Fraction(10), {"007": Fraction(19, 2), "u,8": Fraction(1, 3), "9": None}, "focal-loss")
QUIZ = Column("Quiz", Fraction(5), {"007": Fraction(4), "u,8": Fraction(5), "9": None}, "quiz")


def fill(
    lms: Lms, *columns: Column, data: bytes | None = None, table: ScoreTable | None = None, **chosen: object
) -> Export:
    columns = columns or (FOCAL,)
    wanted = {"focal-loss": lms.wanted} if lms.wanted else {}
    choices = Choices(**{"columns": wanted, "named": frozenset({"focal-loss"}), **chosen})  # type: ignore[arg-type]
    sheet = read_sheet(lms.data if data is None else data)
    return fill_template(lms.read(sheet, choices), table or make_table(*columns, students=STUDENTS), choices)


def parse(data: bytes, lms: Lms) -> list[list[str]]:
    text = data.decode("utf-16" if data.startswith(codecs.BOM_UTF16_LE) else "utf-8-sig")
    delimiter = "\t" if "\t" in lms.text else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


@pytest.mark.parametrize("name", LMSS)
def test_only_the_cells_of_the_chosen_column_change(name: str) -> None:
    lms = LMSS[name]
    export = fill(lms)
    before, after = parse(lms.data, lms), parse(data_of(export), lms)
    column = before[0].index(lms.column)
    for number, text in lms.filled.items():
        before[number][column] = text
    assert after == before
    assert {cell.text for cell in export.cells} == set(lms.filled.values())
    assert {cell.column for cell in export.cells} == {lms.column}


@pytest.mark.parametrize("name", LMSS)
def test_without_scores_the_bytes_are_the_same(name: str) -> None:
    lms = LMSS[name]
    assert fill(lms, Column("Focal loss", Fraction(10), {"007": None}, "focal-loss")).data == lms.data
    same = fill(lms, data=data_of(fill(lms)))
    assert same.data == fill(lms).data  # filled in twice
    assert not same.cells


def test_the_bytes_of_a_gradebook_of_canvas() -> None:
    lines = CANVAS.split("\r\n")
    lines[3] = '"Lovelace, Ada",4711,007,alovel,A,,9.50,1.00,N/A,90.0,91'
    lines[4] = '"=""=cmd""",4712,"u,8",zoe,A,"x ""y""",0.33,,EX,,'
    assert fill(LMSS["canvas"]).data == "\r\n".join(lines).encode()


def test_the_bytes_of_a_worksheet_of_moodle_with_feedback() -> None:
    column = Column(
        "Focal loss", Fraction(10), FOCAL.scores, "focal-loss", feedback={"007": "a < b,\nso", "u,8": "Well done."}
    )
    export = fill(LMSS["worksheet"], column, feedback=True)
    lines = WORKSHEET.split("\n")
    lines[1] = (
        'Participant 31,"Ada Lovelace",007,ada@example.org,"Submitted for grading",9.50,10.00,Yes,'
        '"Monday, 1 June","","-","a &lt; b,<br>so"'
    )
    lines[2] = lines[2].replace('"<p>See me</p>"', '"Well done."')  # the grade is locked, feedback is not
    assert data_of(export) == "\n".join(lines).encode()
    assert "student 'u,8': not written: Moodle skips the row" in told(export, Severity.CHANGED)
    assert "student 'u,8': other feedback stands there and is replaced" in told(export, Severity.CHANGED)


def test_the_bytes_of_a_download_of_blackboard_keep_their_encoding() -> None:
    text = data_of(fill(LMSS["blackboard"])).decode("utf-16")
    assert text == BLACKBOARD.replace('"Yes"\t""\t"40.0"', '"Yes"\t"9.50"\t"40.0"').replace('"Needs Grading"', '"0.33"')


def import_into_canvas(data: bytes) -> dict[tuple[str, str], str]:
    """Return what Canvas would store, by its ids of assignment and student; what is read only, or excused, is not."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    points = next(row for row in rows if row[0] == "    Points Possible")
    stored = {}
    for place, title in enumerate(rows[0]):
        found = re.fullmatch(r"(.*)\s\((\d+)\)", title)
        if found is None or "read only" in points[place]:
            continue
        for row in rows[1:]:
            if row[1]:
                assert row[place] in ("", "EX", "N/A") or re.fullmatch(r"\d+\.\d\d", row[place])
                assert (found[2], row[1]) not in stored
                stored[found[2], row[1]] = row[place]
    return stored


def test_canvas_stores_the_scores_and_nothing_else() -> None:
    before, after = import_into_canvas(LMSS["canvas"].data), import_into_canvas(data_of(fill(LMSS["canvas"])))
    assert after == {**before, ("101", "4711"): "9.50", ("101", "4712"): "0.33"}


def import_into_blackboard(data: bytes) -> dict[tuple[str, str], str]:
    """Return what Blackboard would store, by column id and user name. Every cell is between quotes."""
    lines = data.decode("utf-16").removesuffix("\n").split("\n")
    rows = [[cell[1:-1] for cell in line.split("\t") if cell[0] == cell[-1] == '"'] for line in lines]
    assert {len(row) for row in rows} == {len(rows[0])}
    user = rows[0].index("Username")
    stored: dict[tuple[str, str], str] = {}
    for place, title in enumerate(rows[0]):
        if found := re.search(r"\|(\d+)\Z", title):
            stored |= {(found[1], row[user]): row[place] for row in rows[1:]}
    return stored


def test_blackboard_stores_the_scores_and_nothing_else() -> None:
    before = import_into_blackboard(LMSS["blackboard"].data)
    after = import_into_blackboard(data_of(fill(LMSS["blackboard"])))
    assert after == {**before, ("403340", "alovel"): "9.50", ("403340", "zoe"): "0.33"}


def import_into_open_edx(data: bytes) -> dict[tuple[str, str], float]:
    """Return the overrides that Open edX would store, by user and subsection."""
    stored: dict[tuple[str, str], float] = {}
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert len({row["user_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["course_id"] == "course-v1:X+Y+Z"
        for title, text in row.items():
            if title.startswith("new_override-") and text.strip():
                stored[row["user_id"], title.partition("-")[2]] = float(text)
                assert stored[row["user_id"], title.partition("-")[2]] >= 0
    return stored


def test_open_edx_stores_the_scores_and_nothing_else() -> None:
    stored = import_into_open_edx(data_of(fill(LMSS["openedx"], FOCAL, QUIZ, named=frozenset({"focal-loss", "quiz"}))))
    assert stored == {("5", "ab12"): 9.5, ("6", "ab12"): 0.33333, ("5", "cd34"): 4.0, ("6", "cd34"): 5.0}
    lines = OPENEDX.split("\r\n")
    assert data_of(fill(LMSS["openedx"])).decode().split("\r\n") == [
        lines[0],
        lines[1].replace("Focal loss,1.0,1.0,,,", "Focal loss,1.0,1.0,,9.50,"),
        lines[2].replace("Focal loss,,,,,", "Focal loss,,,,0.33333,"),
        "",
    ]


# Which column.


def test_an_ambiguous_column_is_refused_with_both_names() -> None:
    export = fill(LMSS["canvas"], columns={})
    assert "both 'Focal loss (101)' and 'Focal loss (102)' can be meant" in refusals(export)
    (found,) = export.refusals
    assert "--column 'focal-loss=TITLE'" in found.mend
    assert data_of(fill(LMSS["canvas"], columns={"focal-loss": "102"})) == data_of(
        fill(LMSS["canvas"], columns={"focal-loss": "Focal loss (102)"})
    )


@pytest.mark.parametrize(
    ("name", "wanted", "words"),
    [
        ("canvas", "Focla loss (101)", "did you mean 'Focal loss (101)'?"),
        ("canvas", "Final Score", "takes no grades: Canvas takes it for one of its own totals"),
        ("canvas", "Labs Current Score", "takes no grades: Canvas takes it for one of its own totals"),
        ("canvas", "Notes", "takes no grades: it is no assignment's"),
        ("gradebook", "Course total (Real)", "takes no grades: it is a total"),
        ("gradebook", "Assignment: Focal loss (Percentage)", "no column 'Assignment: Focal loss (Percentage)'"),
        ("brightspace", "Mood", "takes no grades: it takes symbols or texts"),
        ("blackboard", "Quiz", "takes no grades: it shows 'Percentage'"),
        ("blackboard", "Total", "takes no grades: it is a total"),
        ("sakai", "* Focal loss", "no column '* Focal loss'"),
        ("openedx", "grade-ab12", "no column 'grade-ab12'"),
    ],
)
def test_columns_that_take_no_grades_are_refused(name: str, wanted: str, words: str) -> None:
    assert words in refusals(fill(LMSS[name], columns={"focal-loss": wanted}))


@pytest.mark.parametrize("name", ["canvas", "gradebook", "brightspace", "sakai", "openedx"])
def test_several_assignments_at_once(name: str) -> None:
    lms = LMSS[name]
    export = fill(lms, FOCAL, QUIZ, named=frozenset({"focal-loss", "quiz"}))
    expected = {"canvas": 2, "sakai": 3}.get(name, 4)  # an N/A and an EX stay in Canvas, and a 4 in Sakai
    assert len(export.cells) == expected
    assert len(parse(data_of(export), lms)) == len(parse(lms.data, lms))


def test_two_assignments_may_not_share_a_column() -> None:
    columns = {"focal-loss": "Focal loss [10.0]", "quiz": "Focal loss [10.0]"}
    assert "is another assignment's already" in refusals(fill(LMSS["sakai"], FOCAL, QUIZ, columns=columns))


def test_a_worksheet_is_of_one_assignment() -> None:
    assert "this file is of one assignment, and 2 are to be written" in refusals(fill(LMSS["worksheet"], FOCAL, QUIZ))


def test_an_assignment_that_was_not_asked_for_needs_no_column() -> None:
    other = Column("Other", Fraction(1), {"007": Fraction(1)}, "other")
    export = fill(LMSS["sakai"], FOCAL, other, named=frozenset())
    assert data_of(export) == data_of(fill(LMSS["sakai"]))
    assert "column 'Other': left out: the file has no column for it" in told(export, Severity.NOTE)
    assert "no column 'Other'" in refusals(fill(LMSS["sakai"], FOCAL, other, named=frozenset({"other"})))
    assert "no column of this file" in refusals(fill(LMSS["sakai"], other, named=frozenset()))


# Whose row.


@pytest.mark.parametrize("name", [name for name in LMSS if name != "canvas"])
def test_who_is_not_in_both_is_named(name: str) -> None:
    extra = Column("Focal loss", Fraction(10), {**FOCAL.scores, "9": Fraction(1), "eve": Fraction(2)}, "focal-loss")
    export = fill(LMSS[name], extra)
    assert "2 students (9, eve): has a score, and no row in the file" in told(export, Severity.CHANGED)


def test_unknown_rows_are_named_and_stay() -> None:
    export = fill(LMSS["worksheet"])
    (found,) = [found for found in export.findings if "not known here" in found.what]
    assert (found.severity, found.students) == (Severity.NOTE, ("cy@example.org",))
    assert b"Participant 33,Cy,33,cy@example.org" in data_of(export)
    # Canvas' test student is nobody's business.
    assert not [found for found in fill(LMSS["canvas"]).findings if "not known here" in found.what]


def test_two_rows_of_one_student_are_refused() -> None:
    text = SAKAI + "alovel,Twice,,,,\n"
    export = fill(LMSS["sakai"], data=text.encode())
    assert "student '007': lines 2 and 4 are both this student's" in refusals(export)


def test_a_row_that_means_two_students_is_refused() -> None:
    text = BRIGHTSPACE.replace("#007,#alovel", "#007,#zoe")
    export = fill(LMSS["brightspace"], data=text.encode())
    assert "line 2 means two students at once: '007' and 'u,8'" in refusals(export)
    table = leave_out(make_table(FOCAL, students=STUDENTS), {"007", "u,8"})
    assert not fill(LMSS["brightspace"], data=f"{text}#9,,Bo,,,,#\r\n".encode(), table=table).refusals


def test_a_name_is_never_enough() -> None:
    students = (RosterStudent("x1", "Lovelace, Ada"), RosterStudent("x2", "Zoë", "other@example.org"))
    column = Column("Focal loss", Fraction(10), {"x1": Fraction(1), "x2": Fraction(1)}, "focal-loss")
    for lms in LMSS.values():
        export = fill(lms, table=make_table(column, students=students))
        assert "no row of this file is a student's who is known here" in refusals(export)
        assert not export.cells


def test_ids_are_texts() -> None:
    column = Column("Focal loss", Fraction(10), {"7": Fraction(1), "07": Fraction(2)}, "focal-loss")
    students = (RosterStudent("7", "A", "a@example.org"), RosterStudent("07", "B", "b@example.org"))
    for lms in LMSS.values():
        assert not fill(lms, table=make_table(column, students=students)).cells


def test_user_names_that_the_roster_lacks_are_ids_or_begin_addresses() -> None:
    column = Column("Focal loss", Fraction(10), {"ALOVEL": Fraction(1), "2": Fraction(3)}, "focal-loss")
    students = (RosterStudent("ALOVEL"), RosterStudent("2", email="Zoe@example.org"))
    export = fill(LMSS["sakai"], table=make_table(column, students=students))
    assert [(cell.student, cell.text) for cell in export.cells] == [("ALOVEL", "1.00"), ("2", "3.00")]
    assert "2 students (ALOVEL, 2): found by user names that are like their ids" in told(export, Severity.NOTE)


def test_nobody_is_guessed_beside_rows_that_are_certain() -> None:
    """The second row is another's, whose user name begins the address of somebody in the class."""
    column = Column("Focal loss", Fraction(10), {"alovel": Fraction(1), "2": Fraction(2)}, "focal-loss")
    students = (RosterStudent("alovel", email="a@example.org"), RosterStudent("2", email="zoe@example.org"))
    export = fill(LMSS["sakai"], table=make_table(column, students=students))
    assert [cell.student for cell in export.cells] == ["alovel"]
    assert "student 'zoe': in the file, and not known here" in told(export, Severity.NOTE)
    assert "student '2': has a score, and no row in the file" in told(export, Severity.CHANGED)


def test_without_a_roster_students_are_called_as_the_lms_called_them() -> None:
    scores = {"31": Fraction(1), "zoe@example.org": Fraction(2), "cy@example.org": Fraction(3)}
    table = make_table(Column("Focal loss", Fraction(10), scores, "focal-loss"))
    export = fill(LMSS["worksheet"], table=table)
    assert [(cell.student, cell.text) for cell in export.cells] == [("31", "1.00"), ("cy@example.org", "3.00")]


# What stands in the cells.


def test_grades_that_are_replaced_are_listed_and_can_be_kept() -> None:
    export = fill(LMSS["sakai"])
    assert "student 'u,8': another grade stands there and is replaced: u,8 2.0 → 0.33" in told(export, Severity.CHANGED)
    kept = fill(LMSS["sakai"], keep=True)
    assert [cell.student for cell in kept.cells] == ["007"]
    assert "student 'u,8': another grade stands there and is kept" in told(kept, Severity.NOTE)


def test_the_same_grade_in_other_words_stays_as_it_is() -> None:
    text = SAKAI.replace("zoe,Zoë,2.0", 'zoe,Zoë,"0,33"').replace('Ada",,', 'Ada",9.5,')
    export = fill(LMSS["sakai"], data=text.encode())
    assert export.data == text.encode()
    assert "the same grade stands there already" in told(export, Severity.NOTE)


def test_cells_that_say_excused_stay() -> None:
    export = fill(LMSS["canvas"], QUIZ, named=frozenset({"quiz"}))
    assert export.data == LMSS["canvas"].data
    assert "student '007': left as it is: the cell says N/A" in told(export, Severity.NOTE)
    assert "student 'u,8': left as it is: the cell says EX" in told(export, Severity.NOTE)


@pytest.mark.parametrize("name", ["canvas", "worksheet", "brightspace", "blackboard", "sakai"])
def test_another_maximum_is_refused_or_scaled_exactly(name: str) -> None:
    scores = {"007": Fraction(1, 3), "u,8": Fraction(2)}
    column = Column("Focal loss", Fraction(3), scores, "focal-loss")
    assert "worth 3.00 points here, and 10.00 in" in refusals(fill(LMSS[name], column))
    export = fill(LMSS[name], column, scale=True)
    places = 5 if name == "worksheet" else 2
    assert export.cells[0].text == {5: "1.11111", 2: "1.11"}[places]  # 10/9, not 0.33 times 3.33
    assert "scores are multiplied by 10/3" in told(export, Severity.NOTE)


def test_what_cannot_be_scaled_is_refused() -> None:
    worthless = Column("Focal loss", Fraction(0), {"007": Fraction(0)}, "focal-loss")
    assert "cannot be scaled" in refusals(fill(LMSS["sakai"], worthless, scale=True))
    assert "the file does not say the maximum" in refusals(fill(LMSS["openedx"], scale=True))


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("canvas", Severity.NOTE),
        ("worksheet", Severity.REFUSED),
        ("gradebook", Severity.REFUSED),
        ("brightspace", Severity.CHANGED),
    ],
)
def test_more_than_the_maximum(name: str, severity: Severity) -> None:
    column = Column("Focal loss", Fraction(10), {"007": Fraction(11)}, "focal-loss")
    assert "student '007': " in told(fill(LMSS[name], column), severity)
    assert "more than the maximum of 10.00" in told(fill(LMSS[name], column), severity)


def test_students_without_a_grade_are_named_with_the_reason() -> None:
    scores = {"007": None, "u,8": Fraction(1)}
    column = Column("Focal loss", Fraction(10), scores, "focal-loss", missing={"007": Missing.NEEDS_REVIEW})
    export = fill(LMSS["sakai"], column)
    assert "student '007': no grade (an answer waits for a person): the cell stays as it is" in told(
        export, Severity.NOTE
    )
    blank = told(fill(LMSS["gradebook"], column), Severity.CHANGED)
    assert (
        "student '007': no grade (an answer waits for a person): Moodle takes '-' and blank cells for no grade" in blank
    )


def test_feedback_needs_a_column() -> None:
    assert "no column for feedback" in refusals(fill(LMSS["openedx"], feedback=True))


def test_a_row_that_ends_too_early_is_refused() -> None:
    text = SAKAI.replace('alovel,"Lovelace, Ada",,,4.0,B', 'alovel,"Lovelace, Ada"')
    assert "student '007': the row ends before this column" in refusals(fill(LMSS["sakai"], data=text.encode()))


# What is wrong with the file itself.


@pytest.mark.parametrize("name", [name for name in LMSS if name not in ("worksheet", "gradebook")])
def test_a_file_of_something_else_is_refused_with_its_columns(name: str) -> None:
    with pytest.raises(InputError) as refusal:
        fill(LMSS[name], data=b"colour,size\nred,5\n")
    assert "'colour', 'size'" in refusal.value.message
    assert refusal.value.hint


def test_files_that_canvas_could_not_read_are_refused() -> None:
    lms = LMSS["canvas"]
    assert "UTF-8 only" in refusals(fill(lms, data=codecs.BOM_UTF16_LE + CANVAS.encode("utf-16-le")))
    quoted = CANVAS.replace("Student,ID", '"Student",ID')
    assert "quoted first cell" in refusals(fill(lms, data=codecs.BOM_UTF8 + quoted.encode()))
    assert fill(lms, data=codecs.BOM_UTF8 + CANVAS.encode()).data is not None
    assert fill(lms, data=quoted.encode()).data is not None


def test_a_repeated_user_of_open_edx_and_a_lost_end_of_line_are_refused() -> None:
    assert "user_id stands there more than once" in refusals(
        fill(LMSS["openedx"], data=OPENEDX.replace("6,zoe", "5,zoe").encode())
    )
    text = BRIGHTSPACE.replace(",End-of-Line Indicator", "").replace(",#\r", "\r")
    assert "End-of-Line Indicator" in refusals(fill(LMSS["brightspace"], data=text.encode()))


def test_a_scale_in_place_of_points_is_refused() -> None:
    text = WORKSHEET.replace("10.00,Yes", "Satisfactory,Yes")
    assert "a scale, or not one assignment's file" in refusals(fill(LMSS["worksheet"], data=text.encode()))


# Moodle in another language.

GERMAN = (
    '\ufeffID,"Vollständiger Name","E-Mail-Adresse",Status,Bewertung,Bestwertung,"Bewertung kann geändert werden",'
    '"Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"\n'
    "Teilnehmer/in31,Ada,ada@example.org,Abgegeben,,10.00,Ja,-,-,\n"
    "Teilnehmer/in32,Zoë,zoe@example.org,Abgegeben,,10.00,Nein,-,-,\n"
)


def test_translated_columns_are_found_by_their_places_and_said() -> None:
    with pytest.raises(InputError) as refusal:
        fill(LMSS["worksheet"], data=GERMAN.encode())
    assert "no English titles; its columns are 'ID', 'Vollständiger Name'" in refusal.value.message
    assert "name the column for the grades: --column TITLE" in (refusal.value.hint or "")
    column = Column("Focal loss", Fraction(10), FOCAL.scores, "focal-loss", feedback={"007": "Gut."})
    export = fill(LMSS["worksheet"], column, data=GERMAN.encode(), columns={"focal-loss": "Bewertung"}, feedback=True)
    assert data_of(export).decode() == GERMAN.replace(
        "Abgegeben,,10.00,Ja,-,-,", "Abgegeben,9.50,10.00,Ja,-,-,Gut."
    ).replace("Abgegeben,,10.00,Nein", "Abgegeben,0.33333,10.00,Nein")
    note = told(export, Severity.NOTE)
    assert "e-mail addresses are taken from 'E-Mail-Adresse'" in note
    assert "the maximum from 'Bestwertung'" in note
    assert "'Bewertung kann geändert werden' says 'Ja' or 'Nein'" in told(export, Severity.CHANGED)


def test_a_translated_gradebook_is_filled_in_by_the_named_columns() -> None:
    text = (
        "Vorname;Nachname;E-Mail-Adresse;Aufgabe: Focal loss (Punkte)\n"
        "Ada;Lovelace;ada@example.org;-\nZoë;;zoe@example.org;-\n"
    )
    wanted = {"focal-loss": "Aufgabe: Focal loss (Punkte)"}
    export = fill(LMSS["gradebook"], data=text.encode(), columns=wanted)
    assert data_of(export).decode() == text.replace(".org;-\nZ", ".org;9.50\nZ").replace(".org;-\n", ".org;0.33333\n")


# Whatever is in them.


@settings(deadline=None)
@given(st.sampled_from([*LMSS]), st.data())
def test_whatever_else_stands_in_the_file_stays(name: str, data: st.DataObject) -> None:
    lms = LMSS[name]
    rows = parse(lms.data, lms)
    column = rows[0].index(lms.column)
    ids = {"username", "student id", "id", "sis user id", "sis login id", "id number", "email address", "orgdefinedid"}
    ids |= {
        "identifier",
        "user_id",
        "student_key",
        "student_uid",
        "title",
        "name-ab12",
        "name-cd34",
        "maximum grade",
        "grade can be changed",
        "student",
    }
    free = [
        place for place, title in enumerate(rows[0]) if place > 0 and title.casefold() not in ids and place != column
    ]
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
    for number in lms.filled:
        for place in free:
            rows[number][place] = data.draw(text)
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n", delimiter="\t" if "\t" in lms.text else ",").writerows(rows)
    before = written.getvalue().encode()
    scores = data.draw(st.fixed_dictionaries({"007": st.fractions(0, 10), "u,8": st.fractions(0, 10)}))
    export = fill(lms, Column("Focal loss", Fraction(10), scores, "focal-loss"), data=before)
    after = parse(data_of(export), lms)
    for place in range(len(rows[0])):
        if place != column:
            assert [row[place] for row in after] == [row[place] for row in rows]
    assert {row[column] for row in after} >= {cell.text for cell in export.cells}


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_odd_ids_titles_and_feedback_never_break_a_file(student: str, title: str, feedback: str) -> None:
    column = Column(
        title, Fraction(10), {student: Fraction(1), "007": Fraction(2)}, "focal-loss", feedback={"007": feedback}
    )
    for name in ("worksheet", "sakai"):
        lms = LMSS[name]
        export = fill(lms, column, columns={} if name == "worksheet" else {"focal-loss": "Focal loss"}, feedback=True)
        if student in ("007", "alovel"):
            continue
        rows = parse(data_of(export), lms)
        assert [len(row) for row in rows] == [len(row) for row in parse(lms.data, lms)]
        assert not any(
            (ord(sign) < 32 and sign not in "\n\t") or "\ud800" <= sign <= "\udfff"
            for row in rows
            for sign in "".join(row)
        )
