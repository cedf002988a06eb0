"""Whose work lies where: folders, zips of a class, and what learning management systems pack."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader import places
from grader.errors import GraderError, InputError
from grader.inbox import Inbox, Sorting, open_inbox
from grader.layouts import Layout, compile_pattern
from grader.roster import Claims, Roster, RosterStudent, read_worksheet
from grader.spec import Assignment, load_assignment
from tests.shell import write
from tests.test_engine import FILES

ONE = b"def twice(x):\n    return 2 * x  # one\n"
TWO = b"def twice(x):\n    return 2 * x  # two\n"
MARKER = b'{"format": 1, "assignment": "twice"}'


@pytest.fixture
def twice(tmp_path: Path) -> Assignment:
    return load_assignment(write(tmp_path / "course" / "twice", FILES))


def pack(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(packed(files))
    return path


def packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def unpack(path: Path, files: Mapping[str, bytes]) -> Path:
    path.mkdir()
    return write(path, files)


def as_folder_and_zip(tmp_path: Path, files: Mapping[str, bytes]) -> list[Path]:
    """A download as it comes, unpacked, and unpacked and packed again with the folder."""
    again = {f"submissions/{name}": content for name, content in files.items()}
    return [
        pack(tmp_path / "download.zip", files),
        unpack(tmp_path / "unpacked", files),
        pack(tmp_path / "again.zip", again),
    ]


def load(name: str) -> Assignment:
    raise InputError(f"no assignment {name!r}")


def sorting(assignment: Assignment | None, **options: object) -> Sorting:
    def find(name: str) -> Assignment:
        assert assignment is not None
        return assignment if name == assignment.id else load(name)

    return Sorting(load=find, assignment=assignment, **options)  # type: ignore[arg-type]


def contents(inbox: Inbox) -> dict[str, bytes]:
    """The answer of each student whose work can be read."""
    found = {}
    for work in inbox.works:
        try:
            found[work.student] = work.read().files["twice.py"]
        except GraderError:
            continue
    return found


def refusals(inbox: Inbox) -> dict[str, str]:
    """Why each student's work is refused, when it is found or when it is read."""
    found = {refusal.student: refusal.error.message for refusal in inbox.refusals}
    for work in inbox.works:
        try:
            work.read()
        except GraderError as error:
            found[work.student] = error.message
    return found


def test_a_zip_of_a_class_is_read_like_the_folder(tmp_path: Path, twice: Assignment) -> None:
    files = {
        "ada/twice.py": ONE,
        "ben/work/twice.py": TWO,
        "cleo.zip": packed({"twice.py": ONE}),
        "dan/handed in.zip": packed({"dan/twice.py": TWO}),
        "notes.txt": b"",
        "eve/other.txt": b"",
        "__MACOSX/ada/._twice.py": b"",
        ".DS_Store": b"",
    }
    for path in as_folder_and_zip(tmp_path, files)[:2]:
        with open_inbox([path], sorting(twice)) as inbox:
            assert contents(inbox) == {"ada": ONE, "ben": TWO, "cleo": ONE, "dan": TWO}
            assert refusals(inbox).keys() == {"notes.txt", "eve"}
            assert inbox.notes == []


def test_a_zip_made_of_the_folder_is_seen_through(tmp_path: Path, twice: Assignment) -> None:
    path = pack(tmp_path / "class.zip", {"inbox/ada/twice.py": ONE, "inbox/ben/twice.py": TWO})
    with open_inbox([path], sorting(twice)) as inbox:
        assert contents(inbox) == {"ada": ONE, "ben": TWO}
        assert [work.where for work in inbox.works] == [f"{path}/inbox/ada", f"{path}/inbox/ben"]


def test_folders_that_fetch_made_in_a_zip(tmp_path: Path, twice: Assignment) -> None:
    files = {
        "ada/my answer/grader.json": MARKER,
        "ada/my answer/twice.py": ONE,
        "ben/twice/twice.py": TWO,
        "cleo/other/twice.py": TWO,
        "dan/twice.zip": packed({"twice.py": ONE}),
    }
    everything = sorting(None)
    known = Sorting(load=lambda name: twice if name == "twice" else load(name))
    assert everything.assignment is None
    for path in as_folder_and_zip(tmp_path, files):
        with open_inbox([path], known) as inbox:
            assert contents(inbox) == {"ada": ONE, "ben": TWO, "dan": ONE}
            assert refusals(inbox) == {"cleo": "no assignment 'other'"}


