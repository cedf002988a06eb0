"""Words planted in a classmate's work, in hidden checks and in instructors' reasons reach nobody whom they are not for.

Everything goes through the commands; what they print and write is searched.
"""

from __future__ import annotations

import base64
import csv
import struct
import zlib
from pathlib import Path

import pytest

from tests.shell import Shell, write

pytestmark = pytest.mark.slow

OWN, CLASSMATE, INSTRUCTOR = "canaryown", "canarymate", "canarystaff"
COURSE = "title: C\nassignments: [double]\ntime_zone: UTC\npolicy: {late: {penalty: 10 % per day}}\n"
ASSIGNMENT = """\
format: 1
id: double
title: Twice as much
summary: Double it.
due: 2035-01-01T00:00
questions:
  - {id: code, kind: code, points: 2, file: double.py, prompt: Double it., starter: "def double(x):\\n    pass\\n"}
  - id: why
    kind: choice
    points: 1
    prompt: Why?
    choices:
      - {text: This, correct: true, why: It is.}
      - {text: That, why: It is not., mistake: halves}
  - id: words
    kind: text
    points: 1
    prompt: In words?
mistakes:
  - {id: halves, file: mistakes/halves.py, caught_by: [test_public, test_hidden]}
"""
CHECK = """\
import pytest


@pytest.mark.points(1, hint="Twice, not once.")
def test_{name}(submission):
    '''It doubles.'''
    expected = {number}
    got = submission.double({number} // 2)
    assert got == expected, "{word} wanted {number}"
"""
FINGERPRINT = """

from grader.examiner.fingerprint import observe


def fingerprint(submission):
    yield observe("two", submission.double, 2)
    yield observe("ten", submission.double, 10)
"""
HALVES = f'''"""It halves.

Half is not twice.
"""


def double(x):
    return x / 2  # {INSTRUCTOR}
'''
FILES = {
    "course.yaml": COURSE,
    "double/assignment.yaml": ASSIGNMENT,
    "double/checks/public/test_public.py": CHECK.format(name="public", number=4, word="public"),
    "double/checks/hidden/test_hidden.py": CHECK.format(name="hidden", number=86420, word=INSTRUCTOR) + FINGERPRINT,
    "double/solutions/right.py": f"def double(x):\n    return 2 * x  # {INSTRUCTOR}\n",
    "double/mistakes/halves.py": HALVES,
}
WORK = """\
def double(x):
    print("{word} prints", x)
    if x > 100:
        said = "{word} raises"
        raise ValueError(said)  # {word} says
    return x / 2
"""
DRAWS = """\
from matplotlib.figure import Figure


def draw():
    figure = Figure()
    figure.add_subplot().plot([0, 1], [1, 0])
    return figure
"""
DRAWN_CHECK = """\
import pytest
from grader.examiner.expect import expect_figure


@pytest.mark.points(1)
def test_NAME(submission):
    '''It draws.'''
    assert expect_figure(submission.draw()).lines
"""
DRAWN = {
    "assignment.yaml": (
        "format: 1\nid: drawn\ntitle: A line\nsummary: Draw it.\nquestions:\n"
        "  - {id: code, kind: code, points: 2, file: drawn.py, prompt: Draw., starter: 'def draw(): ...'}\n"
    ),
    "checks/public/test_public.py": DRAWN_CHECK.replace("NAME", "public"),
    "checks/hidden/test_hidden.py": DRAWN_CHECK.replace("NAME", "hidden"),
    "solutions/plain.py": DRAWS,
}
# The mistake itself, so that it serves as an example.
PLAIN = f"""\
def double(x):
    '''{CLASSMATE} signs'''
    return x / 2  # {CLASSMATE} says
"""
ANSWERS = 'why: b\nwords: "{word} answers"\n'


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A course of three students, graded, marked, extended and overridden."""
    folder = tmp_path_factory.mktemp("readers")
    course = write(folder / "course", FILES)
    shell = Shell(folder, course)
    inbox = folder / "inbox"
    for student, word in (("ada", OWN), ("ben", CLASSMATE)):
        write(inbox / student, {"double.py": WORK.format(word=word), "answers.yaml": ANSWERS.format(word=word)})
    write(inbox / "cyd", {"double.py": PLAIN, "answers.yaml": ANSWERS.format(word=CLASSMATE)})
    graded = shell("grade", inbox, "--assignment", "double", "-j", "1")
    assert graded.code == 1, graded
    for student, word in (("ada", "For ada alone"), ("ben", CLASSMATE)):
        comment = f"{word} comments"
        marked = shell("mark", "double", student, "--question", "words", "--score", "1", "--comment", comment)
        assert marked.code == 0, marked
    assert shell("extend", "double", "--student", "ben", "--until", "2036-01-01", "--why", f"{CLASSMATE} ill").code == 0
    return shell


def read_all(shell: Shell, *, instructor: bool = False) -> dict[str, str]:
    """Return every form of ada's last report, and what else she can ask for."""
    more = ["--instructor"] if instructor else []
    page, paper = shell.folder / "page.html", shell.folder / "paper.pdf"
    read = {
        "text": shell("show", "double", *more).out,
        "json": shell("show", "double", "--json", *more).out,
        "status": shell("status").out + shell("status", "--json").out,
        "list": shell("list", "--json").out,
    }
    assert shell("show", "double", "--html", page, *more).code == 0
    read["html"] = page.read_text(encoding="utf-8")
    if shell("show", "double", "--pdf", paper, *more).code == 0:
        from pypdf import PdfReader

        read["pdf"] = " ".join(page.extract_text() for page in PdfReader(paper).pages)
    return read


