"""Final scores are pushed to an LMS: to servers on this machine that behave as Canvas and Moodle are known to."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import FaultError, InputError
from grader.export.scores import Column, Missing
from grader.gradebook import Gradebook
from grader.push.canvas import Canvas, read_amount
from grader.push.client import Client, Patience, check_address
from grader.push.moodle import NEEDED, STATUS, Moodle
from grader.push.plan import Change, Person, Target, format_decimal, make_plan, round_half_up
from grader.push.token import Token, find_token
from grader.roster import Claims, Roster, RosterStudent
from grader.scoring import Grade, Status
from grader.spec import load_assignment
from grader.submission import Submission
from tests.lms_servers import TOKEN, FakeCanvas, FakeMoodle, Hurdle, Server, serve
from tests.shell import Answer, Shell, write
from tests.test_engine import FILES

AT = datetime(2026, 11, 20, tzinfo=UTC)
THROTTLED = Hurdle(403, b"403 Forbidden (Rate Limit Exceeded)", {"X-Rate-Limit-Remaining": "0.0"})
SCORES = {"007": Fraction(2), "008": Fraction(1), "ben": Fraction(3, 2), "zoe": Fraction(1, 3)}
FIELDS = (
    "id", "user_id", "userid", "name", "score", "grade", "points_possible", "excused", "functions", "courses", "cmid",
    "assignments", "grades", "usergrades", "gradeitems", "itemmodule", "iteminstance", "itemnumber", "graderaw",
    "email", "gradeisoverridden", "feedback", "plugins", "type", "editorfields", "text", "format", "workflow_state",
    "message", "exception", "errorcode",
)  # fmt: skip
STUDENTS = (
    RosterStudent("007", "Ada", "ada@x.org", lms_ids={"username": "ada1"}),
    RosterStudent("008", "Cleo", "cleo@x.org"),
    RosterStudent("ben", "Ben", "ben@x.org"),
    RosterStudent("zoe", "Zoe", "zoe@x.org"),
    RosterStudent("dan", "Dan", "dan@x.org"),  # whose answer waits for a person
    RosterStudent("eve", "Eve", "eve@x.org"),  # who handed in nothing
)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A course whose gradebook has final scores."""
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [twice]\n"})
    assignment = load_assignment(write(tmp_path / "course" / "twice", FILES))
    with Gradebook.open(tmp_path / "state") as gradebook:
        gradebook.set_roster(Roster(STUDENTS), "kim", AT)
        states = {student: (Status.GRADED, score) for student, score in SCORES.items()}
        states["dan"] = (Status.NEEDS_REVIEW, Fraction(1))
        for student, (status, score) in states.items():
            entry = gradebook.submit(student, "twice", Submission({"twice.py": b"x = 1\n"}), AT)
            grade = Grade("twice", "Twice", status, score, Fraction(2), bonus=Fraction(1, 2))
            gradebook.add_grade(entry, grade, assignment.digest, AT)
    return Shell(
        tmp_path, tmp_path / "course", extra={"CANVAS_TOKEN": TOKEN, "MOODLE_TOKEN": TOKEN, "GRADER_DEBUG": ""}
    )


@pytest.fixture
def canvas() -> Iterator[FakeCanvas]:
    users = [
        {"id": 101, "name": "Ada", "sis_user_id": "007", "login_id": "x"},
        {"id": 102, "name": "C", "email": "CLEO@x.org"},
        {"id": 103, "name": "B", "login_id": "ben"},
        {"id": 104, "name": "Zoe", "email": "zoe@x.org"},
        {"id": 105, "name": "Dan", "email": "dan@x.org"},
        {"id": 106, "name": "Somebody else", "email": "else@x.org"},
    ]
    scores: dict[int, float | None] = {101: None, 102: 1.0, 103: 0.5, 104: 0.33, 105: 0.25, 106: 2.0}
    with serve(FakeCanvas(users=users, scores=scores)) as server:
        yield server


