"""Reports go back through an LMS: Moodle's and Canvas' zips, read as those systems read them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.archive import ZipEntry, write_archive
from grader.errors import InputError
from grader.feedback import Address, address_moodle, name_for_canvas, plan_mailing, write_mailing
from grader.gradebook import Gradebook
from grader.inbox import Sorting
from grader.layouts import Pile
from grader.roster import Claims, Roster, RosterStudent
from grader.scoring import Grade, Status
from grader.spec import Assignment, load_course
from grader.submission import Submission
from tests.made_class import NOW, make_class, make_course
from tests.shell import Shell, write
from tests.test_engine import FILES, HALF, RIGHT
from tests.test_inbox import pack, packed

AT = datetime(2026, 11, 20, tzinfo=UTC)

Found = dict[str, dict[str, bytes]]


def open_strictly(data: bytes) -> dict[str, bytes]:
    """The files of a zip of which no name leads anywhere else, on any system, and none is there twice."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len({name.casefold() for name in names}) == len(names)
        for info in archive.infolist():
            assert info.orig_filename == info.filename
            assert info.filename.isprintable()
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            for path in (PurePosixPath(info.filename), PureWindowsPath(info.filename)):
                assert not path.is_absolute()
                assert ".." not in path.parts
            assert "\\" not in info.filename
            assert ":" not in info.filename
        return {name: archive.read(name) for name in names}


def read_as_moodle(data: bytes, participants: set[int]) -> tuple[Found, list[str]]:
    """What Moodle's importer files under each participant, and the names that it leaves out without a word.

    It looks at the parts of a path in turn: name, number, plugin and its kind, split at underscores.
    """
    found: Found = {}
    ignored = []
    for path, content in open_strictly(data).items():
        parts = path.split("/")
        last = parts[-1]
        taken = False
        while parts and not last.startswith((".", "~")):
            words = parts.pop(0).split("_", 4)
            if len(words) < 4 or not words[1].isascii() or not words[1].isdigit() or int(words[1]) not in participants:
                continue
            if (words[2], words[3]) != ("assignfeedback", "file"):
                continue
            rest = "/".join([words[4] if len(words) == 5 else "", *parts])
            assert rest.startswith("/"), "a file that lies beside the folders has its name cut"
            found.setdefault(words[1], {})[rest] = content
            taken = True
            break
        if not taken:
            ignored.append(path)
    return found, ignored


def read_as_canvas(data: bytes, uploads: Mapping[str, set[str]]) -> tuple[Found, list[str]]:
    """What Canvas adds to each user's comments, and what it leaves out; ``uploads`` are the files of each user."""
    found: Found = {}
    ignored = []
    for path, content in open_strictly(data).items():
        name = path.rpartition("/")[2]
        parts = name.split("_")
        numbers = [part for part in parts if part.isascii() and part.isdigit()][:2]
        known = len(numbers) == 2 and numbers[1] in uploads.get(numbers[0], ())
        if not known or parts[-1].startswith("link") or name.startswith("._"):
            ignored.append(path)
            continue
        found.setdefault(numbers[0], {})[numbers[1]] = content
    return found, ignored


# Whole commands

STUDENTS = (
    "id,name,email,canvas_id\n007,Ada Lovelace,ada@x.org,101\n008,Ben O'Neill,ben@x.org,102\n009,Dan M,dan@x.org,104\n"
)
SHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade\r\n"
    "Participant 31,Ada Lovelace,ADA@x.org,Submitted,\r\n"
    "Participant 32,Ben O'Neill,ben@x.org,Submitted,\r\n"
    "Participant 33,Dan M,dan@x.org,Submitted,\r\n"
)
FROM_MOODLE = {
    "Ada Lovelace_31_assignsubmission_file/twice.py": RIGHT.format("a").encode(),
    "Ben O'Neill_32_assignsubmission_file/twice.zip": packed({"twice.py": HALF.format("b").encode()}),
    "Zoe_39_assignsubmission_file/twice.py": RIGHT.format("z").encode(),
    "Dan M_33_assignsubmission_onlinetext/onlinetext.html": b"<p>typed</p>",
    "notes.txt": b"",
}
FROM_CANVAS = {
    "lovelaceada_101_9001_twice.py": RIGHT.format("a").encode(),
    "oneillben_LATE_102_9002_twice.py": HALF.format("b").encode(),
    "oneillben_LATE_102_9012_twice-1.py": RIGHT.format("b").encode(),
    "mdan_104_text.html": b"<p>typed</p>",
}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [twice]\n"})
    write(tmp_path / "course" / "twice", FILES)
    write(tmp_path, {"roster.csv": STUDENTS, "sheet.csv": SHEET})
    pack(tmp_path / "moodle.zip", FROM_MOODLE)
    pack(tmp_path / "canvas.zip", FROM_CANVAS)
    shell = Shell(tmp_path, tmp_path / "course")
    assert shell("roster", "import", "roster.csv", "--yes").code == 0
    return shell