def test_a_student_reads_nothing_of_others_or_of_staff(shell: Shell) -> None:
    read = read_all(shell)
    shell("fetch", "double", shell.folder / "fetched")
    read["stub"] = "".join(path.read_text() for path in (shell.folder / "fetched").rglob("*") if path.is_file())
    assert "86420" not in "".join(read.values())
    for form, text in read.items():
        assert CLASSMATE not in text, form
        assert INSTRUCTOR not in text, form
        assert "ben" not in text.split(), form
    # What is theirs is there: the search would find the words.
    for form in ("text", "json", "html"):
        assert f"{OWN} answers" in read[form], form
        assert f"{OWN} says" in read[form], form
        assert "For ada alone comments" in read[form], form
        assert "Half is not twice." in read[form], form
    assert f"{OWN} prints 4321" not in "".join(read.values()), "what is printed could be a hidden check's input"


def test_a_reason_is_for_those_who_gave_it(shell: Shell) -> None:
    assert shell("override", "double", "ada", "2", "--why", f"{INSTRUCTOR} knows").code == 0
    try:
        for form, text in read_all(shell).items():
            assert INSTRUCTOR not in text, form
        assert f"{INSTRUCTOR} knows" in read_all(shell, instructor=True)["text"]
    finally:
        assert shell("override", "double", "ada", "--withdraw", "--why", "done").code == 0


def test_an_instructor_reads_it_all(shell: Shell) -> None:
    read = read_all(shell, instructor=True)
    for form in ("text", "json", "html"):
        for word in (f"{OWN} raises", f"{OWN} prints 43210"):
            assert word in read[form], (form, word)
        assert CLASSMATE not in read[form], form


def test_the_class_report_is_for_staff_and_says_so(shell: Shell) -> None:
    out = shell.folder / "report"
    assert shell("report", "--out", out).code == 0
    pages = {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in out.rglob("*.html")}
    reports = [text for text in pages.values() if f"{CLASSMATE} says" in text]
    assert reports
    assert all("Instructor" in text for text in reports)


def test_examples_of_a_mistake_name_nobody(shell: Shell) -> None:
    out = shell.folder / "examples"
    assert shell("report", "--out", out).code == 0
    pages = [path.read_text(encoding="utf-8") for path in out.glob("*.html")]
    examples = [text for text in pages if "Half is not twice." in text and "return x / 2" in text]
    assert examples
    for text in examples:
        assert f"{CLASSMATE} says" not in text, "names hide in comments"
        assert f"{CLASSMATE} signs" not in text, "and in docstrings"


def test_a_figure_of_a_hidden_check_is_no_student_s(shell: Shell) -> None:
    course = write(shell.folder / "drawing", {"course.yaml": "title: D\nassignments: [drawn]\n"})
    pictures = {name: make_png(f"{name} {INSTRUCTOR}") for name in ("test_public", "test_hidden")}
    write(course / "drawn", DRAWN)
    write(course / "drawn" / "figures", {f"{name}.png": picture for name, picture in pictures.items()})
    write(shell.folder / "sketch", {"drawn.py": DRAWS})
    own = Shell(shell.folder, course)
    assert own("submit", "sketch", "--assignment", "drawn").code == 0
    public, hidden = (base64.b64encode(picture).decode() for picture in pictures.values())
    page = shell.folder / "drawn.html"
    for more, is_told in (((), False), (("--instructor",), True)):
        told = own("show", "drawn", "--json", *more).out
        assert own("show", "drawn", "--html", page, *more).code == 0
        for text in (told, page.read_text(encoding="utf-8")):
            assert public in text
            assert (hidden in text) is is_told


def make_png(comment: str) -> bytes:
    """Return a picture of one pixel, with a comment in it."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Comment\0" + comment.encode()),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    )
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def test_grades_for_a_learning_platform_hold_scores_only(shell: Shell) -> None:
    exported = shell("export", "canvas", "double").out
    assert [row[0] for row in csv.reader(exported.splitlines())][2:] != []
    for word in (OWN, CLASSMATE, INSTRUCTOR):
        assert word not in exported
    assert not list(Path(shell.folder).glob("*.tmp"))
