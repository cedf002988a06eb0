"""Rosters, extensions, overrides and marks, as an instructor gives them on the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import select
import subprocess
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from grader.cli import cli
from grader.decisions import MAX_WORDS, Mark
from grader.errors import InputError
from grader.gradebook import Entry, Gradebook
from grader.marking import find_waiting, still_waits
from grader.roster import Roster, RosterStudent
from grader.scoring import Grade, QuestionGrade, Status
from grader.spec import load_course
from grader.submission import Submission
from tests.shell import ESC, GRADER, Shell, write

AT = datetime(2020, 1, 1, tzinfo=UTC)  # before any command is run
DUE = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # 18:00 in Berlin
COURSE = """\
title: C
assignments: [essay, pairs, open-end, best]
time_zone: Europe/Berlin
policy:
  late: {penalty: 10 % per day}
"""
ESSAY = """\
format: 1
id: {id}
title: An essay
summary: Words.
{keys}
questions:
  - id: why
    kind: text
    points: 6
    prompt: Why a *mean*?
    why: It does not grow with the batch.
    rubric:
      - id: idea
        title: The idea is there
        levels: [{{id: clear, title: Clear, points: 4}}, {{id: vague, title: Vague, points: 1.5}}, {{id: none, title: None, points: 0}}]
      - {{id: words, title: In the right words, points: 2}}
  - {{id: more, kind: text, points: 4, prompt: What else?}}
