"""The gradebook keeps what it acknowledged: through many writers, kills, full disks and damaged files."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest

import grader
from grader.decisions import Extension, Mark, Override
from grader.errors import FaultError, GradebookError, InputError
from grader.gradebook import DATABASE, Entry, Gradebook, check_student, state_directory
from grader.gradebook.database import choose_journal
from grader.gradebook.inspection import inspect_gradebook
from grader.gradebook.schema import SCHEMA_VERSION
from grader.resources import find_data
from grader.results import Frame, Outcome, Visibility
from grader.roster import Roster, RosterStudent
from grader.scoring import CheckGrade, Grade, QuestionGrade, Status
from grader.submission import Submission

AT = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
FOCAL = Submission({"focal_loss.py": b"def focal():\n    return 1\n", "answers.yaml": b"why: a\n"})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def gradebook(directory: Path) -> Iterator[Gradebook]:
    with Gradebook.open(directory) as gradebook:
        yield gradebook


def make_grade(score: Fraction = Fraction(1, 3), status: Status = Status.GRADED) -> Grade:
    check = CheckGrade(
        id="test_value",
        title="It is right",
        visibility=Visibility.HIDDEN,
        points=Fraction(1),
        score=score,
        bonus=False,
        outcome=Outcome.PASSED,
        frames=(Frame("focal_loss.py", 3, "focal", "return 1"),),
    )
    question = QuestionGrade("focal", "code", "Focal", points=Fraction(1), score=score, checks=(check,))
    return Grade(
        "focal-loss", "Focal loss", status, score, Fraction(1), bonus=Fraction(1, 10), questions=(question,), output="é"
    )


def latest(gradebook: Gradebook, assignment: str | None = None) -> tuple[tuple[Entry, Grade | None], ...]:
    """Each student's newest submission for each assignment, in the order of assignments and students."""
    newest = {(entry.assignment, entry.student): (entry, grade) for entry, grade in gradebook.graded(None, assignment)}
    return tuple(newest[key] for key in sorted(newest))


def fault(action: Callable[[], object]) -> GradebookError:
    """Return the error of an action, having checked what holds of all of them."""
    with pytest.raises(GradebookError) as caught:
        action()
    assert caught.value.exit_code == 3
    assert caught.value.hint
    assert "sqlalche" not in caught.value.message
    assert "Traceback" not in caught.value.message
    return caught.value


# Submissions.


def test_a_submission_is_recorded_and_comes_back(gradebook: Gradebook, directory: Path) -> None:
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    assert (entry.number, entry.student, entry.assignment) == (1, "ada", "focal-loss")
    assert (entry.digest, entry.submitted_at) == (FOCAL.digest, AT)
    with Gradebook.open(directory) as again:
        assert again.entries() == (entry,)
        assert again.entry(entry.id) == entry
        assert again.load(entry) == FOCAL


def test_for_whom_its_questions_were_drawn_stays_with_it(gradebook: Gradebook, directory: Path) -> None:
    own, others = (gradebook.submit("ada", "x", replace(FOCAL, drawn_for=student), AT) for student in (None, "ben"))
    with Gradebook.open(directory) as again:
        assert again.entries() == (own, others)
        assert [again.load(entry).drawn_for for entry in (own, others)] == [None, "ben"]


def test_every_submission_is_a_new_attempt(gradebook: Gradebook) -> None:
    first = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    second = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    other = gradebook.submit("ada", "bce", FOCAL, AT)
    bob = gradebook.submit("bob", "focal-loss", FOCAL, AT)
    assert [entry.number for entry in (first, second, other, bob)] == [1, 2, 1, 1]
    assert len({entry.id for entry in (first, second, other, bob)}) == 4
    assert gradebook.entries() == (first, second, other, bob)
    assert gradebook.entries(student="ada") == (first, second, other)
    assert gradebook.entries(assignment="focal-loss") == (first, second, bob)
    assert gradebook.entries("ada", "focal-loss") == (first, second)
    assert gradebook.entries("eve") == ()


def test_the_order_is_that_of_recording_whatever_the_clock_says(gradebook: Gradebook) -> None:
    first = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    second = gradebook.submit("ada", "focal-loss", FOCAL, AT - timedelta(days=1))
    assert gradebook.entries() == (first, second)
    assert [entry for entry, _ in latest(gradebook)] == [second]