@pytest.mark.slow
def test_a_download_from_moodle_is_graded_and_goes_back(shell: Shell) -> None:
    graded = shell("grade", "moodle.zip", "--assignment", "twice", "--worksheet", "sheet.csv")
    assert "participant 39 is not in the worksheet" in graded.err
    command = (
        "feedback",
        "moodle",
        "twice",
        "--submissions",
        "moodle.zip",
        "--worksheet",
        "sheet.csv",
        "--out",
        "f.zip",
    )
    sent = shell(*command)
    assert (sent.code, sent.out) == (1, "f.zip: 2 reports\n")
    assert "no report for Zoe: participant 39 is not in the worksheet" in sent.err
    assert "no report for 009: the gradebook has no work of theirs" in sent.err
    assert "no report for notes.txt: its name is not one of a download from Moodle" in sent.err
    data = (shell.folder / "f.zip").read_bytes()
    found, ignored = read_as_moodle(data, {31, 32, 33})
    assert not ignored
    assert found.keys() == {"31", "32"}
    for participant, student in (("31", "007"), ("32", "008")):
        assert shell("show", "twice", "--student", student, "--html", "page.html").code == 0
        assert found[participant] == {"/report.html": (shell.folder / "page.html").read_bytes()}
    assert shell(*command).code == 1
    assert (shell.folder / "f.zip").read_bytes() == data
    assert [path.name for path in shell.folder.iterdir() if path.name.startswith(".f.zip")] == []

    written = shell.in_a_terminal(*command[:-1], "h.zip", typed="n\n")
    assert "Write 2 reports without those?" in written
    assert not (shell.folder / "h.zip").exists()

    alone = shell("feedback", "moodle", "twice", "--worksheet", "sheet.csv", "--out", "g.zip", "--json")
    assert alone.code == 1
    assert read_as_moodle((shell.folder / "g.zip").read_bytes(), {31, 32, 33}) == (found, [])
    assert [(one["student"], one["reason"]) for one in alone.json["left_out"]] == [("009", "not_submitted")]
    assert alone.json["reports"][0]["name"] == "Ada Lovelace_31_assignfeedback_file/report.html"


@pytest.mark.slow
def test_a_download_from_canvas_is_graded_and_goes_back(shell: Shell) -> None:
    assert shell("grade", "canvas.zip", "--assignment", "twice").code == 2
    sent = shell("feedback", "canvas", "twice", "--submissions", "canvas.zip", "--out", "f.zip")
    assert (sent.code, sent.out) == (1, "f.zip: 2 reports\n")
    assert "no report for 009: nothing here that was uploaded" in sent.err
    uploads = {"101": {"9001"}, "102": {"9002", "9012"}, "104": set[str]()}
    found, ignored = read_as_canvas((shell.folder / "f.zip").read_bytes(), uploads)
    assert not ignored
    assert {user: set(files) for user, files in found.items()} == {"101": {"9001"}, "102": {"9012"}}
    for user, file, student in (("101", "9001", "007"), ("102", "9012", "008")):
        shell("show", "twice", "--student", student, "--html", "page.html")
        assert found[user][file] == (shell.folder / "page.html").read_bytes()
    (shell.folder / "moved").mkdir()  # the download, unpacked
    with zipfile.ZipFile(shell.folder / "canvas.zip") as archive:
        archive.extractall(shell.folder / "moved")
    again = shell("feedback", "canvas", "twice", "--submissions", "moved", "--out", "g.zip")
    assert again.out == "g.zip: 2 reports\n"
    assert (shell.folder / "g.zip").read_bytes() == (shell.folder / "f.zip").read_bytes()