"""  # noqa: E501
KEYS = {
    "essay": "due: 2026-11-30T18:00",
    "pairs": "due: 2026-11-30T18:00\ngroups: true",
    "open-end": "",
    "best": "due: 2026-11-30T18:00\npolicy: {attempts: {counts: best}}",
}
STUDENTS = (
    RosterStudent("ada", "Ada L.", section="A", group="1"),
    RosterStudent("ben", "Ben", section="A", group="1"),
    RosterStudent("cleo", section="B", group="2"),
)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"{name}/assignment.yaml": ESSAY.format(id=name, keys=keys) for name, keys in KEYS.items()}
    return write(tmp_path_factory.mktemp("course"), {"course.yaml": COURSE, **files})


@pytest.fixture
def shell(tmp_path: Path, course: Path) -> Shell:
    with Gradebook.open(tmp_path / "state") as gradebook:
        gradebook.set_roster(Roster(STUDENTS), "kim", AT)
    return Shell(tmp_path, course)


def grade_of(score: int | None, answer: str = "", more: str | None = None) -> Grade:
    """A grade with a score for ``why``, or (None) an answer to it that waits; one to ``more`` waits where there is."""
    waits = Status.NEEDS_REVIEW
    questions = (
        QuestionGrade(
            "why",
            "text",
            "why",
            Fraction(6),
            Fraction(score or 0),
            status=Status.GRADED if score else waits,
            answer=answer,
        ),
        QuestionGrade("more", "text", "more", Fraction(4), status=waits if more else Status.UNANSWERED, answer=more),
    )
    status = waits if waits in {question.status for question in questions} else Status.GRADED
    return Grade("essay", "An essay", status, Fraction(score or 0), Fraction(10), questions=questions)


def submit(
    shell: Shell, student: str, grade: Grade, late: timedelta = timedelta(0), assignment: str = "essay"
) -> Entry:
    with Gradebook.open(shell.folder / "state") as gradebook:
        members = ["ben"] if assignment == "pairs" else []
        content = Submission({"answers.yaml": f"{student} {late} {grade}".encode()})
        entry = gradebook.submit(student, assignment, content, DUE + late, members=members)
        gradebook.add_grade(entry, grade, "sha256:abc", DUE)
    return entry


def log(shell: Shell) -> list[tuple[str, str, str]]:
    """What the trail says of decisions: kind, detail and reason."""
    with Gradebook.open(shell.folder / "state") as gradebook:
        kept = [change for change in gradebook.trail() if change.what not in ("submission", "grade")]
    return [(change.what, change.detail, change.why) for change in kept]


def run(shell: Shell, *arguments: str) -> str:
    """Run a command in this process, which is fast; return what it prints on standard output."""
    done = CliRunner().invoke(cli, arguments, env=shell.environment, standalone_mode=False)
    assert done.exception is None, done
    return done.stdout


def refuse(shell: Shell, *arguments: str) -> str:
    """Run a command in this process, which is fast, expect that it refuses, and return what it says."""
    done = CliRunner().invoke(cli, arguments, env=shell.environment, standalone_mode=False)
    assert isinstance(done.exception, InputError | click.UsageError), done
    assert not done.stdout
    return f"{done.exception}; {getattr(done.exception, 'hint', None)}"


# The roster.


def test_a_roster_is_shown(shell: Shell, tmp_path: Path, course: Path) -> None:
    lines = shell("roster").out.splitlines()
    assert [line.split() for line in lines] == [
        ["ID", "NAME", "SECTION", "GROUP"],
        ["ada", "Ada", "L.", "A", "1"],
        ["ben", "Ben", "A", "1"],
        ["cleo", "B", "2"],
        [],
        ["3", "students"],
    ]
    assert [student["section"] for student in json.loads(run(shell, "roster", "--json"))] == ["A", "A", "B"]
    empty = Shell(tmp_path, course, home=tmp_path / "other")
    assert run(empty, "roster") == "There is no roster yet. `grader roster import FILE.csv` takes one.\n"
    assert run(empty, "roster", "--json") == "[]\n"


def test_a_roster_is_imported(shell: Shell) -> None:
    submit(shell, "ben", grade_of(3))
    submit(shell, "daan", grade_of(3))
    write(shell.folder, {"new.csv": "id,name,section,group,canvas_id\nada,Ada L.,B,1,077\ncleo,,B,2,\ndan,=D,A,,\n"})
    answer = shell("roster", "import", "new.csv", "--dry-run")
    assert (answer.code, [line.split() for line in answer.out.splitlines()]) == (
        0,
        [
            ["STUDENT", "NAME"],
            ["comes", "dan", "=D", "section", "A"],
            ["goes", "ben", "Ben", "section", "A,", "group", "1"],
            ["changes", "ada", "Ada", "L.", "section", "A", "→", "B;", "canvas_id", "-", "→", "077"],
            [],
            ["3", "students:", "1", "come,", "1", "go,", "1", "change"],
            ["Who", "goes", "keeps", "all", "that", "was", "handed", "in,", "and", "every", "grade."],
        ],
    )
    assert answer.err.splitlines() == [
        "ben has handed in, and is not in this roster",
        "daan has handed in, and is not in this roster; did you mean 'dan'?",
        "nothing was kept",
    ]
    assert "Take this roster? [y/N]: n" in shell.in_a_terminal("roster", "import", "new.csv", typed="n\n")
    assert len(log(shell)) == 1
    assert shell("roster", "import", "new.csv", "--why", "week 2").err.splitlines()[-1] == "kept"
    assert log(shell)[1:] == [("roster", "3 students", "week 2")]
    assert json.loads(run(shell, "roster", "--json"))[0]["lms_ids"] == {"canvas_id": "077"}
    again = json.loads(run(shell, "roster", "import", str(shell.folder / "new.csv"), "--json"))
    assert (again["kept"], again["comes"], again["not_in_roster"]) == (False, [], ["ben", "daan"])
    assert len(json.loads(run(shell, "status", "--student", "ben", "--json"))) == 1


def test_a_roster_in_another_order(shell: Shell) -> None:
    content = "id,name,section,group\ncleo,,B,2\nada,Ada L.,A,1\nben,{},A,1\n"
    path = str(shell.folder / "new.csv")
    write(shell.folder, {"new.csv": content.format("Ben")})
    assert run(shell, "roster", "import", path) == "3 students: nothing changes but their order\n"
    assert run(shell, "roster", "import", path) == "3 students: nothing changes\n"
    assert len(log(shell)) == 2
    write(shell.folder, {"new.csv": content.format(f"B{ESC}n")})
    assert "Ben → B␛n" in run(shell, "roster", "import", path)
    assert [student["name"] for student in shell("roster", "--json").json] == [None, "Ada L.", "B␛n"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,name\n../x,X\n", "cannot be a student's id"),
        ("id,name\nada,A\nada,B\n", "new.csv:3: the id 'ada' is in line 2 already"),
        ("name\nX\n", "no column for the id"),
        (f"id\n{ESC}[31m\n", "cannot be a student's id"),
    ],
)
def test_a_roster_that_cannot_be_used(shell: Shell, content: str, words: str) -> None:
    write(shell.folder, {"new.csv": content})
    assert words in refuse(shell, "roster", "import", str(shell.folder / "new.csv"), "--yes")
    assert len(log(shell)) == 1


# Extensions.


def test_an_extension_says_what_it_changes(shell: Shell) -> None:
    submit(shell, "ada", grade_of(4), timedelta(days=-1))
    submit(shell, "ada", grade_of(6), timedelta(days=1, hours=1))  # two days of 10 % of 10 points
    answer = shell("extend", "essay", "--student", "ada", "--until", "2026-12-02T18:00", "--why", "ill")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "ada: due Mon 30 Nov 2026 18:00 CET → Wed 02 Dec 2026 18:00 CET; attempt 2 is no longer late; "
        "4 of 10 → 6 of 10\n"
    )
    answer = shell("extend", "essay", "--student", "ada", "--withdraw", "--why", "was not", "--json")
    (effect,) = answer.json["effects"]
    assert (effect["before"]["score"], effect["after"]["score"], effect["after"]["late_seconds"]) == (6, 4, 90_000)
    assert effect["after"]["due"] == "2026-11-30T17:00:00Z"
    assert log(shell)[1:] == [
        ("extension", "until 2026-12-02T17:00:00.000000+00:00", "ill"),
        ("extension", "taken back", "was not"),
    ]


def test_a_section_and_everybody(shell: Shell) -> None:
    for student in ("ada", "ben", "cleo"):
        submit(shell, student, grade_of(6), timedelta(hours=30 if student == "ada" else -30))
    answer = shell("extend", "essay", "--section", "A", "--by", "1 d", "--why", "no network")
    assert answer.out.splitlines() == [
        "section A: due Tue 01 Dec 2026 18:00 CET",
        "2 due dates changed, and 1 grade with them",
        "ada: due Mon 30 Nov 2026 18:00 CET → Tue 01 Dec 2026 18:00 CET; attempt 1 is now late by 6 h; "
        "4 of 10 → 5 of 10",
    ]
    said = run(shell, "extend", "essay", "--everybody", "--by", "2 d", "--why", "no network")
    assert said.splitlines()[1] == "3 due dates changed, and 1 grade with them"
    said = run(shell, "extend", "essay", "--everybody", "--withdraw", "--why", "network")
    assert said.splitlines()[0] == "everybody: the extension is taken back"
    again = refuse(shell, "extend", "essay", "--everybody", "--withdraw", "--why", "x")
    assert "no extension of essay for everybody" in again


def test_a_group_is_extended_as_a_whole_or_it_is_said(shell: Shell) -> None:
    answer = shell("extend", "pairs", "--student", "ada", "--by", "1 d", "--why", "ill")
    assert answer.code == 0
    assert answer.err == "ada hands in with a group: for ben nothing changes; name them, too, if it should\n"
    assert shell("extend", "pairs", "--student", "ben", "--student", "ada", "--by", "2 d", "--why", "ill").err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("essay --student adda --by 1d --why x", "did you mean 'ada'?"),
        ("essay --section C --by 1d --why x", "the sections are A, B"),
        ("open-end --student ada --by 1d --why x", "open-end has no due date, so there is nothing to extend"),
        ("esay --student ada --by 1d --why x", "did you mean 'essay'?"),
        ("essay --student ada --by 1week --why x", "must be a duration"),
        ("essay --student ada --by 0d --why x", "must be more than nothing"),
        ("essay --student ada --until 2026-11-30 --section A --why x", "--student and --section do not go together"),
        ("essay --student ada --until 2026-11-30T18:00 --why x", "this is not later"),
        ("essay --student ada --until tomorrow --why x", "must be such as 2026-11-30"),
        ("essay --student ada --why x", "give --until, --by or --withdraw"),
        ("essay --by 1d --why x", "give --student, --section or --everybody"),
        ("essay --student ada --by 1d", "say why"),
        ("essay --student ada --by 1d --why=", "the reason is empty"),
        (f"essay --student ada --by 1d --why {'x' * (MAX_WORDS + 1)}", "the reason has 10,001 characters"),
        ("essay --student ada --withdraw --why x", "no extension of essay for ada to take back"),
    ],
)
def test_an_extension_that_is_refused(shell: Shell, arguments: str, words: str) -> None:
    assert words in refuse(shell, "extend", *arguments.split(" "))
    assert len(log(shell)) == 1


def test_an_extension_is_never_shortened_unseen(shell: Shell) -> None:
    run(shell, "extend", "essay", "--student", "ada", "--by", "2 d", "--why", "x")
    answer = shell("extend", "essay", "--student", "ada", "--by", "1 d", "--why", "x")
    answer.fails(2, "ada has until Wed 02 Dec 2026 18:00 CET already", "--withdraw")
    assert len(log(shell)) == 2


# Overrides.


def test_an_override(shell: Shell) -> None:
    submit(shell, "ada", grade_of(4))
    answer = shell("override", "essay", "ada", "15/2", "--why", f"an oral {ESC}[31mexam")
    assert (answer.code, answer.out) == (0, "ada: 4 of 10 → 7.5 of 10 (overridden)\n")
    assert (
        run(shell, "override", "essay", "cleo", "1", "--why", "x") == "cleo: nothing handed in → 1 of 10 (overridden)\n"
    )
    answer = shell("override", "essay", "ada", "--withdraw", "--why", "a mistake", "--json")
    (effect,) = answer.json["effects"]
    assert (effect["before"]["score"], effect["after"]["score"], effect["after"]["overridden"]) == (7.5, 4, False)
    assert [change[1:] for change in log(shell)[1:]] == [
        ("score 15/2", "an oral ␛[31mexam"),
        ("score 1", "x"),
        ("taken back", "a mistake"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("essay ada 10.5 --why x", "give one from 0 to 10"),
        ("essay --why x -- ada -1", "'-1' is no score"),
        ("essay ada 7,5 --why x", "write 7.5"),
        ("essay ada 1/0 --why x", "'1/0' is no score"),
        ("essay ada 1e999999999 --why x", "is no score"),
        ("essay ada 5", "say why"),
        ("essay ada --why x", "give SCORE or --withdraw"),
        ("essay ada 5 --withdraw --why x", "do not go together"),
        ("essay ada --withdraw --why x", "ada has no override for essay"),
        ("essay beni 5 --why x", "did you mean 'ben'?"),
    ],
)
def test_an_override_that_is_refused(shell: Shell, arguments: str, words: str) -> None:
    assert words in refuse(shell, "override", *arguments.split(" "))
    assert len(log(shell)) == 1


# Marks.


def test_one_mark(shell: Shell) -> None:
    submit(shell, "ada", grade_of(None, "Since."), timedelta(hours=-2))
    submit(shell, "ada", grade_of(None, "Because."), timedelta(hours=2))
    mark = ("mark", "essay", "ada", "--question", "why")
    answer = shell(*mark, "--rubric", "idea=vague", "--rubric", "words=met", "--comment", "Say more.")
    assert answer.out.splitlines() == [
        "ada, attempt 2, why: waits for review → 3.5 of 6",
        "  ada: 0 of 10, answers wait for review → 2.5 of 10",
    ]
    found = json.loads(run(shell, *mark, "--score", "3", "--attempt", "1", "--json"))
    assert (found["before"]["status"], found["after"], found["points"]) == (
        "needs_review",
        {"status": "graded", "score": 3.0},
        6.0,
    )
    assert found["effects"][0]["before"] == found["effects"][0]["after"]
    assert run(shell, *mark, "--withdraw").startswith("ada, attempt 2, why: 3.5 → waits for review of 6\n")
    assert "nobody has marked 'why' of ada, attempt 2" in refuse(shell, *mark, "--withdraw")
    assert [change[:2] for change in log(shell)[1:]] == [
        ("mark", "why: 7/2"),
        ("mark", "why: 3"),
        ("mark", "why: taken back"),
    ]


def test_a_mark_counts_for_the_group(shell: Shell) -> None:
    submit(shell, "ada", grade_of(None, "Since."), assignment="pairs")
    answer = shell("mark", "pairs", "ben", "--question", "why", "--score", "6")
    assert [line.split(":")[0] for line in answer.out.splitlines()[1:]] == ["  ada", "  ben"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("ada --question why --score 7", "a mark of 7 for 'why' is not possible"),
        ("ada --question why --rubric idea=vague", "question 'why': no level for words"),
        ("ada --question why --rubric idea=vage --rubric words=met", "did you mean 'vague'?"),
        ("ada --question more --rubric idea=vague", "question 'more' has no rubric"),
        ("ada --question whi --score 1", "did you mean 'why'?"),
        ("ada --question why --score 1 --attempt 3", "the attempts are: 1"),
        ("ada --question why --comment x", "a comment goes with a --score or a --rubric"),
        ("ada --score 1", "a mark needs a STUDENT and a --question"),
        ("--list --export x.csv", "--list and --export do not go together"),
        ("cleo --question why --score 1", "cleo has handed in nothing for essay"),
        ("dora --question why --score 1", "no student 'dora'"),
        ("", "to go from answer to answer takes a terminal"),
    ],
)
def test_a_mark_that_is_refused(shell: Shell, arguments: str, words: str) -> None:
    submit(shell, "ada", grade_of(None, "Since."))
    assert words in refuse(shell, "mark", "essay", *arguments.split())
    assert len(log(shell)) == 1


def test_only_what_may_count_waits(shell: Shell) -> None:
    for assignment in ("essay", "best"):
        submit(shell, "ada", grade_of(None, "Old.", "More."), timedelta(hours=-2), assignment)
        submit(shell, "ada", grade_of(None, "New."), timedelta(hours=-1), assignment)
    waiting = json.loads(run(shell, "mark", "essay", "--json"))
    assert [(one["question"], one["answer"], one["student"]) for one in waiting] == [("why", "New.", None)]
    named = json.loads(run(shell, "mark", "best", "--json", "--names"))
    assert [(one["question"], one["answer"], one["attempt"]) for one in named] == [
        ("why", "New.", 2),
        ("why", "Old.", 1),
        ("more", "More.", 1),
    ]
    run(shell, "mark", "best", "ada", "--question", "why", "--score", "6", "--attempt", "2")
    run(shell, "override", "best", "ada", "10", "--why", "x")
    assert run(shell, "mark", "best", "--list") == "No answer for best waits for review.\n"
    lines = [line.split() for line in shell("mark", "essay", "--list").out.splitlines()]
    assert lines == [["QUESTION", "WAITING", "DIFFERENT"], ["why", "1", "1"]]


def marks_of(shell: Shell) -> list[tuple[str, str, str | None, tuple[str, ...], str | None]]:
    with Gradebook.open(shell.folder / "state") as gradebook:
        students = {entry.id: entry.student for entry in gradebook.entries()}
        return [
            (students[mark.submission], mark.question, str(mark.score), mark.rubric, mark.comment)
            for mark in gradebook.marks("essay")
        ]


def test_a_walk_from_answer_to_answer(shell: Shell) -> None:
    submit(shell, "ada", grade_of(None, f"Since {ESC}[31mit is.", "More."), timedelta(hours=-3))
    submit(shell, "ben", grade_of(None, "It\n is the   mean."), timedelta(hours=-2))
    submit(shell, "cleo", grade_of(None, "It is the mean."), timedelta(hours=-1))
    typed = ["s", "x", "=7", "1", "b", "vague", "1", "Good.", "y", "9", "2,5", "2.5", ""]
    said = shell.in_a_terminal("mark", "essay", typed="".join(f"{line}\n" for line in typed))
    assert said.count("Why a *mean*?") == 2
    assert "why · 6 points · 1 of 4" in said
    assert "It does not grow with the batch." in said
    assert "Since ␛[31mit is." in said
    assert "2  vague: Vague, 1.5 points" in said
    assert "No such level; they are 1 clear, 2 vague, 3 none." in said
    assert "a mark of 7 for 'why' is not possible" in said
    assert "3.5 of 6, kept" in said
    assert "1 other wrote the same: the same mark?" in said
    assert "a mark of 9 for 'more' is not possible" in said
    assert "write 2.5" in said
    assert said.endswith("3 marked, 1 left\r\n")
    assert "ada" not in said
    chosen = ("idea=vague", "words=met")
    assert marks_of(shell) == [
        ("ben", "why", "7/2", chosen, "Good."),
        ("cleo", "why", "7/2", chosen, "Good."),
        ("ada", "more", "5/2", (), None),
    ]


def test_a_walk_goes_back_and_keeps_each_mark_at_once(shell: Shell) -> None:
    submit(shell, "ada", grade_of(3, more="First."), timedelta(hours=-3))
    submit(shell, "ben", grade_of(3, more="Second."), timedelta(hours=-2))
    said = shell.in_a_terminal("mark", "essay", "--names", typed="1\n\nb\n2\n\nq\n")
    assert "more · 4 points · 1 of 2 · ada, attempt 1 · marked before" in said
    assert said.endswith("1 marked, 1 left\r\n")
    assert [mark[:3] for mark in marks_of(shell)] == [("ada", "more", "1"), ("ada", "more", "2")]
    submit(shell, "cleo", grade_of(None, "It is."), timedelta(hours=-1))
    said = shell.in_a_terminal("mark", "essay", "cleo", typed="=2.5\n\n")
    assert "2.5 of 6, kept" in said
    assert marks_of(shell)[2:] == [("cleo", "why", "5/2", (), None)]
    said = shell.in_a_terminal("mark", "essay", typed="4\n\x04")  # the end of input in the middle of a mark
    assert said.endswith("stopped\r\n")
    assert len(marks_of(shell)) == 3


def test_a_kill_loses_no_mark(shell: Shell) -> None:
    for student in ("ada", "ben"):
        submit(shell, student, grade_of(3, more=f"By {student}."))
    own, theirs = pty.openpty()
    process = subprocess.Popen(
        [*GRADER, "mark", "essay"], env=shell.environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(own, b"2\n\n")
    said = b""
    while b"2 of 2" not in said:  # the first one is kept, and the second on the screen
        assert select.select([own], [], [], 60)[0]
        said += os.read(own, 1 << 16)
    process.kill()
    process.wait()
    os.close(own)
    assert [mark[:3] for mark in marks_of(shell)] == [("ada", "more", "2")]


def test_what_somebody_else_marked_meanwhile_is_not_asked_again(shell: Shell, course: Path) -> None:
    entry = submit(shell, "ada", grade_of(3, more="First."), timedelta(hours=-3))
    spec = load_course(course)
    with Gradebook.open(shell.folder / "state") as gradebook:
        (answer,) = find_waiting(spec, gradebook, spec.load("essay"))
        assert still_waits(spec, gradebook, spec.load("essay"), answer)
        gradebook.add_mark(Mark(entry.id, "more", Fraction(1), "lee", AT))
        assert not still_waits(spec, gradebook, spec.load("essay"), answer)


# A sheet.


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def fill(path: Path, rows: list[dict[str, str]], delimiter: str = ",") -> None:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue())


def test_marks_in_a_sheet(shell: Shell) -> None:
    submit(shell, "ada", grade_of(None, "=1+1", "'+1 more"), timedelta(hours=-3))
    submit(shell, "ben", grade_of(None, 'Two\nlines; "quoted"'), timedelta(hours=-2))
    sheet = shell.folder / "marks.csv"
    assert shell("mark", "essay", "--export", "marks.csv").out == "marks.csv: 3 answers\n"
    rows = read(sheet)
    assert list(rows[0]) == [
        "submission",
        "student",
        "question",
        "answer",
        "score",
        "rubric: idea",
        "rubric: words",
        "comment",
    ]
    assert [(row["student"], row["question"], row["answer"]) for row in rows] == [
        ("", "why", "'=1+1"),
        ("", "why", 'Two\nlines; "quoted"'),
        ("", "more", "''+1 more"),
    ]
    assert "is there already" in refuse(shell, "mark", "essay", "--export", str(sheet))
    rows[0] |= {"rubric: idea": "clear", "rubric: words": "not-met", "comment": "'-1 for words"}
    rows[2] |= {"score": "2,5"}
    fill(sheet, rows, ";")
    assert shell("mark", "essay", "--import", "marks.csv").out == "2 new marks kept\n"
    assert marks_of(shell) == [
        ("ada", "why", "4", ("idea=clear", "words=not-met"), "-1 for words"),
        ("ada", "more", "5/2", (), None),
    ]
    assert run(shell, "mark", "essay", "--import", str(sheet)) == "0 new marks kept\n"


def test_a_sheet_with_a_mistake_changes_nothing(shell: Shell) -> None:
    submit(shell, "ada", grade_of(None, "One.", "More."), timedelta(hours=-3))
    submit(shell, "ben", grade_of(None, "Two."), timedelta(hours=-2))
    sheet = shell.folder / "marks.csv"
    run(shell, "mark", "essay", "--export", str(sheet), "--names")
    good = read(sheet)
    assert good[0]["student"] == "ada"
    rows = [
        {**good[0], "score": "6"},
        {**good[1], "answer": "One.", "score": "6"},
        {**good[2], "score": "much"},
        {**good[0], "score": "6"},
        {**good[0], "rubric: idea": "clear"},
        {**good[2], "comment": "Well."},
        {**good[1], "submission": "nothing", "score": "1"},
    ]
    fill(sheet, rows)
    answer = shell("mark", "essay", "--import", "marks.csv")
    answer.fails(
        2,
        "marks.csv:3: the answer is not that of submission",
        "marks.csv:4: 'much' is no score",
        "marks.csv:5: this answer is in line 2 already",
        "marks.csv:6: question 'why': no level for words",
        "marks.csv:7: a comment without a score",
        "marks.csv:8: no submission 'nothing' for essay",
        "nothing was kept",
    )
    assert marks_of(shell) == []
    for content, words in {
        b"": "is empty",
        b"a,b\n1,2\n": "no column 'submission'",
        b"\xff\x00": "neither UTF-8",
    }.items():
        sheet.write_bytes(content)
        assert words in refuse(shell, "mark", "essay", "--import", str(sheet))
    assert "cannot be read" in refuse(shell, "mark", "essay", "--import", str(shell.folder / "nowhere.csv"))