def test_times_are_utc_and_need_a_time_zone(gradebook: Gradebook, directory: Path) -> None:
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert entry.submitted_at == AT
    assert entry.submitted_at.tzinfo is UTC
    assert gradebook.entry(entry.id).submitted_at.tzinfo is UTC
    assert rows(directory, "SELECT submitted_at FROM submissions") == [("2026-11-23T10:00:00.123456+00:00",)]
    with pytest.raises(ValueError, match="time zone"):
        gradebook.submit("ada", "focal-loss", FOCAL, AT.replace(tzinfo=None))


def test_an_id_sorts_by_time_and_cannot_be_guessed(gradebook: Gradebook) -> None:
    early, late = (gradebook.submit("ada", "x", FOCAL, AT + timedelta(seconds=seconds)) for seconds in (0, 1))
    assert early.id < late.id
    assert early.id.startswith("20261123T100000Z-")
    assert len(early.id.partition("-")[2]) == 16


def test_an_unknown_id(gradebook: Gradebook) -> None:
    with pytest.raises(InputError, match="no submission 'nothing␛'"):
        gradebook.entry("nothing\x1b")


def test_the_same_content_is_stored_once(gradebook: Gradebook, directory: Path) -> None:
    for student in ("ada", "bob"):
        gradebook.submit(student, "focal-loss", FOCAL, AT)
    name = FOCAL.digest.removeprefix("sha256:")
    assert files(directory / "blobs") == [f"{name[:2]}/{name[2:]}"]
    gradebook.submit("eve", "focal-loss", Submission({"focal_loss.py": b""}), AT)
    assert len(files(directory / "blobs")) == 2


def test_what_killed_writers_left_is_removed_in_time(directory: Path) -> None:
    Gradebook.open(directory).close()
    old, new = (directory / "blobs" / name for name in (".old.part", ".new.part"))
    for path in (old, new):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    Gradebook.open(directory).close()
    assert not old.exists()
    assert new.exists()


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def rows(directory: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(directory / DATABASE)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_only_the_owner_may_look(gradebook: Gradebook, directory: Path) -> None:
    gradebook.submit("ada", "focal-loss", FOCAL, AT)
    assert directory.stat().st_mode & 0o777 == 0o700


# Students.


@pytest.mark.parametrize("student", ["ada", "00123", "a", "x" * 100, "Ada Lovelace", "ada@example.org", "...", "名前"])
def test_a_student(student: str) -> None:
    assert check_student(student) == student


@pytest.mark.parametrize(
    "student",
    ["", ".", "..", "x" * 101, "a/b", "a\\b", "a\nb", "a\0b", "a\x1b", "a\x7f", "\udcff", "a\u202eb", " a", "a ", "\t"],
)
def test_what_cannot_be_a_student(student: str, gradebook: Gradebook) -> None:
    with pytest.raises(InputError) as caught:
        gradebook.submit(student, "focal-loss", FOCAL, AT)
    assert caught.value.exit_code == 2
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()
    assert gradebook.entries() == ()


def test_leading_zeros_and_both_forms_of_a_letter(gradebook: Gradebook) -> None:
    gradebook.submit("007", "focal-loss", FOCAL, AT)
    assert gradebook.entries("7") == ()
    assert gradebook.submit("Zoe\u0308", "focal-loss", FOCAL, AT).student == "Zo\u00eb"
    assert gradebook.submit("Zo\u00eb", "focal-loss", FOCAL, AT).number == 2
    assert len(gradebook.entries("Zoe\u0308")) == 2


# Grades.


def test_a_grade_comes_back_exactly(gradebook: Gradebook, directory: Path) -> None:
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    assert gradebook.grade(entry) is None
    grade = make_grade()
    gradebook.add_grade(entry, grade, "sha256:abc", AT)
    assert gradebook.grade(entry) == grade
    assert rows(directory, "SELECT status, score, points, bonus, assignment_digest, graded_at FROM grades") == [
        ("graded", 1 / 3, 1.0, 0.1, "sha256:abc", "2026-11-23T10:00:00.123456+00:00")
    ]


def test_every_grade_is_kept_and_the_newest_counts(gradebook: Gradebook) -> None:
    first, second = (gradebook.submit("ada", "focal-loss", FOCAL, AT) for _ in range(2))
    grades = [make_grade(Fraction(score, 7)) for score in range(3)]
    for grade in grades:
        gradebook.add_grade(first, grade, "sha256:abc", AT)
    assert gradebook.grades(first) == tuple(grades)
    assert gradebook.grade(first) == grades[-1]
    assert gradebook.grade(second) is None


def test_the_latest_of_every_student_and_assignment(gradebook: Gradebook) -> None:
    old = gradebook.submit("bob", "focal-loss", FOCAL, AT)
    ada = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    bob = gradebook.submit("bob", "focal-loss", FOCAL, AT)
    bce = gradebook.submit("bob", "bce", FOCAL, AT)
    gradebook.add_grade(old, make_grade(Fraction(1)), "sha256:abc", AT)
    gradebook.add_grade(bob, make_grade(Fraction(0)), "sha256:abc", AT)
    gradebook.add_grade(bob, make_grade(Fraction(1, 2)), "sha256:abc", AT)
    assert latest(gradebook) == ((bce, None), (ada, None), (bob, make_grade(Fraction(1, 2))))
    assert latest(gradebook, "focal-loss") == ((ada, None), (bob, make_grade(Fraction(1, 2))))
    assert latest(gradebook, "nothing") == ()


def test_a_grade_needs_its_submission(gradebook: Gradebook, directory: Path) -> None:
    stranger = Entry("20260101T000000Z-00", 1, "ada", "focal-loss", FOCAL.digest, AT)
    fault(lambda: gradebook.add_grade(stranger, make_grade(), "sha256:abc", AT))
    assert rows(directory, "SELECT count(*) FROM grades") == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE submissions SET student = 'eve'",
        "UPDATE grades SET score = 1",
        "DELETE FROM submissions",
        "DELETE FROM grades",
        "INSERT OR REPLACE INTO submissions SELECT sequence, id, 'eve', assignment, number, digest, submitted_at, who,"
        " drawn_for FROM submissions",
        "INSERT OR REPLACE INTO submissions SELECT NULL, 'new', student, assignment, number, digest, submitted_at, who,"
        " drawn_for FROM submissions",
        "UPDATE overrides SET score = 9",
        "DELETE FROM overrides",
        "UPDATE extensions SET due = NULL",
        "DELETE FROM marks",
        "DELETE FROM members",
        "INSERT OR REPLACE INTO members SELECT submission, student FROM members",
        "DELETE FROM rosters",
        "REPLACE INTO overrides SELECT sequence, 'eve', assignment, score, who, at, why FROM overrides",
        "REPLACE INTO grades SELECT sequence, submission, status, 1, 1, 1, assignment_digest, graded_at, grade, who,"
        " why FROM grades",
    ],
)
def test_rows_are_never_changed_or_removed(gradebook: Gradebook, directory: Path, statement: str) -> None:
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT, members=["ben"])
    gradebook.add_grade(entry, make_grade(), "sha256:abc", AT)
    gradebook.add_override(Override("ada", "focal-loss", Fraction(1), "kim", AT, ""))
    gradebook.add_extension(Extension("focal-loss", AT, "kim", AT, ""))
    gradebook.add_mark(Mark(entry.id, "why", Fraction(1), "kim", AT))
    gradebook.set_roster(Roster(), "kim", AT)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        rows(directory, statement)
    assert latest(gradebook) == ((entry, make_grade()),)