@pytest.fixture
def moodle() -> Iterator[FakeMoodle]:
    users = [
        {"id": 11, "username": "ada1", "fullname": "A", "email": "other@x.org"},
        {"id": 12, "username": "c", "fullname": "C", "idnumber": "008"},
        {"id": 13, "username": "b", "fullname": "B", "email": "Ben@x.org"},
        {"id": 14, "username": "z", "fullname": "Z", "email": "zoe@x.org"},
        {"id": 15, "username": "d", "fullname": "D", "email": "dan@x.org"},
        {"id": 16, "username": "teacher", "fullname": "T", "email": "t@x.org"},
    ]
    with serve(FakeMoodle(users=users, grades={12: 1.0, 13: 0.5}), path="/moodle") as server:
        yield server


def push(shell: Shell, server: Server, *more: str, process: bool = False) -> Answer:
    """Run the command: here, which is quick, or as a process of its own."""
    lms = "canvas" if isinstance(server, FakeCanvas) else "moodle"
    where = ["--assignment-id", "9"] if lms == "canvas" else []
    command = ["push", lms, "twice", "--url", server.address, "--course-id", "5", *where, *more]
    done = shell(*command) if process else run_here(shell, command)
    for secret in (TOKEN, TOKEN[:12]):
        assert secret not in done.out + done.err
    assert "Traceback" not in done.err
    return done


def run_here(shell: Shell, command: list[str]) -> Answer:
    from grader.cli import main

    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in set(os.environ) - set(shell.environment):
            patch.delenv(name)
        for name, value in shell.environment.items():
            patch.setenv(name, value)
        patch.chdir(shell.folder)
        patch.setattr(sys, "argv", ["grader", *command])
        with pytest.raises(SystemExit) as left:
            main()
    return Answer(int(left.value.code or 0), out.getvalue(), err.getvalue())


# Canvas


def test_canvas_dry_run_lists_what_would_change_and_writes_nothing(shell: Shell, canvas: FakeCanvas) -> None:
    done = push(shell, canvas, process=True)
    assert done.code == 0
    assert done.out.splitlines() == [
        "Twice, 2 points",
        "STUDENT  NOW  WOULD BE",
        "007                  2",
        "ben      0.5       1.5",
        "2 hold the right score already.",
        "Nothing was written: --yes writes these 2 scores.",
    ]
    assert sorted(done.err.splitlines()) == [
        "left alone, an answer waits for a person: dan",
        "left alone, in the LMS's course, and nobody here: else@x.org",
        "left alone, nothing was handed in: eve",
    ]
    assert canvas.writes == []
    assert all(one.authorized for one in canvas.seen)
    page = (Path(__file__).parents[1] / "docs" / "lms_live.md").read_text()
    (shown,) = re.findall(r"^\$ grader push canvas .*\n((?:.*\n)*?)```", page, re.MULTILINE)
    assert done.out == shown


def test_canvas_takes_what_differs_and_a_second_time_there_is_nothing_to_do(shell: Shell, canvas: FakeCanvas) -> None:
    done = push(shell, canvas, "--yes", process=True)
    assert (done.code, done.out.splitlines()[-1]) == (0, "2 of 2 scores were written and read back.")
    assert canvas.scores == {101: 2.0, 102: 1.0, 103: 1.5, 104: 0.33, 105: 0.25, 106: 2.0}
    assert [one.form for one in canvas.writes] == [
        {"grade_data[101][posted_grade]": "2.00", "grade_data[103][posted_grade]": "1.50"}
    ]
    again = push(shell, canvas, "--yes")
    assert (again.code, again.out.splitlines()[-2:]) == (
        0,
        ["4 hold the right score already.", "There is nothing to write."],
    )
    assert len(canvas.writes) == 1


def test_canvas_that_drops_a_score_in_silence_is_found_out(shell: Shell, canvas: FakeCanvas) -> None:
    canvas.dropped = {103}
    done = push(shell, canvas, "--yes")
    assert (done.code, done.out.splitlines()[-1]) == (1, "1 of 2 scores were written and read back.")
    assert "ben: it holds 0.5, not 1.5" in done.err
    found = push(shell, canvas, "--yes", "--json")
    assert found.code == 1
    assert found.json["written"]
    assert found.json["changes"] == [
        {"student": "ben", "now": 0.5, "then": 1.5, "holds": 0.5, "stuck": False, "message": None}
    ]