def test_several_paths_and_single_zips(tmp_path: Path, twice: Assignment) -> None:
    paths = [
        unpack(tmp_path / "monday", {"ada/twice.py": ONE, "ben/twice.py": ONE}),
        pack(tmp_path / "cleo.zip", {"cleo/twice.py": TWO}),
        pack(tmp_path / "tuesday.zip", {"dan/twice.py": ONE, "ben/twice.py": TWO}),
        tmp_path / "broken.zip",
    ]
    paths[-1].write_bytes(b"PK but no")
    with open_inbox(paths, sorting(twice)) as inbox:
        assert contents(inbox) == {"ada": ONE, "cleo": TWO, "dan": ONE}
        refused = refusals(inbox)
        assert refused["ben"] == "ben has another one here: ben"
        assert refused["broken"] == "broken.zip is not a zip file, or it is damaged"
    with pytest.raises(InputError, match="there is no such folder"):
        open_inbox([paths[0], tmp_path / "gone"], sorting(twice))
    with pytest.raises(InputError, match="is neither a folder nor a zip"):
        open_inbox([twice.directory / "assignment.yaml"], sorting(twice))


def test_a_zip_with_a_marker_is_one_students(tmp_path: Path, twice: Assignment) -> None:
    path = pack(tmp_path / "ada.zip", {"twice/grader.json": MARKER, "twice/twice.py": ONE})
    with open_inbox([path], Sorting(load=lambda name: twice)) as inbox:
        assert contents(inbox) == {"ada": ONE}


# Learning management systems

MOODLE = {
    "Ada Lovelace_101_assignsubmission_file/twice.py": ONE,
    "Ada Lovelace_101_assignsubmission_onlinetext/onlinetext.html": b"<p>hello</p>",
    "Ben O'Neill_102_assignsubmission_file_/twice.zip": packed({"twice/twice.py": TWO}),
    "Cleo_Ann Ng_103_assignsubmission_onlinetext/onlinetext.html": b"<p>code</p>",
    "Ben O'Neill_104_assignsubmission_file/twice.py": ONE,
}
MOODLE_FLAT = {
    "Ada Lovelace_101_assignsubmission_file_twice.py": ONE,
    "Ada Lovelace_101_assignsubmission_file_notes_two.py": b"",
    "Ben O'Neill_102_assignsubmission_file_ben.zip": packed({"twice.py": TWO}),
    "Cleo_Ann Ng_103_assignsubmission_onlinetext_onlinetext.html": b"<p>code</p>",
    "Ben O'Neill_104_assignsubmission_file_twice.py": ONE,
}
CANVAS = {
    "lovelaceada_101_9001_twice.py": ONE,
    "oneillben_LATE_102_9002_twice-1.py": TWO,
    "ngcleo_103_text.html": b"",
    "mueller2dan_late_104_9004_dan.zip": packed({"dan/twice.py": TWO}),
    "eve_105_9005_twice.py": ONE,
    "eve_105_9010_twice-2.py": TWO,
}
BLACKBOARD = {
    "Twice 1_ada_attempt_2026-11-23-10-05-00.txt": b"Name: Ada",
    "Twice 1_ada_attempt_2026-11-23-10-05-00_twice.py": ONE,
    "Twice 1_ben_attempt_2026-11-21-08-00-00_twice.py": ONE,
    "Twice 1_ben_attempt_2026-11-22-08-00-00_twice.py": TWO,
    "Twice 1_ben_attempt_2026-11-22-08-00-00.txt": b"",
    "Twice 1_cleo_attempt_2026-11-22-08-00-00.txt": b"only text",
}
BRIGHTSPACE = {
    "101-77 - Ada Lovelace - Nov 23, 2026 1005 AM/twice.py": ONE,
    "102-77 - Ben O'Neill - Nov 9, 2026 1105 PM/twice.py": ONE,
    "102-77 - Ben O'Neill - Nov 23, 2026 105 PM/twice.py": TWO,
    "index.html": b"<html>",
}