def test_what_cannot_be_done_is_said_before_anything_is_written(shell: Shell) -> None:
    moodle = ("feedback", "moodle", "twice", "--out", "f.zip")
    shell(*moodle).fails(2, "nothing says who is who in Moodle", "--worksheet")
    shell(*moodle, "--submissions", "gone.zip").fails(2, "gone.zip")
    shell(*moodle, "--submissions", "canvas.zip").fails(2, "nothing here is named as in a download from Moodle")
    shell(*moodle, "--submissions", "sheet.csv").fails(2, "sheet.csv")
    nobody = shell(*moodle, "--worksheet", "sheet.csv")
    assert nobody.code == 2
    assert nobody.err.count("the gradebook has no work of theirs") == 3
    assert "nobody gets a report" in nobody.err
    shell("feedback", "canvas", "once", "--submissions", "canvas.zip", "--out", "f.zip").fails(
        2, "no assignment 'once'"
    )
    assert not (shell.folder / "f.zip").exists()


def test_grades_that_are_not_final_wait_unless_asked_for(tmp_path: Path) -> None:
    essay = (
        "format: 1\nid: essay\ntitle: E\nsummary: W.\nquestions:\n  - {id: why, kind: text, points: 6, prompt: Why?}\n"
    )
    folder = write(
        tmp_path / "course", {"course.yaml": "title: C\nassignments: [essay]\n", "essay/assignment.yaml": essay}
    )
    course = load_course(folder)
    assignment = course.load("essay")
    states = {"ada": Status.GRADED, "ben": Status.NEEDS_REVIEW, "cleo": Status.PENDING}
    addresses = [Address(student, f"{student}/report.html", student) for student in (*states, "dan", "eve")]
    with Gradebook.open(tmp_path / "state") as gradebook:
        for student, status in states.items():
            entry = gradebook.submit(student, "essay", Submission({"answers.yaml": b"why: so\n"}), AT)
            grade = Grade(
                "essay", "E", status, Fraction(0), Fraction(6), fault="x" if status is Status.PENDING else None
            )
            gradebook.add_grade(entry, grade, assignment.digest, AT)
        gradebook.submit("dan", "essay", Submission({"answers.yaml": b"why: so\n"}), AT)
        strict = plan_mailing(course, gradebook, assignment, addresses[:-1], [])
        loose = plan_mailing(course, gradebook, assignment, addresses, [], unfinished=True)
        absent = plan_mailing(course, gradebook, assignment, addresses[1:], [])
    assert [letter.address.student for letter in strict.letters] == ["ada"]
    assert {one.student: str(one.reason) for one in strict.left_out} == {
        "ben": "not final",
        "cleo": "not graded",
        "dan": "not graded",
    }
    assert [letter.address.student for letter in loose.letters] == ["ada", "ben"]
    assert [(one.student, str(one.reason)) for one in loose.left_out][-1] == ("eve", "not submitted")
    assert ("ada", "not in the download", None) in [
        (one.student, str(one.reason), one.where) for one in absent.left_out
    ]


def test_feedback_waits_for_the_due_date_where_the_policy_says_so(tmp_path: Path) -> None:
    course = make_course(tmp_path / "course", 1)
    text = (course.directory / "course.yaml").read_text()
    (course.directory / "course.yaml").write_text(text.replace("policy:\n", "policy:\n  feedback: after_due\n", 1))
    course = load_course(course.directory)
    make_class(course, tmp_path / "state", 12)
    assignment = course.load(course.assignments[0])
    due = course.due_of(assignment)
    assert due is not None
    pages = {}
    with Gradebook.open(tmp_path / "state") as gradebook:
        students = [entry.student for entry in gradebook.entries()]
        addresses = [Address(student, f"{student}/report.html", student) for student in sorted(set(students))]
        mailing = plan_mailing(course, gradebook, assignment, addresses, [], unfinished=True)
        for name, now in (("before", due.replace(year=due.year - 1)), ("after", NOW)):
            list(write_mailing(tmp_path / f"{name}.zip", mailing, course, gradebook, assignment, now))
            pages[name] = open_strictly((tmp_path / f"{name}.zip").read_bytes())
    choices = (choice for question in assignment.quiz_questions for choice in getattr(question, "choices", ()))
    said = {choice.why[:25].encode() for choice in choices if choice.why}
    words = {text for text in said if re.fullmatch(rb"[A-Za-z ]+", text)}
    assert words
    assert any(word in page for page in pages["after"].values() for word in words)
    assert not any(word in page for page in pages["before"].values() for word in words)