def test_the_same_grade_again_is_not_added(gradebook: Gradebook, directory: Path) -> None:
    """Whoever grades twice, or two graders at once, count once."""
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    later = AT + timedelta(hours=1)
    assert gradebook.add_grade(entry, make_grade(), "sha256:abc", AT, by="kim")
    assert not gradebook.add_grade(entry, make_grade(), "sha256:abc", later, by="lee", why="again")
    assert gradebook.add_grade(entry, make_grade(), "sha256:def", later)  # the assignment has changed
    assert gradebook.add_grade(entry, make_grade(Fraction(1, 2)), "sha256:def", later)
    assert gradebook.add_grade(entry, make_grade(), "sha256:def", later)
    assert len(gradebook.grades(entry)) == 4


# Groups.


def test_the_same_files_again_are_no_new_attempt_if_asked(gradebook: Gradebook) -> None:
    first = gradebook.submit("ada", "focal-loss", FOCAL, AT, unless_same=True)
    assert gradebook.submit("ada", "focal-loss", FOCAL, AT, unless_same=True) == first
    other = gradebook.submit("ada", "focal-loss", Submission({"focal_loss.py": b"2"}), AT, unless_same=True)
    assert gradebook.submit("ada", "focal-loss", FOCAL, AT, unless_same=True) == first  # an older download again
    assert (
        gradebook.submit("ada", "focal-loss", FOCAL, AT, unless_same=True, anew=True) == first
    )  # it did not come later
    later = AT + timedelta(seconds=1)
    back = gradebook.submit("ada", "focal-loss", FOCAL, later, unless_same=True, anew=True)
    ben = gradebook.submit("ben", "focal-loss", FOCAL, AT, unless_same=True)
    assert [entry.number for entry in (first, other, back, ben)] == [1, 2, 3, 1]
    assert gradebook.entries() == (first, other, back, ben)