@pytest.mark.parametrize("files", [MOODLE, MOODLE_FLAT], ids=["folders", "flat"])
def test_moodle(tmp_path: Path, twice: Assignment, files: Mapping[str, bytes]) -> None:
    for path in as_folder_and_zip(tmp_path, files):
        with open_inbox([path], sorting(twice)) as inbox:
            assert contents(inbox) == {"101": ONE, "102": TWO, "104": ONE}  # two of one name are two
            assert refusals(inbox) == {"Cleo_Ann Ng": "it is text that was typed into Moodle, not a file"}
            assert inbox.notes[0].endswith(": a download from Moodle")
            assert "--worksheet" in inbox.notes[1]


ROSTER = Roster(
    (
        RosterStudent("007", "Ada Lovelace", "ada@x.org", lms_ids={"canvas_id": "101"}),
        RosterStudent("008", "O'Neill, Ben", "Ben.B@x.org", lms_ids={"canvas_id": "102"}),
        RosterStudent("009", "Dan Müller", "dan@x.org", lms_ids={"canvas_id": "104"}),
        RosterStudent("101", "Eve", "eve@x.org", lms_ids={"canvas_id": "105"}),
    )
)
WORKSHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade\r\n"
    "Participant 101,Ada Lovelace,ADA@x.org,Submitted,\r\n"
    "Participant 102,Ben O'Neill,ben.b@x.org,Submitted,\r\n"
    "Participant 104,Ben O'Neill,dan@x.org,Submitted,\r\n"
).encode()


def test_canvas_marks_what_is_late(tmp_path: Path, twice: Assignment) -> None:
    with open_inbox([pack(tmp_path / "c.zip", CANVAS)], sorting(twice, roster=ROSTER)) as inbox:
        assert {work.student for work in inbox.works if work.marked_late} == {"008", "009"}


def test_moodle_with_a_worksheet(tmp_path: Path, twice: Assignment) -> None:
    path = pack(tmp_path / "m.zip", MOODLE)
    with open_inbox([path], sorting(twice, worksheet=read_worksheet(WORKSHEET))) as inbox:
        assert contents(inbox) == {"ADA@x.org": ONE, "ben.b@x.org": TWO, "dan@x.org": ONE}
    with open_inbox([path], sorting(twice, worksheet=read_worksheet(WORKSHEET), roster=ROSTER)) as inbox:
        assert contents(inbox) == {"007": ONE, "008": TWO, "009": ONE}
        assert inbox.notes == [f"{path}: a download from Moodle"]
    cut = WORKSHEET[: WORKSHEET.index(b"Participant 104")]
    with open_inbox([path], sorting(twice, worksheet=read_worksheet(cut))) as inbox:
        assert refusals(inbox)["Ben O'Neill"] == "participant 104 is not in the worksheet"


def test_moodle_by_names_that_one_student_has(tmp_path: Path, twice: Assignment) -> None:
    alone = {name: content for name, content in MOODLE.items() if "_104_" not in name and "_103_" not in name}
    path = pack(tmp_path / "m.zip", alone)
    with open_inbox([path], sorting(twice, roster=ROSTER)) as inbox:
        assert contents(inbox) == {"007": ONE, "008": TWO}
        assert inbox.notes[1] == "matched by name alone: 007, 008"
    double = Roster((*ROSTER.students, RosterStudent("010", "Lovelace, Ada")))
    with open_inbox([path], sorting(twice, roster=double)) as inbox:
        assert contents(inbox) == {"008": TWO}
        assert refusals(inbox)["Ada Lovelace"].startswith("Ada Lovelace is not in the roster")


