"""``grader export`` with a real gradebook: every format, what is found before it is written, and what is left alone."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader.gradebook import Gradebook
from grader.roster import Roster
from tests.made_class import NOW, make_class, make_course
from tests.shell import Answer, Shell

FIRST, SECOND = "choose-the-loss", "regression-losses"
TITLE = "Choose the loss"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("export")
    course = make_course(folder / "course", 2)
    make_class(course, folder / "state", 6, regraded=False, seed=4)
    with Gradebook.open(folder / "state") as gradebook:
        roster = gradebook.roster()
        assert roster is not None
        students = [
            replace(student, lms_ids={"username": f"u{number}", "canvas_id": f"10{number}"})
            for number, student in enumerate(roster.students)
        ]
        gradebook.set_roster(
            Roster((*students, replace(students[0], id="absent", email="a@b.c", lms_ids={}))), "kim", NOW
        )
    return Shell(folder, folder / "course", home=folder / "state")


@pytest.fixture(scope="module")
def scores(shell: Shell) -> dict[str, float]:
    """What everybody has in the first assignment."""
    answer = shell("export", "canvas", FIRST)
    assert answer.code == 0, answer
    rows = list(csv.reader(io.StringIO(answer.out, newline="")))
    assert rows[0][5:] == [TITLE]
    return {row[2]: float(row[5]) for row in rows[2:]}


def read(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def wrote(answer: Answer, path: str) -> None:
    assert (answer.code, answer.out) == (0, f"{path}\n"), answer


def test_files_from_scratch_hold_the_same_scores(shell: Shell, scores: dict[str, float]) -> None:
    assert len(scores) >= 5
    places = {
        "moodle": (0, 1, 1, [f"{student}@example.org" for student in scores]),
        "brightspace": (0, 2, 1, [*scores]),
        "sakai": (0, 2, 1, [f"u{int(student[1:])}" for student in scores]),
        "gradescope": (2, 5, 1, [*scores]),
        "csv": (0, 7, 1, [*scores]),
    }
    for name, (key, place, top, students) in places.items():
        answer = shell("export", name, FIRST, "--out", f"{name}.csv")
        wrote(answer, f"{name}.csv")
        rows = {row[key]: row[place] for row in read(shell.folder / f"{name}.csv")[top:]}
        found = {student: float(rows[student]) for student in students}
        assert list(found.values()) == list(scores.values()), name
    wrote(shell("export", "xlsx", "--feedback", "--out", "all.xlsx"), "all.xlsx")
    assert zipfile.is_zipfile(shell.folder / "all.xlsx")
    assert not [*shell.folder.glob(".*.part")]


def test_absent_students_have_a_zero_where_that_is_asked_for(shell: Shell, scores: dict[str, float]) -> None:
    answer = shell("export", "brightspace", FIRST)
    assert "absent" not in answer.out
    assert "student 'absent': left out, since there is no grade (nothing was handed in)" in answer.err
    answer = shell("export", "brightspace", FIRST, "--missing", "zero")
    assert "\r\nabsent,,0.00,#\r\n" in answer.out
    assert "0, since nothing was handed in and it is over" in answer.err


def test_templates_are_filled_in(shell: Shell, scores: dict[str, float]) -> None:
    one, two = list(scores)[:2]
    number = {student: int(student[1:]) for student in scores}
    (shell.folder / "canvas.csv").write_text(
        f"Student,ID,SIS Login ID,Section,{TITLE} (77),Write three regression losses (78)\n"
        "    Points Possible,,,,13.00,11.00\n"
        f"X,10{number[one]},-,A,1.00,\nY,10{number[two]},-,A,,\n"
    )
    answer = shell("export", "canvas", "--template", "canvas.csv", "--out", "filled.csv")
    wrote(answer, "filled.csv")
    rows = read(shell.folder / "filled.csv")
    assert [row[4] for row in rows[2:]] == [f"{scores[one]:.2f}", f"{scores[two]:.2f}"]
    assert f"another grade stands there and is replaced: {one} 1.00 → {scores[one]:.2f}" in answer.err
    (shell.folder / "worksheet.csv").write_text(
        "\ufeffIdentifier,Email address,Grade,Maximum grade,Grade can be changed,Last modified (grade),"
        "Feedback comments\n"
        f"Participant 1,{one}@example.org,,26.00,Yes,-,\n"
    )
    shell("export", "moodle", FIRST, "--template", "worksheet.csv").fails(
        2, "worth 13.00 points here, and 26.00 in Moodle"
    )
    answer = shell("export", "moodle", FIRST, "--template", "worksheet.csv", "--scale", "--feedback", "--out", "ws.csv")
    wrote(answer, "ws.csv")
    row = read(shell.folder / "ws.csv")[1]
    assert float(row[2]) == pytest.approx(2 * scores[one])
    assert "of 13 points" in row[6]
    assert "<" not in row[6].replace("<br>", "")
    (shell.folder / "bb.txt").write_bytes(
        f'"Username"\t"Student ID"\t"{TITLE} [Total Pts: 13 Score] |4"\n"u{number[one]}"\t""\t""\n'.encode("utf-16")
    )
    wrote(shell("export", "blackboard", FIRST, "--template", "bb.txt", "--out", "bb.txt"), "bb.txt")
    assert f'"{scores[one]:.2f}"' in (shell.folder / "bb.txt").read_bytes().decode("utf-16")
    (shell.folder / "edx.csv").write_text(
        f"user_id,username,course_id,name-ab,new_override-ab\n1,u{number[one]},c,{TITLE},\n"
    )
    wrote(shell("export", "openedx", FIRST, "--template", "edx.csv", "--out", "edx-filled.csv"), "edx-filled.csv")
    assert read(shell.folder / "edx-filled.csv")[1][4] == f"{scores[one]:.2f}"


def test_a_check_writes_nothing_and_says_what_there_would_be(shell: Shell, scores: dict[str, float]) -> None:
    answer = shell("export", "moodle", FIRST, "--check", "--out", "never.csv")
    assert answer.code == 0
    assert f"{len(scores)} scores would be written: of {len(scores)} students in 1 column." in answer.out
    assert "note: column 'Choose the loss'" in answer.out
    assert not answer.err
    found = shell("export", "moodle", FIRST, "--check", "--json", "--identity", "username").json
    assert (found["format"], found["export"], found["written"], found["refused"]) == (1, "moodle", None, False)
    assert {cell["student"]: float(cell["text"]) for cell in found["cells"]} == scores
    assert {finding["severity"] for finding in found["findings"]} == {"note"}
    assert not (shell.folder / "never.csv").exists()


def test_a_refusal_leaves_what_is_there_and_students_can_be_left_out(shell: Shell, scores: dict[str, float]) -> None:
    path = shell.folder / "kept.csv"
    path.write_text("as it was")
    answer = shell("export", "moodle", FIRST, "--identity", "username", "--missing", "zero", "--out", "kept.csv")
    answer.fails(2, "refused: student 'absent': no user name in the roster", "nothing was written", "--skip-refused")
    assert path.read_text() == "as it was"
    told = shell("export", "moodle", FIRST, "--identity", "username", "--missing", "zero", "--json")
    assert (told.code, told.json["refused"]) == (2, True)
    options = ("--identity", "username", "--missing", "zero", "--out", "kept.csv")
    answer = shell("export", "moodle", FIRST, *options, "--skip-refused")
    wrote(answer, "kept.csv")
    assert "note: student 'absent': left out, as asked" in answer.err
    assert len(read(path)) == 1 + len(scores)
    wrote(shell("export", "moodle", FIRST, *options, "--skip", "absent"), "kept.csv")
    shell("export", "moodle", FIRST, *options, "--skip", "absnt").fails(2, "did you mean 'absent'?")


def test_what_is_asked_for_must_make_sense(shell: Shell) -> None:
    shell("export", "canvas", "--keep").fails(2, "--column, --scale and --keep are about a template")
    (shell.folder / "t.csv").write_text("Student,ID,Section,A (1),B (2)\n")
    given = ("export", "canvas", "--template", "t.csv")
    shell(*given, "--column", "A (1)").fails(2, "does not say whose column it is", "ASSIGNMENT=TITLE")
    shell(*given, "--column", f"{FIRST}=A (1)", "--column", f"{FIRST}=B (2)").fails(
        2, "two columns for choose-the-loss"
    )
    shell(*given, FIRST, "--column", "C (3)").fails(2, "no column 'C (3)'", "'A (1)', 'B (2)'")
    shell("export", "blackboard", FIRST).fails(2, "it takes --template FILE", "Work Offline, Download")
    shell("export", "openedx", FIRST).fails(2, "it takes --template FILE", "instructor dashboard")
    shell("export", "xlsx", "--out", "x.csv").fails(2, "x.csv would hold a workbook", "name it x.xlsx")
    shell("export", "csv", "--out", "x.xlsx").fails(2, "x.xlsx would hold no workbook", "name it x.csv")
    shell("export", "openedx", FIRST, "--template", "none.csv").fails(2, "none.csv cannot be read: no such file")