def test_a_submission_counts_for_the_whole_group(gradebook: Gradebook) -> None:
    alone = gradebook.submit("ben", "focal-loss", Submission({"focal_loss.py": b"1"}), AT)
    shared = gradebook.submit("ada", "focal-loss", FOCAL, AT, members=["cleo", "ben", "ada"])
    assert (shared.number, shared.members, shared.students) == (2, ("ben", "cleo"), ("ada", "ben", "cleo"))
    for student, own in (("ada", (shared,)), ("ben", (alone, shared)), ("cleo", (shared,)), ("dan", ())):
        assert gradebook.entries(student) == own
    assert gradebook.submit("cleo", "focal-loss", FOCAL, AT, members=["ada"], unless_same=True) == shared
    assert gradebook.submit("cleo", "focal-loss", FOCAL, AT).number == 3
    assert gradebook.submit("cleo", "bce", FOCAL, AT).number == 1
    with pytest.raises(InputError, match="cannot be a student's id"):
        gradebook.submit("ada", "focal-loss", FOCAL, AT, members=["../eve"])


# What was decided.


def test_decisions_come_back_in_their_order(gradebook: Gradebook, directory: Path) -> None:
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    extensions = (
        Extension("focal-loss", AT + timedelta(days=7), "kim", AT, "ill", student="ada"),
        Extension("focal-loss", AT + timedelta(days=1), "kim", AT, "the room was locked", section="B"),
        Extension("bce", None, "kim", AT, "a mistake"),
    )
    overrides = (
        Override("ada", "focal-loss", Fraction(19, 3), "kim", AT, "regraded by hand"),
        Override("ada", "focal-loss", None, "kim", AT, "and back"),
        Override("ada", "bce", Fraction(0), "kim", AT, "copied"),
    )
    marks = (
        Mark(entry.id, "why", Fraction(1, 2), "kim", AT, ("idea=clear", "words=none"), "Say why.\nNot what."),
        Mark(entry.id, "why", None, "lee", AT),
    )
    for extension in extensions:
        gradebook.add_extension(extension)
    for override in overrides:
        gradebook.add_override(override)
    for mark in marks:
        gradebook.add_mark(mark)
    with Gradebook.open(directory) as again:
        assert again.extensions() == extensions
        assert again.extensions("bce") == extensions[2:]
        assert again.overrides() == overrides
        assert again.overrides("focal-loss") == overrides[:2]
        assert again.marks() == again.marks("focal-loss") == again.marks(entry=entry) == marks
        assert again.marks("bce") == ()


def test_a_mark_needs_its_submission(gradebook: Gradebook) -> None:
    fault(lambda: gradebook.add_mark(Mark("nothing", "why", Fraction(1), "kim", AT)))
    assert gradebook.marks() == ()


def test_the_newest_roster_counts_and_earlier_ones_stay(gradebook: Gradebook, directory: Path) -> None:
    assert gradebook.roster() is None
    first = Roster((RosterStudent("007", 'Zo\u00eb, "Z"', "z@example.org", "A", "g1", {"canvas_id": "0012"}),))
    second = Roster((RosterStudent("ada"), *first.students))
    for roster in (first, second):
        gradebook.set_roster(roster, "kim", AT)
    assert gradebook.roster() == second
    assert rows(directory, "SELECT students FROM rosters") == [(1,), (2,)]