def test_canvas(tmp_path: Path, twice: Assignment) -> None:
    for path in as_folder_and_zip(tmp_path, CANVAS):
        with open_inbox([path], sorting(twice)) as inbox:
            assert contents(inbox) == {"101": ONE, "102": TWO, "104": TWO, "105": TWO}
            assert refusals(inbox) == {"103": "it is text or a link that was typed into Canvas, not a file"}
        # A user's number in Canvas is not a student's id, though one may look like the other.
        with open_inbox([path], sorting(twice, roster=ROSTER)) as inbox:
            assert contents(inbox) == {"007": ONE, "008": TWO, "009": TWO, "101": TWO}
    nameless = Roster(tuple(RosterStudent(student.id, student.name) for student in ROSTER.students))
    with open_inbox([path], sorting(twice, roster=nameless)) as inbox:
        assert contents(inbox) == {"007": ONE, "008": TWO, "101": TWO}
        assert inbox.notes[1] == "matched by name alone: 101, 007, 008"


def test_blackboard(tmp_path: Path, twice: Assignment) -> None:
    for path in as_folder_and_zip(tmp_path, BLACKBOARD):
        with open_inbox([path], sorting(twice)) as inbox:
            assert contents(inbox) == {"ada": ONE, "ben": TWO}
            assert refusals(inbox) == {"cleo": "this attempt has no file"}
            assert inbox.notes[1] == "1 older attempts were left out: each student's newest counts"


def test_a_blackboard_user_name_with_an_underscore_needs_a_roster(tmp_path: Path, twice: Assignment) -> None:
    path = pack(tmp_path / "b.zip", {"Lab_1_a_love_attempt_2026-11-23-10-05-00_twice.py": ONE})
    roster = Roster((RosterStudent("7", lms_ids={"username": "a_love"}), RosterStudent("8")))
    with open_inbox([path], sorting(twice, roster=roster)) as inbox:
        assert contents(inbox) == {"7": ONE}


def test_brightspace(tmp_path: Path, twice: Assignment) -> None:
    for path in as_folder_and_zip(tmp_path, BRIGHTSPACE):
        with open_inbox([path], sorting(twice)) as inbox:
            assert contents(inbox) == {"101": ONE, "102": TWO}
            assert refusals(inbox) == {}
            assert "1 older attempts" in inbox.notes[1]


def test_brightspace_where_the_first_number_is_everybodys(tmp_path: Path, twice: Assignment) -> None:
    turned = {re.sub(r"^(\d+)-(\d+)", r"\2-\1", name): content for name, content in BRIGHTSPACE.items()}
    with open_inbox([pack(tmp_path / "d.zip", turned)], sorting(twice)) as inbox:
        assert contents(inbox) == {"101": ONE, "102": TWO}


def test_brightspace_dates_that_nobody_can_read(tmp_path: Path, twice: Assignment) -> None:
    strange = {name.replace("Nov 9", "Nóv 9"): content for name, content in BRIGHTSPACE.items()}
    with open_inbox([pack(tmp_path / "d.zip", strange)], sorting(twice)) as inbox:
        assert contents(inbox) == {"101": ONE}
        assert "no date that can be read" in refusals(inbox)["102"]


def test_a_layout_can_be_forced_and_a_name_of_none_is_refused(tmp_path: Path, twice: Assignment) -> None:
    files = {"x/twice.py": ONE, "y/twice.py": ONE, "z/twice.py": ONE, "lovelaceada_101_9001_twice.py": ONE}
    path = unpack(tmp_path / "mixed", files)
    with open_inbox([path], sorting(twice)) as inbox:
        assert contents(inbox).keys() == {"x", "y", "z"}
    with open_inbox([path], sorting(twice, layout=Layout.CANVAS)) as inbox:
        assert contents(inbox) == {"101": ONE}
        assert refusals(inbox)["x"] == "its name is not one of a download from Canvas"
    with pytest.raises(InputError, match="nothing here is named as in a download from Moodle"):
        open_inbox([path], sorting(twice, layout=Layout.MOODLE))