def test_canvas_job_that_fails_is_told(shell: Shell, canvas: FakeCanvas) -> None:
    canvas.fails = "out of order"
    done = push(shell, canvas, "--yes")
    assert done.code == 1
    assert "007: it holds no score, not 2 (out of order)" in done.err


def test_canvas_is_asked_again_when_it_is_busy_or_down(shell: Shell, canvas: FakeCanvas) -> None:
    canvas.hurdles.extend(
        [
            THROTTLED,
            Hurdle(429, headers={"Retry-After": "0"}),
            Hurdle(503, b"<html>busy</html>"),
            Hurdle(502, only="update_grades"),
            Hurdle(500, only="progress"),
        ]
    )
    done = push(shell, canvas, "--yes")
    assert (done.code, done.out.splitlines()[-1]) == (0, "2 of 2 scores were written and read back.")
    assert not canvas.hurdles


def test_bonus_scale_and_excused_in_canvas(shell: Shell, canvas: FakeCanvas) -> None:
    canvas.excused = {101}
    canvas.assignment = {"points_possible": 10}
    done = push(shell, canvas)
    assert done.code == 2
    assert "'Twice' is worth 10 there, and 2 here" in done.err
    assert "--scale" in done.err
    scaled = push(shell, canvas, "--scale", "--with-bonus", "--json")
    assert {one["student"]: one["then"] for one in scaled.json["changes"]} == {"008": 7.5, "ben": 10, "zoe": 4.17}
    assert {"student": "007", "message": "excused in Canvas", "graded": True} in scaled.json["left_out"]
    canvas.assignment = {}
    over = push(shell, canvas, "--with-bonus", "--json")  # Canvas keeps more than the maximum
    canvas.excused = set()
    assert [one["then"] for one in over.json["changes"]] == [1.5, 2, 0.83]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grading_type": "pass_fail"}, "not graded by points"),
        ({"points_possible": None}, "not graded by points"),
        ({"published": False}, "is not published"),
        ({"moderated_grading": True}, "is moderated"),
    ],
)
def test_assignments_of_canvas_that_take_no_scores(
    shell: Shell, canvas: FakeCanvas, change: dict[str, Any], words: str
) -> None:
    canvas.assignment = change
    done = push(shell, canvas, "--yes")
    assert done.code == 2
    assert words in done.err
    assert canvas.writes == []


# Moodle


def test_moodle_takes_what_differs_and_keeps_comments(shell: Shell, moodle: FakeMoodle) -> None:
    moodle.comments = {13: "<p>Well done</p>", 14: ""}
    done = push(shell, moodle, process=True)
    assert done.code == 0
    assert "Nothing was written: --yes writes these 3 scores." in done.out
    assert moodle.writes == []
    done = push(shell, moodle, "--yes")
    assert (done.code, done.out.splitlines()[-1]) == (0, "3 of 3 scores were written and read back.")
    assert moodle.grades == {11: 2.0, 12: 1.0, 13: 1.5, 14: 0.33333}
    assert [one.form["grade"] for one in moodle.writes] == ["2.00000", "1.50000", "0.33333"]
    assert moodle.comments == {11: "", 13: "<p>Well done</p>", 14: ""}
    assert "?" not in "".join(one.path for one in moodle.seen)  # the token is in no address
    again = push(shell, moodle, "--yes", "--assignment-id", "44")
    assert again.out.splitlines()[-1] == "There is nothing to write."
    assert len(moodle.writes) == 3


def test_moodle_grades_that_people_decided_are_left_alone(shell: Shell, moodle: FakeMoodle) -> None:
    moodle.overridden, moodle.locked = {13: 0.75}, {14}
    done = push(shell, moodle, "--yes")
    assert done.code == 0
    assert "overridden in Moodle's gradebook: change it there, or take the override away: ben" in done.err
    assert "locked in Moodle's gradebook: zoe" in done.err
    assert moodle.grades == {11: 2.0, 12: 1.0, 13: 0.5}