def test_the_trail_says_who_did_what_when_and_why(gradebook: Gradebook) -> None:
    def at(minutes: int) -> datetime:
        return AT + timedelta(minutes=minutes)

    gradebook.set_roster(Roster((RosterStudent("ada"), RosterStudent("ben"))), "kim", at(0))
    entry = gradebook.submit("ada", "focal-loss", FOCAL, at(1), by="ada", members=["ben"])
    gradebook.add_grade(entry, make_grade(status=Status.PENDING), "sha256:abc", at(2), by="ada")
    gradebook.add_grade(entry, make_grade(), "sha256:abc", at(3), by="kim", why="the disk was full")
    gradebook.add_extension(Extension("focal-loss", at(99), "kim", at(4), "ill", student="ben"))
    gradebook.add_mark(Mark(entry.id, "why", Fraction(1, 2), "kim", at(5), comment="half"))
    gradebook.add_override(Override("ada", "focal-loss", Fraction(9, 2), "lee", at(6), "told so"))
    gradebook.submit("dan", "bce", FOCAL, at(7), by="dan")
    trail = gradebook.trail()
    assert [(change.what, change.who, change.detail, change.why) for change in trail] == [
        ("roster", "kim", "2 students", ""),
        ("submission", "ada", "attempt 1", ""),
        ("grade", "ada", "pending", ""),
        ("grade", "kim", "0.33 of 1 + 0.1", "the disk was full"),
        ("extension", "kim", "until 2026-11-23 11:39 UTC", "ill"),
        ("mark", "kim", "why: 1/2", "half"),
        ("override", "lee", "score 9/2", "told so"),
        ("submission", "dan", "attempt 1", ""),
    ]
    assert [change.at for change in trail] == [at(minutes) for minutes in range(8)]
    assert [change.what for change in gradebook.trail("ben")] == ["submission", "grade", "grade", "extension", "mark"]
    assert [change.what for change in gradebook.trail(assignment="bce")] == ["submission"]
    assert [change.submission for change in gradebook.trail("ada", "focal-loss")][:3] == [entry.id] * 3


# Many writers.


def run(source: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PRELUDE + source, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=200, cwd=ROOT)


ROOT = Path(grader.__file__).parents[1]
PRELUDE = """
import os, resource, signal, sys
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from grader.decisions import Override
from grader.errors import GradebookError
from grader.gradebook import Gradebook
from grader.submission import Submission
from tests.test_gradebook import make_grade
directory = Path(sys.argv[1])
"""

# Forked from one process that has imported everything, and let go at once: so they really meet.
CROWD = """
barrier, go = os.pipe()
children = []
for child in range(6):
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.read(barrier, 1)
        try:
            with Gradebook.open(directory) as gradebook:
                for attempt in range(8):
                    student = ("together", f"alone{child}")[attempt % 2]
                    content = Submission({"a.py": b"%d" % attempt})
                    gradebook.submit(student, "focal-loss", content, datetime.now(UTC))
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    children.append(pid)
os.close(go)
sys.exit(sum(os.waitpid(pid, 0)[1] for pid in children) != 0)
"""


def test_processes_that_submit_at_once_lose_nothing(directory: Path) -> None:
    done = run(CROWD, directory)
    assert (done.returncode, done.stderr) == (0, "")
    with Gradebook.open(directory) as gradebook:
        assert [entry.number for entry in gradebook.entries("together")] == list(range(1, 25))
        for child in range(6):
            assert [entry.number for entry in gradebook.entries(f"alone{child}")] == [1, 2, 3, 4]
        assert len({entry.id for entry in gradebook.entries()}) == 48
        for entry in gradebook.entries():
            assert gradebook.load(entry).digest == entry.digest
    assert len(files(directory / "blobs")) == 8


def test_threads_may_share_a_gradebook(gradebook: Gradebook) -> None:
    with ThreadPoolExecutor(4) as pool:
        entries = list(pool.map(lambda _: gradebook.submit("ada", "focal-loss", FOCAL, AT), range(20)))
    assert sorted(entry.number for entry in entries) == list(range(1, 21))


# Kills.

