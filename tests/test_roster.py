"""Rosters as people and learning management systems write them, and who is meant by what."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import InputError
from grader.roster import Claims, Roster, RosterStudent, read_roster, read_worksheet, split_sections, suggest_id

PLAIN = """\
id,name,email,section,group,canvas_id,Badge No.
007,Ada Lovelace,ada@x.org,A,red,4711,b-1
0815,"O'Neill, Ben",ben@x.org,B,,,
"""
STUDENTS = (
    RosterStudent("007", "Ada Lovelace", "ada@x.org", "A", "red", {"canvas_id": "4711", "badge_no": "b-1"}),
    RosterStudent("0815", "O'Neill, Ben", "ben@x.org", "B"),
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_same_roster_in_every_dress(tmp_path: Path, encoding: str, delimiter: str, newline: str) -> None:
    text = PLAIN.replace(",", delimiter).replace(f"O'Neill{delimiter}", "O'Neill,").replace("\n", newline)
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding.endswith("bom") else text.encode(encoding)
    path = tmp_path / "roster.csv"
    path.write_bytes(data)
    assert read_roster(path).students == read_roster(data).students == STUDENTS


@pytest.mark.parametrize(
    ("text", "student"),
    [
        ("ID number;E-mail;First name;Surname\n007;a@x;Ada;Lovelace\n", {"name": "Ada Lovelace", "email": "a@x"}),
        ("OrgDefinedId,Username\n007,ada\n", {"lms_ids": {"username": "ada"}}),
        ("OrgDefinedId,Username\n#007,#ada\n", {"lms_ids": {"username": "ada"}}),
        (
            "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\nAda,99,007,ada,S1\n",
            {"name": "Ada", "section": "S1", "lms_ids": {"canvas_id": "99", "username": "ada"}},
        ),
        ("STUDENT_ID\n007\n\n  \n", {}),
        (
            "Student,ID,SIS User ID,SIS Login ID,Section,Focal loss (12),Quiz (3),Final Score\n"
            "    Points Possible,,,,,10,10,(read only)\nAda,99,007,ada,S1,10,10,100\n",
            {"name": "Ada", "section": "S1", "lms_ids": {"canvas_id": "99", "username": "ada"}},
        ),
        (
            "OrgDefinedId,Username,Focal loss Points Grade <Numeric MaxPoints:10>,End-of-Line Indicator\n"
            "#007,#ada,10,#\n",
            {"lms_ids": {"username": "ada"}},
        ),
        (
            "ID number,Email address,Assignment: Focal loss (Real),Course total (Real),"
            "Last downloaded from this course\n"
            "007,a@x,10.00,10.00,1700000000\n",
            {"email": "a@x"},
        ),
    ],
)  # fmt: skip
def test_headers_of_learning_management_systems(text: str, student: dict[str, object]) -> None:
    assert read_roster(text.encode()).students == (RosterStudent("007", **student),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["is empty"]),
        (b"name,email\nAda,a@x\n", [":1: no column for the id; the columns are name, email"]),
        (
            b"id,name\n007,Ada\n,Ben\n007,Cleo\n",
            [":3: this student has no id", ":4: the id '007' is in line 2 already"],
        ),
        ("id,name\né,Ada\ne\u0301,Ben\n".encode(), [":3: the id"]),
        (b"id,name\n7,Ada\n8,M\xfcller\n", [":3: neither UTF-8 nor UTF-16 (byte 0xfc)"]),
        (b"id,ID number\n7,8\n", [":1: several columns for the id: 'id', 'ID number'"]),
        (b"id,name\n7,Ada,more\n", [":2: more cells than the header has"]),
        (b'id,name\n7,"Ada\n', [": this is not CSV"]),
        (b"id,name\n7,\0\n", [":2: a NUL character"]),
        (b"id,name\n7," + b"x" * 600 + b"\n", [":2: "]),
    ],
)
def test_what_is_wrong_is_named_with_its_line(data: bytes, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read_roster(data)
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.hint


def test_rows_of_a_gradebook_of_canvas_that_are_no_student_s() -> None:
    head = "Student,ID,SIS User ID,SIS Login ID,Section,Loss (7)\n,,,,,Manual Posting\n    Points Possible,,,,,10\n"
    data = f'{head}"Love, Ada",99,007,ada,S1,1\n"Student, Test",12,,c0ffee,S1,\n'.encode()
    assert [(one.id, one.name) for one in read_roster(data).students] == [("007", "Love, Ada")]
    for row in ('"Student, Test",12,,x,S1,', "Bo,13,,bo,S1,"):
        plain = data.replace(b"SIS User ID", b"Student ID").replace(b"ID,Student ID", b"Number,Student ID")
        with pytest.raises(InputError, match="this student has no id"):
            read_roster((plain if "Test" in row else data) + row.encode())


def test_canvas_without_the_ids_of_the_school() -> None:
    head = "Student,ID,SIS Login ID,Section,Loss (7)\n,,,,Manual Posting\n    Points Possible,,,,10\n"
    roster = read_roster(
        f'{head}"Love, Ada",99,ada,"A, B, and Lab and Work",1\n"Student, Test",12,c0ffee,A,\n'.encode()
    )
    (student,) = roster.students
    assert (student.id, student.lms_ids) == ("99", {"canvas_id": "99", "username": "ada"})
    assert split_sections(student.section) == ("A, B, and Lab and Work", "A", "B", "Lab", "Work")
    assert split_sections("Lab, early") == ("Lab, early",)
    assert split_sections(None) == ()


def test_a_grading_worksheet_s_numbers_are_nobody_s_ids() -> None:
    with pytest.raises(InputError, match="only Moodle's numbers for one assignment") as caught:
        read_roster("ID,Vollständiger Name,E-Mail\nTeilnehmer/in300,Ada,a@x\nTeilnehmer/in301,Ben,b@x\n".encode())
    assert "participants" in str(caught.value.hint)
    (student,) = read_roster(b"Identifier,Full name,ID number,Status\nParticipant 300,Ada,007,Submitted\n").students
    assert (student.id, student.lms_ids) == ("007", {})


def test_a_number_is_not_taken_for_its_neighbour() -> None:
    ids = ["0004720", "0004721", "ada"]
    assert suggest_id("4720", ids) == "; did you mean '0004720'?"
    assert suggest_id("0004722", ids) == ""
    assert suggest_id("adda", ids) == "; did you mean 'ada'?"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_roster(tmp_path / "roster.csv")


ROSTER = Roster(
    (
        RosterStudent("007", "Ada Lovelace", "ada@x.org", lms_ids={"canvas_id": "4711", "username": "alove"}),
        RosterStudent("4711", "O'Neill, Ben", "Ben@x.org", lms_ids={"canvas_id": "12", "username": "bneill"}),
        RosterStudent("e\u0301", "Zoë Müller", None),
        RosterStudent("twin1", "Kim Lee"),
        RosterStudent("twin2", "Lee Kim"),
        RosterStudent("dup1", "D One", "dup@x.org"),
        RosterStudent("dup2", "D Two", "dup@x.org"),
    )
)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (Claims(id="007"), "007"),
        (Claims(id="7"), None),
        (Claims(id="4711"), "4711"),  # the course's own ids come first
        (Claims(id="12"), "4711"),
        (Claims(id="ADA@X.ORG"), "007"),
        (Claims(id="ALove"), "007"),
        (Claims(id="\u00e9"), "e\u0301"),
        (Claims(id="dup@x.org"), None),
        (Claims(lms_ids={"canvas_id": "4711"}), "007"),
        (Claims(lms_ids={"canvas_id": "007"}), None),
        (Claims(lms_ids={"canvas_id": "99"}, name="Ada Lovelace"), None),  # a number that is not there beats a name
        (Claims(lms_ids={"brightspace_id": "99"}, name="Ada Lovelace"), "007"),
        (Claims(email="ben@x.org"), "4711"),
        (Claims(usernames=("love", "alove")), "007"),
        (Claims(name="lovelaceada"), "007"),
        (Claims(name="ADA  LOVELACE"), "007"),
        (Claims(name="ONeill Ben"), "4711"),
        (Claims(name="mllerzo"), "e\u0301"),  # Canvas leaves out what is not ASCII
        (Claims(name="Kim Lee"), None),
        (Claims(name="Ada"), None),
        (Claims(), None),
    ],
)
def test_who_is_meant(claims: Claims, expected: str | None) -> None:
    found = ROSTER.match(claims)
    assert (found.id if found else None) == expected
    match = ROSTER.find(claims)
    surer = claims.id or claims.email or claims.usernames or "canvas_id" in claims.lms_ids
    assert match is None or match.by_name is not bool(surer)


def test_a_user_name_is_what_stands_before_the_at_where_the_roster_has_none() -> None:
    roster = Roster((RosterStudent("1", email="ada@x.org"), RosterStudent("2", email="ben@x.org")))
    found = roster.match(Claims(usernames=("ben",)))
    assert found is not None
    assert found.id == "2"
    assert ROSTER.match(Claims(usernames=("ada",))) is None


def test_an_id_that_is_nearly_right() -> None:
    assert ROSTER.suggest("twin3") in ("; did you mean 'twin1'?", "; did you mean 'twin2'?")
    assert ROSTER.suggest("zzzzzz") == ""


def test_a_worksheet() -> None:
    text = "\ufeffIdentifier;Full name;ID number;Email address\nParticipant 12;Ada;007;a@x\nTeilnehmer 13;Ben;;b@x\n"
    assert read_worksheet(text.encode()) == {
        "12": Claims(id="007", name="Ada", email="a@x"),
        "13": Claims(name="Ben", email="b@x"),
    }
    with pytest.raises(InputError, match="no column 'Identifier'"):
        read_worksheet(PLAIN.encode())
    with pytest.raises(InputError, match=":3: 'Participant 12'"):
        read_worksheet(b"Identifier\nParticipant 12\nParticipant 12\n")