def test_moodle_that_answers_null_and_keeps_another_grade_is_found_out(shell: Shell, moodle: FakeMoodle) -> None:
    """Somebody overrides a grade between what was read and what is written: Moodle writes -1, and says null."""

    class Racing(FakeMoodle):
        def mod_assign_save_grade(self, form: dict[str, str]) -> None:
            self.overridden = {13: 0.75}
            super().mod_assign_save_grade(form)

    moodle.__class__ = Racing
    done = push(shell, moodle, "--yes")
    assert (done.code, done.out.splitlines()[-1]) == (1, "2 of 3 scores were written and read back.")
    assert "ben: it holds no score, not 1.5" in done.err


def test_scores_over_moodles_maximum_are_not_sent(shell: Shell, moodle: FakeMoodle) -> None:
    done = push(shell, moodle, "--yes", "--with-bonus")
    assert "2.5 is over the maximum of 2, which the LMS drops: 007" in done.err
    assert 11 not in moodle.grades
    assert moodle.grades[13] == 2.0


def test_moodle_says_what_is_missing(shell: Shell, moodle: FakeMoodle) -> None:
    moodle.functions = ("core_webservice_get_site_info", "mod_assign_get_grades")
    done = push(shell, moodle)
    assert done.code == 2
    assert "the token's service lacks mod_assign_get_assignments, mod_assign_save_grade" in done.err
    moodle.functions = FakeMoodle().functions[:-1]
    assert "feedback comments that were written in Moodle may be lost" in push(shell, moodle).err
    moodle.functions = FakeMoodle().functions
    moodle.assignment = {"name": "Twise"}
    assert "no assignment 'Twice' in that course; did you mean 'Twise'?" in push(shell, moodle).err
    moodle.assignment = {"grade": -3}
    assert "is not graded by points" in push(shell, moodle).err
    assert "the token reaches no course 6" in push(shell, moodle, "--course-id", "6").err


def test_moodle_that_fails_midway_is_read_all_the_same(shell: Shell, moodle: FakeMoodle) -> None:
    broken = json.dumps(
        {"exception": "dml_exception", "errorcode": "dmlwriteexception", "message": f"for {TOKEN}"}
    ).encode()
    moodle.hurdles.extend(
        [Hurdle(200, broken, only="mod_assign_save_grade"), Hurdle(503, only="mod_assign_save_grade")]
    )
    done = push(shell, moodle, "--yes")
    assert (done.code, done.out.splitlines()[-1]) == (1, "2 of 3 scores were written and read back.")
    assert (
        "007: it holds no score, not 2 (Moodle refuses mod_assign_save_grade: for (token) (dmlwriteexception))"
        in done.err
    )
    moodle.grades.clear()
    moodle.hurdles.extend([Hurdle(200, broken, only="mod_assign_save_grade") for _ in range(3)])
    found = push(shell, moodle, "--yes", "--json")
    assert found.code == 3
    assert [one["stuck"] for one in found.json["changes"]] == [False] * 4
    assert found.json["changes"][-1]["message"] == "not written"


# What may go wrong between here and there


def test_wrong_tokens_addresses_and_answers_are_told_without_the_token(
    shell: Shell, canvas: FakeCanvas, moodle: FakeMoodle
) -> None:
    wrong = Shell(
        shell.folder, shell.course, extra={**shell.extra, "CANVAS_TOKEN": TOKEN + "x", "MOODLE_TOKEN": "12345678"}
    )
    for server in (canvas, moodle):
        done = push(wrong, server)
        assert (done.code, "refuses the token" in done.err) == (2, True)
    none = Shell(shell.folder, shell.course)
    assert "set CANVAS_TOKEN in the environment" in push(none, canvas).err
    odd = Shell(shell.folder, shell.course, extra={"CANVAS_TOKEN": "two words"})
    assert "cannot be a token" in push(odd, canvas).err
    push(shell, canvas, "--url", "http://canvas.example.edu").fails(2, "in the clear", "https://")
    push(shell, canvas, "--url", "https://ada:secret@canvas.example.edu").fails(2, "must not hold a name, a password")
    push(shell, canvas, "--course-id", "6").fails(2, "knows no such course or assignment")
    canvas.hurdles.append(Hurdle(403, json.dumps({"errors": [{"message": f"no {TOKEN}"}]}).encode()))
    push(shell, canvas).fails(2, "does not let you do this: no (token)")
    canvas.hurdles.append(Hurdle(200, b"<html>log in</html>"))
    push(shell, canvas).fails(3, "its answer is no JSON")
    canvas.hurdles.append(Hurdle(200, b"[" * 200_000))
    push(shell, canvas).fails(3, "its answer is no JSON")
    canvas.hurdles.append(Hurdle(200, b'{"name": null}'))
    push(shell, canvas).fails(3, "without 'name'")
    for hurdle in (b"[]", b'{"functions": 7}'):
        moodle.hurdles.append(Hurdle(200, hurdle))
        push(shell, moodle).fails(3, "without 'functions'")