# Writers of two kinds, one after another killed somewhere: while it opens the gradebook, or in the middle of a later
# round of submitting and grading. What was acknowledged is printed, by the process that is not killed.
VICTIMS = """
def work(number, pipe):
    with Gradebook.open(directory) as gradebook:
        for attempt in range(1_000_000):
            content = Submission({"a.py": b"%d %d" % (number, attempt) * 2000})
            entry = gradebook.submit("ada", "focal-loss", content, datetime.now(UTC), members=["ben"])
            os.write(pipe, f"submission {entry.id}\\n".encode())
            gradebook.add_grade(entry, make_grade(Fraction(attempt, 7)), "sha256:abc", datetime.now(UTC))
            os.write(pipe, f"grade {entry.id} {attempt}/7\\n".encode())
            if attempt % 3 == 0:
                gradebook.add_override(Override("ada", entry.id, Fraction(1), "kim", datetime.now(UTC), ""))
                os.write(pipe, f"override {entry.id}\\n".encode())

running = []
for number in range(int(sys.argv[2])):
    acknowledged, pipe = os.pipe()
    pid = os.fork()
    if pid == 0:
        work(number, pipe)
    os.close(pipe)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    if number % 4 == 0:
        signal.setitimer(signal.ITIMER_REAL, 0.001 + 0.002 * (number % 40))  # while it opens, or makes the tables
    with open(acknowledged, "rb") as lines:
        for count, line in enumerate(lines):
            sys.stdout.write(line.decode())
            if count == number % 7:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + 0.0007 * (number % 50))  # somewhere in a later round
    signal.setitimer(signal.ITIMER_REAL, 0)  # it has ended, and its number may be another's once that is known
    status = os.waitpid(pid, 0)[1]
    if status != signal.SIGKILL:
        sys.exit(f"stopped by itself: {status}")
"""


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_kills(directory: Path, kills: int) -> None:
    """A second writer is at work all the time, and is not killed."""
    done = threading.Event()
    second: list[Entry] = []

    def submit() -> None:
        with Gradebook.open(directory) as gradebook:
            while not done.is_set():
                content = Submission({"a.py": b"second %d" % len(second)})
                second.append(gradebook.submit("dan", "focal-loss", content, datetime.now(UTC)))
                time.sleep(0.005)

    writer = threading.Thread(target=submit)
    writer.start()
    try:
        victims = run(VICTIMS, directory, kills)
    finally:
        done.set()
        writer.join()
    assert (victims.returncode, victims.stderr) == (0, "")
    said = [line.split() for line in victims.stdout.splitlines()]
    assert len(said) >= kills
    with Gradebook.open(directory) as gradebook:
        entries = gradebook.entries("ben")
        assert gradebook.entries("ada") == entries
        assert {entry for kind, entry, *_ in said if kind == "submission"} <= {entry.id for entry in entries}
        assert {entry for kind, entry, *_ in said if kind == "override"} <= {
            o.assignment for o in gradebook.overrides()
        }
        # Also those that were recorded, but killed before they could be acknowledged, count, and count once.
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert gradebook.entries("dan") == tuple(second)
        grades = {entry.id: gradebook.grades(entry) for entry in entries}
        assert all(len(found) <= 1 for found in grades.values())
        for kind, entry, *score in said:
            assert kind != "grade" or grades[entry][0].score == Fraction(score[0])
    assert [finding for finding in inspect_gradebook(directory) if not finding.harmless] == []


# Full disks.

LIMITED = """
limit = int(sys.argv[2])
with Gradebook.open(directory) as gradebook:
    gradebook.submit("ada", "focal-loss", Submission({"a.py": b"1"}), datetime.now(UTC))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for content in (b"x" * 900_000, b"2"):
        try:
            gradebook.submit("ada", "focal-loss", Submission({"a.py": content}), datetime.now(UTC))
        except GradebookError as error:
            print(error.message, "|", error.hint)
        else:
            sys.exit("it was acknowledged")
"""


def test_files_that_may_not_grow(directory: Path) -> None:
    done = run(LIMITED, directory, 1_000)  # enough for a small blob, not for a row
    assert (done.returncode, done.stderr) == (0, "")
    blob, row = done.stdout.splitlines()
    assert "the disk is full | free some space" in blob
    assert f"{DATABASE}: the disk does not work as it should, or is full" in row
    with Gradebook.open(directory) as gradebook:
        assert [entry.number for entry in gradebook.entries()] == [1]
        assert gradebook.submit("ada", "focal-loss", FOCAL, AT).number == 2
    assert not [name for name in files(directory / "blobs") if name.endswith(".part")]