def test_a_pattern(tmp_path: Path, twice: Assignment) -> None:
    files = {"hw1/ada/code/twice.py": ONE, "hw1/ben/twice.py": TWO, "hw1/ben/extra.py": b"", "README": b""}
    pattern = compile_pattern(r"hw1/(?P<student>[^/]+)/(?:.*/)?(?P<file>[^/]+)")
    for path in as_folder_and_zip(tmp_path, files)[:2]:
        with open_inbox([path], sorting(twice, pattern=pattern)) as inbox:
            assert contents(inbox) == {"ada": ONE, "ben": TWO}
            assert refusals(inbox) == {"README": "--pattern does not match it"}
    for text, words in (("(", "no regular expression"), ("(?P<student>.*)", "no group named file")):
        with pytest.raises(InputError, match=words):
            compile_pattern(text)
    with pytest.raises(InputError, match="exclude each other"):
        open_inbox([path], sorting(twice, pattern=pattern, layout=Layout.CANVAS))
    with pytest.raises(InputError, match="needs --pattern"):
        open_inbox([path], sorting(twice, layout=Layout.PATTERN))


# Rosters


def test_who_is_not_in_the_roster_is_not_graded(tmp_path: Path, twice: Assignment) -> None:
    path = unpack(tmp_path / "inbox", {"ada@x.org/twice.py": ONE, "08/twice.py": ONE, "009/twice.py": TWO})
    with open_inbox([path], sorting(twice, roster=ROSTER)) as inbox:
        assert contents(inbox) == {"007": ONE, "009": TWO}
        assert refusals(inbox) == {"08": "08 is not in the roster; did you mean '008'?"}


def test_one_student_under_two_names_has_two(tmp_path: Path, twice: Assignment) -> None:
    path = unpack(tmp_path / "inbox", {"ada@x.org/twice.py": ONE, "007/twice.py": TWO})
    with open_inbox([path], sorting(twice, roster=ROSTER)) as inbox:
        assert inbox.works == ()
        assert sorted(refusal.error.message for refusal in inbox.refusals) == [
            "007 has another one here: 007",
            "007 has another one here: ada@x.org",
        ]


# Hostile