def test_the_token_goes_nowhere_else(shell: Shell, canvas: FakeCanvas) -> None:
    with serve(FakeCanvas()) as other:
        canvas.hurdles.append(Hurdle(302, headers={"Location": f"{other.address}/api/v1/courses/5/assignments/9"}))
        push(shell, canvas).fails(2, "your token goes nowhere else")
        canvas.foreign_page = other.address
        push(shell, canvas).fails(3, "names a page on another host")
        assert other.seen == []


def test_nothing_that_is_printed_holds_the_token_even_when_we_fail(shell: Shell, canvas: FakeCanvas) -> None:
    """A fault of ours, with its traceback: it is made by breaking the installation that the command runs from."""
    broken = write(
        shell.folder / "broken",
        {"httpx2/__init__.py": "class Client:\n    pass\n\ndef __getattr__(name):\n    raise RuntimeError(name)\n"},
    )
    environment = {**shell.environment, "GRADER_DEBUG": "1", "PYTHONPATH": f"{broken}:{Path(__file__).parents[1]}"}
    command = [sys.executable, "-m", "grader", "push", "canvas", "twice", "--url", canvas.address]
    done = subprocess.run(
        [*command, "--course-id", "5", "--assignment-id", "9"],
        cwd=shell.folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def make_client(address: str, waits: list[float], **patience: float) -> Client:
    return Client(address, Token(TOKEN), header=True, patience=Patience(**patience), sleep=waits.append)  # type: ignore[arg-type]


def test_waiting_grows_is_capped_and_ends(canvas: FakeCanvas) -> None:
    canvas.always = Hurdle(503)
    waits: list[float] = []
    with (
        make_client(canvas.address, waits, attempts=6, first=1, longest=4) as client,
        pytest.raises(FaultError, match="503"),
    ):
        client.get("/api/v1/courses/5/assignments/9")
    assert len(waits) == 5
    for wait, most in zip(waits, (1, 2, 4, 4, 4), strict=True):
        assert most / 2 <= wait <= most


def test_what_the_server_asks_to_wait_is_waited_unless_it_is_too_long(canvas: FakeCanvas) -> None:
    waits: list[float] = []
    canvas.hurdles.extend([Hurdle(429, headers={"Retry-After": "7"}), Hurdle(429, headers={"Retry-After": "soon"})])
    with make_client(canvas.address, waits, first=1) as client:
        client.get("/api/v1/courses/5/assignments/9")
        assert 7 <= waits[0] < 7.2
        assert waits[1] <= 2
        canvas.hurdles.append(Hurdle(429, headers={"Retry-After": "3600"}))
        with pytest.raises(FaultError, match="429, after 1 try"):
            client.get("/api/v1/courses/5/assignments/9")
        canvas.hurdles.append(Hurdle(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
        client.get("/api/v1/courses/5/assignments/9")
    assert len(waits) == 3


def test_an_answer_that_does_not_come_is_asked_for_again(canvas: FakeCanvas) -> None:
    canvas.hurdles.append(Hurdle(200, b"{}", seconds=1.0))
    waits: list[float] = []
    with make_client(canvas.address, waits, answer=0.3) as client:
        # The server does one thing at a time: what it sleeps over delays the next answer, too.
        assert client.get("/api/v1/courses/5/assignments/9")["id"] == 9
    assert waits


def test_nobody_there_is_not_asked_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    waits: list[float] = []
    with make_client(f"http://127.0.0.1:{port}", waits) as client, pytest.raises(FaultError, match="no connection"):
        client.get("/")
    assert len(waits) == 3


def test_pages_without_an_end_end(canvas: FakeCanvas) -> None:
    canvas.always = Hurdle(200, b"[]", {"Link": f'<{canvas.address}/a?page=2>; rel="next"'})
    with make_client(canvas.address, []) as client, pytest.raises(FaultError, match="no end"):
        list(client.pages("/a"))


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ('<{}/a?page=2&x=1,2>; rel="next"', True),
        ("</a?page=2>;rel=next", True),
        ('<{}/a?page=2>; rel="last"', False),
        ("<http://[>; rel=next", None),
        ("<//evil.example/a>; rel=next", None),
        ("<https://127.0.0.1/a>; rel=next", None),
    ],
)
def test_links_to_the_next_page(canvas: FakeCanvas, link: str, wanted: bool | None) -> None:
    canvas.hurdles.append(Hurdle(200, b"[1]", {"Link": link.format(canvas.address)}))
    canvas.hurdles.append(Hurdle(200, b"[2]"))
    with make_client(canvas.address, []) as client:
        if wanted is None:
            with pytest.raises(FaultError):
                list(client.pages("/a"))
        else:
            assert list(client.pages("/a")) == ([1, 2] if wanted else [1])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://moodle.example.edu/", "https://moodle.example.edu"),
        ("https://x.org:8443/moodle/", "https://x.org:8443/moodle"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://127.0.0.1.evil.org", None),
        ("http://x.org", None),
        ("ftp://x.org", None),
        ("x.org", None),
        ("https://", None),
        ("https://x.org?token=1", None),
        ("https://a@x.org", None),
        ("https://x.org\n", None),
        ("https://x.org:99999", None),
        ("https://[x", None),
    ],
)
def test_addresses(text: str, found: str | None) -> None:
    if found is None:
        with pytest.raises(InputError):
            check_address(text)
    else:
        assert check_address(text) == found