def test_many_reports_are_made_by_several_processes(tmp_path: Path) -> None:
    """The same bytes as one process makes, one page for each."""
    course = make_course(tmp_path / "course", 1)
    make_class(course, tmp_path / "state", 230)
    assignment = course.load(course.assignments[0])
    with Gradebook.open(tmp_path / "state") as gradebook:
        addresses = [
            Address(f"s{number:04}", f"x_{number}_assignfeedback_file/report.html", "") for number in range(230)
        ]
        mailing = plan_mailing(course, gradebook, assignment, addresses, [], unfinished=True)
        done = list(write_mailing(tmp_path / "all.zip", mailing, course, gradebook, assignment, NOW))
        few = type(mailing)(mailing.letters[:5], ())
        list(write_mailing(tmp_path / "few.zip", few, course, gradebook, assignment, NOW))
    found = open_strictly((tmp_path / "all.zip").read_bytes())
    assert len(found) == len(mailing.letters) == len(done) > 200
    for letter in mailing.letters:
        assert letter.address.student.encode() in found[letter.address.name]
    for name, page in open_strictly((tmp_path / "few.zip").read_bytes()).items():
        assert page == found[name]


# Names from outside


def refuse(name: str) -> Assignment:
    raise InputError(f"no assignment {name!r}")


names = st.one_of(
    st.text(max_size=30),
    st.text("ab_/\\.:~ \x00\x1b\n\u202e\ud800'=", max_size=30),
    st.sampled_from(
        ["..", "../../etc", "C:\\x", "a_12_assignfeedback_file", "=cmd|' /C calc'!A0", "x" * 10_000, "עברית", "7"]
    ),
)


@given(names, st.integers(1, 10**12))
def test_no_name_leads_out_of_the_zip_or_hides_the_number_from_moodle(name: str, participant: int) -> None:
    (address,), _ = address_moodle(None, {str(participant): Claims(id="ada", name=name)}, Sorting(load=refuse))
    buffer = write_to_memory({address.name: b"x"})
    found, ignored = read_as_moodle(buffer, {participant})
    assert not ignored
    assert found == {str(participant): {"/report.html": b"x"}}


@given(names, st.integers(1, 10**12), st.integers(1, 10**12), names)
def test_no_name_hides_the_numbers_from_canvas(name: str, user: int, file: int, display: str) -> None:
    uploaded = f"{name.replace('_', '')}_{user}_{file}_{display}"
    pile = Pile(uploaded, Claims(lms_ids={"canvas_id": str(user)}, name=name), files={"a": uploaded})
    found = name_for_canvas(pile)
    numbers = [part for part in uploaded.split("_") if part.isascii() and part.isdigit()]
    if numbers[0] != str(user):  # a name that is a number itself: Canvas would take it for the user's
        assert found is None
        return
    assert found is not None
    assert read_as_canvas(write_to_memory({found: b"x"}), {str(user): {str(file)}}) == (
        {str(user): {str(file): b"x"}},
        [],
    )


def write_to_memory(files: Mapping[str, bytes]) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.zip"
        write_archive(path, [ZipEntry(name, lambda content=content: content) for name, content in files.items()])  # type: ignore[misc]
        return path.read_bytes()


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", "a/./b", "a\\b", "a\nb", "c:a", "a/..", ""])
def test_a_zip_refuses_names_that_lead_out_of_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name"):
        write_archive(tmp_path / "a.zip", [ZipEntry(name, lambda: b"")])
    assert list(tmp_path.iterdir()) == []


def test_a_zip_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_archive(tmp_path / "file" / "a.zip", [])


def test_roster_and_strangers_in_a_worksheet() -> None:
    roster = Roster((RosterStudent("007", "Ada", "ada@x.org"),))
    sheet = {"31": Claims(email="ADA@x.org", name="Ada"), "32": Claims(email="ben@x.org", name="Ben")}
    addresses, left_out = address_moodle(None, sheet, Sorting(load=refuse, roster=roster))
    assert [address.student for address in addresses] == ["007"]
    assert [(one.student, one.where) for one in left_out] == [("Ben", "Participant 32")]