FILLING = """
with Gradebook.open(directory) as gradebook:
    for attempt in range(1000):
        content = b"%d" % attempt + b"x" * (100_000 if sys.argv[2] == "blob" or attempt < 4 else 10)
        try:
            entry = gradebook.submit("ada", "focal-loss", Submission({"a.py": content}), datetime.now(UTC))
        except GradebookError as error:
            print(error.message, "|", error.hint)
            break
        print(entry.id)
    else:
        sys.exit("it was never full")
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root mounts a file system")
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run([mount, *options], check=False, capture_output=True).returncode != 0:
        pytest.skip("this container mounts nothing")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("what", ["blob", "row"])
def test_a_full_disk(small_disk: Path, what: str) -> None:
    directory = small_disk / "state"
    done = run(FILLING, directory, what)
    assert (done.returncode, done.stderr) == (0, "")
    *acknowledged, words = done.stdout.splitlines()
    assert "the disk is full | free some space on that disk" in words
    assert len(acknowledged) > 3
    with Gradebook.open(directory) as gradebook:
        assert [entry.id for entry in gradebook.entries()] == acknowledged
        for entry in gradebook.entries():
            gradebook.load(entry)


# Damage.


def test_a_damaged_blob_is_named(gradebook: Gradebook, directory: Path) -> None:
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    blob = gradebook.blob(entry.digest)
    whole = blob.read_bytes()
    for content in (whole[:-30], whole.replace(b"return 1", b"return 2"), b"", b"x" * 10_000_000):
        blob.write_bytes(content)
        error = fault(lambda: gradebook.load(entry))
        assert str(blob) in error.message
        assert "damaged" in error.message
    blob.unlink()
    assert f"{blob} is missing" in fault(lambda: gradebook.load(entry)).message


def test_another_submission_in_the_place_of_a_blob(gradebook: Gradebook) -> None:
    entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    other = gradebook.submit("bob", "focal-loss", Submission({"focal_loss.py": b"better = 1\n"}), AT)
    shutil.copy(gradebook.blob(other.digest), gradebook.blob(entry.digest))
    assert "damaged" in fault(lambda: gradebook.load(entry)).message


def test_a_damaged_blob_is_mended_when_the_same_is_handed_in_again(gradebook: Gradebook) -> None:
    first = gradebook.submit("ada", "focal-loss", FOCAL, AT)
    gradebook.blob(first.digest).write_bytes(b"damaged")
    gradebook.submit("ada", "focal-loss", FOCAL, AT)
    assert gradebook.load(first) == FOCAL


def test_a_file_that_is_no_database(directory: Path) -> None:
    directory.mkdir()
    content = b"this is not a database, not even a small one" * 30
    (directory / DATABASE).write_bytes(content)
    error = fault(lambda: Gradebook.open(directory))
    assert f"{DATABASE}: the file is not a gradebook, or it is damaged" in error.message
    assert (directory / DATABASE).read_bytes() == content


def test_a_database_of_something_else(directory: Path) -> None:
    directory.mkdir()
    rows(directory, "CREATE TABLE songs (title)")
    assert "is an SQLite file, but not a gradebook" in fault(lambda: Gradebook.open(directory)).message
    assert rows(directory, "SELECT name FROM sqlite_master") == [("songs",)]


def test_a_gradebook_of_a_newer_version(directory: Path) -> None:
    Gradebook.open(directory).close()
    rows(directory, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    error = fault(lambda: Gradebook.open(directory))
    words = f"was written by a newer grader (its version is {SCHEMA_VERSION + 1}, this grader knows {SCHEMA_VERSION})"
    assert words in error.message


def test_a_damaged_database(directory: Path) -> None:
    with Gradebook.open(directory) as gradebook:
        for number in range(30):
            entry = gradebook.submit("ada", "focal-loss", Submission({"a.py": b"%d" % number}), AT)
            gradebook.add_grade(entry, make_grade(), "sha256:abc", AT)
    path = directory / DATABASE
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xa5" * 8_000 + whole[8_100:])
    assert "the file is damaged" in fault(lambda: list_everything(directory)).message
    path.write_bytes(whole[: len(whole) // 2])
    assert "the file is damaged" in fault(lambda: list_everything(directory)).message


def list_everything(directory: Path) -> None:
    with Gradebook.open(directory) as gradebook:
        latest(gradebook)
        gradebook.submit("ada", "focal-loss", FOCAL, AT)


def test_random_damage_never_gives_a_raw_error(directory: Path) -> None:
    with Gradebook.open(directory) as gradebook:
        for number in range(10):
            entry = gradebook.submit("ada", "focal-loss", Submission({"a.py": b"%d" % number}), AT)
            gradebook.add_grade(entry, make_grade(), "sha256:abc", AT)
    path = directory / DATABASE
    whole = path.read_bytes()
    chance = random.Random(0)
    failed = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(30):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        for extra in ("-wal", "-shm"):
            path.with_name(DATABASE + extra).unlink(missing_ok=True)
        try:
            list_everything(directory)
        except GradebookError:
            failed += 1
    assert failed > 10


@pytest.mark.parametrize(
    ("column", "text"),
    [("submitted_at", "yesterday"), ("submitted_at", "2026-11-23T10:00:00"), ("digest", "sha256:../../etc/passwd")],
)
def test_a_row_that_makes_no_sense(directory: Path, column: str, text: str) -> None:
    with Gradebook.open(directory) as gradebook:
        entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
        rows(directory, "DROP TRIGGER submissions_stay")
        rows_changed(directory, f"UPDATE submissions SET {column} = '{text}'")
        assert "is damaged" in fault(lambda: gradebook.load(gradebook.entry(entry.id))).message


def test_a_grade_that_makes_no_sense(directory: Path) -> None:
    with Gradebook.open(directory) as gradebook:
        entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
        gradebook.add_grade(entry, make_grade(), "sha256:abc", AT)
        rows(directory, "DROP TRIGGER grades_stay")
        for text in ("", "{", "null", "[]", '{"score": 1}', "[" * 5_000):
            rows_changed(directory, f"UPDATE grades SET grade = '{text}'")
            for action in (lambda: gradebook.grade(entry), lambda: latest(gradebook)):
                assert f"a grade of submission {entry.id} cannot be read" in fault(action).message


def rows_changed(directory: Path, statement: str) -> None:
    connection = sqlite3.connect(directory / DATABASE)
    try:
        with connection:
            connection.execute(statement)
    finally:
        connection.close()


# Locks and permissions.


def test_a_locked_gradebook(directory: Path) -> None:
    Gradebook.open(directory).close()
    holder = sqlite3.connect(directory / DATABASE, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        with Gradebook.open(directory, wait_seconds=0.1) as gradebook:
            assert gradebook.entries() == ()  # reading does not wait for writers
            error = fault(lambda: gradebook.submit("ada", "focal-loss", FOCAL, AT))
            assert f"{directory / DATABASE}: another process keeps it locked" in error.message
    finally:
        holder.close()


def test_a_writer_waits_for_another(directory: Path) -> None:
    Gradebook.open(directory).close()
    holder = sqlite3.connect(directory / DATABASE, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, holder.rollback)
    release.start()
    try:
        with Gradebook.open(directory) as gradebook:
            assert gradebook.submit("ada", "focal-loss", FOCAL, AT).number == 1
    finally:
        release.join()
        holder.close()


@pytest.mark.parametrize("inner", ["", "inner"])
def test_a_file_in_the_place_of_the_folder(tmp_path: Path, inner: str) -> None:
    (tmp_path / "state").write_text("")
    assert str(tmp_path / "state") in fault(lambda: Gradebook.open(tmp_path / "state" / inner)).message


READ_ONLY = """
if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere
try:
    with Gradebook.open(directory) as gradebook:
        gradebook.submit("ada", "focal-loss", Submission({"a.py": b"1"}), datetime.now(UTC))