def test_a_token_shows_itself_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    token = Token(TOKEN)
    assert TOKEN not in f"{token!r} {token} {[token]}"
    assert token.hide_in(f"a {TOKEN} b 7~very-secret-token%2Bof%2Fada%3D%3D") == "a (token) b (token)"
    assert find_token("canvas", "x.org", {"CANVAS_TOKEN": f" {TOKEN}\n"}).reveal() == TOKEN


def test_without_what_it_needs_it_says_how_to_install_it(shell: Shell, canvas: FakeCanvas) -> None:
    broken = write(shell.folder / "broken", {"httpx2/__init__.py": "raise ImportError('no httpx2')\n"})
    path = {"PYTHONPATH": f"{broken}:{Path(__file__).parents[1]}"}
    without = Shell(shell.folder, shell.course, extra={**shell.extra, **path})
    push(without, canvas, process=True).fails(2, "not installed", "pip install 'grader[push]'")


def test_a_token_from_the_keyring(tmp_path: Path) -> None:
    """In a process that has a keyring of one file: the real one would ask this machine's user."""
    source = (
        "class errors:\n    class KeyringError(Exception): pass\n"
        "import sys; sys.modules['keyring.errors'] = errors\n"
        "def get_password(service, account):\n"
        "    if account.endswith('locked'): raise errors.KeyringError\n"
        f"    return {TOKEN!r} if (service, account) == ('grader', 'moodle:x.org') else None\n"
    )
    write(tmp_path, {"keyring/__init__.py": source})
    asked = (
        "from grader.push.token import find_token; print(find_token('moodle', 'x.org', {}).reveal())\n"
        "from grader.errors import InputError\n"
        "for host in ('y.org', 'locked'):\n"
        "    try: find_token('moodle', host, {})\n"
        "    except InputError as error: print(error.hint)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[1]}"}
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    first, *hints = done.stdout.splitlines()
    assert first == TOKEN
    assert [hint.rpartition(" ")[2] for hint in hints] == ["moodle:y.org`", "moodle:locked`"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 200)
    | st.floats()
    | st.sampled_from(["", "7.5", "assign", "Twice", "\x1b["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)


class Babbling(Server):
    """A server that answers anything."""

    answers: deque[object]

    def is_authorized(self, header: str, form: dict[str, str]) -> bool:
        return True

    def answer(
        self, method: str, path: str, query: dict[str, str], form: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        self.answers.rotate(-1)
        return 200, self.answers[0], {}


@pytest.fixture(scope="module")
def babbling() -> Iterator[Babbling]:
    with serve(Babbling()) as server:
        yield server


@given(st.lists(json_values, min_size=1, max_size=6))
@settings(deadline=None, max_examples=40)
def test_whatever_an_lms_answers_is_understood_or_told(babbling: Babbling, answers: list[object]) -> None:
    functions = {"functions": [{"name": name} for name in (*NEEDED, STATUS)]}
    assignments = {"courses": [{"assignments": [{"id": 3, "cmid": 4, "name": "Twice", "grade": 10}]}]}
    assignment = {"name": "Twice", "points_possible": 10}
    change = Change("ada", "1", None, Fraction(1))
    with Client(babbling.address, Token(TOKEN), header=False, sleep=lambda _: None) as client:
        for start, lms in (
            ([], Canvas(client, 5, 9, sleep=lambda _: None)),
            ([assignment], Canvas(client, 5, 9, sleep=lambda _: None)),
            ([], Moodle(client, Token(TOKEN), 5, 4, "Twice")),
            ([functions, assignments], Moodle(client, Token(TOKEN), 5, 4, "Twice")),
        ):
            babbling.answers = deque([None, *start, *answers])
            with suppress(FaultError, InputError):
                target = lms.read()
                assert target.maximum > 0
                assert all(person.now is None or isinstance(person.now, Fraction) for person in target.people)
                for outcome in lms.verify(list(lms.write([change]))):
                    assert outcome.stuck in (True, False)


# Plans

amounts = st.fractions(min_value=0, max_value=1000)


@given(amounts, st.sampled_from([2, 5]))
def test_amounts_are_written_with_a_point_and_rounded_half_up(amount: Fraction, decimals: int) -> None:
    text = format_decimal(amount, decimals)
    assert text.replace(".", "").isdigit()
    assert len(text.partition(".")[2]) == decimals
    assert abs(Fraction(text) - amount) <= Fraction(1, 2 * 10**decimals)
    assert Fraction(text) == round_half_up(amount, decimals)


@given(
    st.dictionaries(st.sampled_from("abcdef"), amounts), st.dictionaries(st.sampled_from("abcdef"), st.none() | amounts)
)
def test_a_plan_that_is_carried_out_leaves_nothing_to_do(
    ours: dict[str, Fraction], theirs: dict[str, Fraction | None]
) -> None:
    students = [RosterStudent(one) for one in "abcdef"]
    column = Column("T", Fraction(1000), dict(ours))

    def target(holds: dict[str, Fraction | None]) -> Target:
        return Target("T", Fraction(1000), 2, [Person(one, Claims(id=one), holds[one]) for one in holds])

    plan = make_plan(column, students, target(theirs))
    done = {**theirs, **{change.key: change.then for change in plan.changes}}
    again = make_plan(column, students, target(done))
    assert again.changes == ()
    assert set(again.unchanged) == set(ours) & set(theirs)
    told = {change.student for change in plan.changes} | {one.student for one in plan.left_out} | set(plan.unchanged)
    assert told >= {student.id for student in students}


def test_two_people_who_can_be_one_student_are_neither() -> None:
    people = [
        Person("1", Claims(email="a@x.org")),
        Person("2", Claims(usernames=("a",))),
        Person("3", Claims(name="A")),
    ]
    column = Column("T", Fraction(1), {"a": Fraction(1), "b": None}, missing={"b": Missing.PENDING})
    plan = make_plan(
        column, [RosterStudent("a", "A", "a@x.org"), RosterStudent("b")], Target("T", Fraction(1), 2, people)
    )
    assert plan.changes == ()
    assert [(one.student, one.message) for one in plan.left_out] == [
        ("a", "2 people in the LMS's course can be meant: 1, 2"),
        ("b", "not graded yet"),
    ]


@pytest.mark.parametrize(
    ("value", "found"),
    [(1, 1), (0.1, Fraction(1, 10)), ("7.50000", Fraction(15, 2)), (None, None), (True, None), ("-", None),
     ("1e400", None), (float("nan"), None), ([], None)],
)  # fmt: skip
def test_amounts_as_an_lms_writes_them(value: object, found: Fraction | None) -> None:
    assert read_amount(value) == found