def raw_zip(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def link_entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_wrong_with_one_entry_refuses_one_student(tmp_path: Path, twice: Assignment) -> None:
    nested = packed({"../twice.py": ONE})
    bomb = packed({f"{number}": b"" for number in range(places.MAX_ZIP_ENTRIES + 1)})
    path = raw_zip(
        tmp_path / "class.zip",
        ("good/twice.py", ONE),
        ("../../climber/twice.py", ONE),
        ("up/../twice.py", ONE),
        (link_entry("link/twice.py"), b"/etc/passwd"),
        ("tight/twice.py", b"#" * 900_000),
        ("big/twice.py", os.urandom(places.MAX_FILE_BYTES + 1)),
        ("double/twice.py", ONE),
        ("double/twice.py", TWO),
        ("nested/work.zip", nested),
        ("many.zip", bomb),
        ("wrapped/inner.zip", packed({"work.zip": packed({"twice.py": ONE})})),
        ("back\\slash/twice.py", ONE),
        ("evil\x1b[31m/twice.py", ONE),
        ("deep/" + "d/" * 30 + "twice.py", ONE),
    )
    with open_inbox([path], sorting(twice)) as inbox:
        assert contents(inbox) == {"good": ONE}
        refused = refusals(inbox)
    for student, words in {
        "up": "leaves its folder",
        "link": "is a symbolic link",
        "tight": "packed too tightly",
        "big": "is too large",
        "double": "twice",
        "nested": "leaves its folder",
        "many": "holds more than",
        "wrapped": "holds another zip",
        "deep": "lies too deep",
    }.items():
        assert words in refused[student], refused
    assert sum("back" in text or "climber" in text or "evil" in text for text in refused.values()) == 3, refused
    assert not (tmp_path.parent / "climber").exists()


def test_a_class_zip_larger_than_any_class(tmp_path: Path, twice: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "class.zip", {f"s{number:03}/twice.py": ONE for number in range(300)})

    def refused() -> str:
        with open_inbox([path], sorting(twice)) as inbox:
            return inbox.refusals[0].error.message if inbox.refusals else ""

    assert refused() == ""
    for name, value in (
        ("MAX_CLASS_ENTRIES", 200),
        ("MAX_CLASS_ZIP_BYTES", 10_000),
        ("MAX_CLASS_UNPACKED_BYTES", 9_000),
        ("MAX_CLASS_DIRECTORY_BYTES", 5_000),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(places, name, value)
            assert re.search("holds more than|is too large|is not a zip file", refused()), name


def test_many_entries_are_counted_before_they_are_parsed(tmp_path: Path, twice: Assignment) -> None:
    """A directory of half a million entries is not taken in: ``zipfile`` would need a gigabyte for it."""
    entry = b"PK\x01\x02" + bytes(42)
    count = 500_000
    directory = entry * count
    end = b"PK\x05\x06" + bytes(4) + (65_535).to_bytes(2, "little") * 2
    end += len(directory).to_bytes(4, "little") + bytes(4) + bytes(2)
    path = tmp_path / "class.zip"
    path.write_bytes(directory + end)
    with open_inbox([path], sorting(twice)) as inbox:
        assert "is not a zip file" in inbox.refusals[0].error.message


NAMES = st.lists(
    st.sampled_from([*MOODLE, *CANVAS, *BLACKBOARD, *BRIGHTSPACE, "ada/twice.py", "ada.zip", "../x", "a\\b", "", "/"])
    | st.text(st.characters(codec="utf-8"), max_size=30),
    min_size=1,
    max_size=8,
    unique=True,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=NAMES, layout=st.none() | st.sampled_from([one for one in Layout if one is not Layout.PATTERN]))
def test_whatever_names_a_zip_holds_nothing_but_words_comes_of_it(
    twice: Assignment, names: list[str], layout: Layout | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "class.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(zipfile.ZipInfo(name or "x"), ONE)
        with contextlib.suppress(GraderError), open_inbox([path], sorting(twice, layout=layout)) as inbox:
            for work in inbox.works:
                with contextlib.suppress(GraderError):
                    assert set(work.read().files) >= {"twice.py"}
            assert all(refusal.error.message for refusal in inbox.refusals)
        assert [entry.name for entry in Path(folder).iterdir()] == ["class.zip"]


def count_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_stays_open(tmp_path: Path, twice: Assignment) -> None:
    path = unpack(tmp_path / "inbox", {f"s{number:02}/twice.py": ONE for number in range(20)})
    zipped = pack(tmp_path / "more.zip", {"ada/twice.py": ONE})
    before = count_open()
    with open_inbox([path, zipped], sorting(twice)) as inbox:
        assert len(contents(inbox)) == 21
        assert count_open() <= before + 3
    assert count_open() == before


def test_links_in_an_inbox_are_not_followed(tmp_path: Path, twice: Assignment) -> None:
    path = unpack(tmp_path / "inbox", {"ada/twice.py": ONE, "Ada_101_assignsubmission_file/other.py": b""})
    (path / "link").symlink_to(path / "ada")
    (path / "Ada_101_assignsubmission_file" / "twice.py").symlink_to(path / "ada" / "twice.py")
    with open_inbox([path], sorting(twice, layout=Layout.FOLDERS)) as inbox:
        assert contents(inbox) == {"ada": ONE}
        refused = refusals(inbox)
        assert refused["link"] == "it is a symbolic link"
        assert "is a symbolic link" in refused["Ada_101_assignsubmission_file"]


def test_secrets_are_the_paths_themselves_unless_python_is_inside(tmp_path: Path, twice: Assignment) -> None:
    path = unpack(tmp_path / "inbox", {"ada/twice.py": ONE})
    with open_inbox([path], sorting(twice)) as inbox:
        assert inbox.secrets == [path]
    around = Path(sys.prefix).parent
    with open_inbox([around], sorting(twice)) as inbox:
        assert around not in inbox.secrets
        assert inbox.secrets == sorted(entry for entry in around.iterdir() if not entry.name.startswith((".", "__")))


def test_claims_state_the_best_that_is_known() -> None:
    assert Claims(participant="5", name="Ada").stated == "5"
    assert Claims(usernames=("ada",), email="a@x").stated == "ada"
    assert Claims().stated == ""