except GradebookError as error:
    print(error.message, "|", error.hint)
"""


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_that_may_not_be_written(tmp_path: Path, made: bool) -> None:
    directory = tmp_path / "state"
    if made:
        with Gradebook.open(directory) as gradebook:
            gradebook.submit("ada", "focal-loss", FOCAL, AT)
    else:
        directory.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if os.geteuid() == 0 and folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(0o755)
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = run(READ_ONLY, directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(directory) in done.stdout
    assert "may not be" in done.stdout or "cannot be opened" in done.stdout
    assert "GRADER_HOME" in done.stdout


# How it is set up.


def test_what_is_acknowledged_is_synced_and_logged(gradebook: Gradebook, directory: Path) -> None:
    assert gradebook.journal == "wal"
    assert rows(directory, "PRAGMA journal_mode") == [("wal",)]
    with gradebook._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"synchronous": 3, "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.parametrize("system", ["unix-dotfile", "unix-none"])
def test_a_file_system_without_shared_memory_gets_a_rollback_journal(tmp_path: Path, system: str) -> None:
    connection = sqlite3.connect(f"file:{tmp_path / 'x'}?vfs={system}", uri=True, isolation_level=None)
    try:
        assert choose_journal(connection, 1) == "delete"
        connection.execute("CREATE TABLE t (x)")
    finally:
        connection.close()


# Where it lies.


def test_the_state_of_a_course(tmp_path: Path) -> None:
    assert state_directory(tmp_path, {}) == tmp_path / ".grader"
    assert state_directory(tmp_path, {"GRADER_HOME": ""}) == tmp_path / ".grader"
    assert state_directory(tmp_path, {"GRADER_HOME": "/srv/grades"}) == Path("/srv/grades")
    assert state_directory(tmp_path, {"GRADER_HOME": "~/grades"}) == Path.home() / "grades"


def test_the_state_of_the_course_that_ships() -> None:
    shipped = find_data("assignments")
    state = state_directory(shipped, {})
    assert state.name == "grader"
    assert not state.is_relative_to(shipped)
    assert state_directory(shipped, {"GRADER_HOME": "/srv/grades"}) == Path("/srv/grades")


def test_a_gradebook_error_is_a_fault_of_ours() -> None:
    assert issubclass(GradebookError, FaultError)
