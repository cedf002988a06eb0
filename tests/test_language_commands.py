"""What commands say to students comes from the catalogs, all of it: help, results, prompts, errors."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from grader.cli import TRANSLATED, cli
from grader.language import DOMAIN, OWN_CATALOGS
from tests.messages import MARKED, gather, write_catalog
from tests.shell import Shell, write

ROOT = Path(__file__).parents[1]
QUIZ = """\
format: 1
id: aa
title: "1"
summary: "1"
due: {due}
policy: {{attempts: {{limit: 2, cooldown: 1 h, counts: last}}}}
questions:
  - id: bb
    kind: text
    points: 2
    prompt: "1 + 1?"
    accept: ["2"]
    hints: ["2 - 1", {{text: "3", cost: 1, after: 1}}]
  - id: cc
    kind: choice
    points: 1
    prompt: "2?"
    choices: [{{text: "2", correct: true}}, {{text: "3"}}]
    hints: ["1"]
"""
CODE = """\
format: 1
id: dd
title: "2"
summary: "2"
questions:
  - id: ee
    kind: code
    points: 1
    prompt: "3?"
    file: f.py
    starter: |
      def f():
          raise NotImplementedError
"""
CHECK = '''\
import pytest


@pytest.mark.points(1)
def test_f(submission):
    """1."""
    assert submission.f() == 1
'''
COURSE = {
    "course.yaml": 'title: "0"\nassignments: [aa, dd]\n',
    "dd/assignment.yaml": CODE,
    "dd/checks/public/test_f.py": CHECK,
    "dd/solutions/s.py": "def f():\n    return 1\n",
}
# What is no message: names of the above, what one types, files, moments and digests.
NAMES = "|".join(
    [
        r"`[^`]*`",
        r"[\w./-]*\w\.(?:py|json|ya?ml|ipynb|zip|md|html|txt)\b",
        r"^ +grader .*|^grader: |grader (?:[a-z ]+ )?(?=\[)",
        r"^  (?:list|fetch|check|quiz|hint|submit|status|show|receipt)  ",
        r"--?[a-z]+",
        r"\[[A-Z|]+\]|\b(?:ASSIGNMENT|COMMAND|ARGS|DIRECTORY|DIR|PATH|FILE|ID|KEY|QUESTION|OPTIONS)\b",
        r"\b(?:aa+|bb|c+|dd|ee|ada|bob|key|x|nowhere|changed|empty|misnamed)\b|\bno-(?:text|yaml)\b",
        r"^  [ab]\)|'b, b'|'z'|\b[ab] \([23]\)|'--forse'|'nosuch'|\[x\]",
        r"\b\d+T\d+Z-[0-9a-f]+|sha256:[0-9a-f]+|[\d-]+T[\d:]+Z|\b1 h\b|\b\d+ min\b(?: \d+ s\b)?",
        r"UTF-8|0xff",
    ]
)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a catalog that leaves no letter of a message: what is left was never looked up."""
    folder = tmp_path_factory.mktemp("locale")
    catalog = Catalog(locale=MARKED, domain=DOMAIN, fuzzy=False)
    for message in gather():
        if message.id:
            forms = (message.id,) if isinstance(message.id, str) else message.id
            blanked = tuple(map(blank_out, forms))
            catalog.add(message.id, blanked[0] if isinstance(message.id, str) else blanked)
    path = folder / MARKED / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True)
    write_catalog(catalog, path)
    return folder


def blank_out(message: str) -> str:
    parts = re.split(r"(\{[^{}]*\}|%\(\w+\)s)", message)
    return "".join(part if at % 2 else re.sub(r"[^\W\d_]", "·", part) for at, part in enumerate(parts))


# All commands run one after the other in one process: each alone would take as long to start as all others together.
RUN = """
import contextlib, io, json, sys
from grader.cli import main
answers = {}
for words, typed in json.load(sys.stdin):
    sys.argv, sys.stdin = ["grader", *words.split()], io.StringIO(typed)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code
    answers[words] = code, out.getvalue(), err.getvalue()
json.dump(answers, sys.stdout)
"""
RIGHT = (
    "status",
    "list",
    "fetch aa",
    "fetch dd",
    "fetch dd --notebook",
    "quiz aa",
    "hint aa bb",
    "submit aa",
    "status --student ada",
    "check",
    "show aa --html report.html",
    "receipt show aa --out receipt.json",
    "receipt verify aa/receipts/aa-1.json --work aa",
    "hint aa",
    "hint aa bb --again",
    "hint aa bb --student bob",
)
WRONG = (
    "submit aa --student ada",  # too soon
    "submit nowhere",
    "submit",
    "submit aa --student /",
    "check dd/README.md",
    "check no-yaml",
    "hint aa cccc",
    "hint aa bb --student ada",
    "hint aa bb --yes --student bob",
    "hint dd",
    "hint aa bb cc",
    "quiz dd",
    "show aaaa",
    "show dd",
    "fetch aaaa",
    "fetch dd changed",
    "--course nowhere list",
    "receipt verify dd/f.py",
    "receipt verify aa/receipts/aa-1.json --key x",
    "receipt verify aa/receipts/aa-1.json --work bad.ipynb",
    "receipt verify aa/receipts/aa-1.json --work bad.zip",
    "receipt verify aa/receipts/aa-1.json --work dd",
    "receipt verify aa/receipts/aa-1.json --work empty",
    "receipt verify aa/receipts/aa-1.json --work misnamed",
    "receipt verify aa/receipts/aa-1.json --work no-text",
    "receipt verify aa/receipts/aa-1.json --work both.zip",
)
USAGE = ("--help", "fetch --help", "receipt verify --help", "fetch", "submit --forse", "nosuch", "fetch x x x")
FILES: dict[str, str | bytes] = {
    "changed/f.py": "f = 1\n",
    "no-yaml/answers.yaml": "bb: [1\ncc: b: c\n",
    "no-yaml/grader.json": json.dumps({"format": 1, "assignment": "aa"}),
    "bad.ipynb": "{",
    "bad.zip": "PK",
    "misnamed/Answers.yml": "1",
    "empty/g.txt": "1",
    "no-text/answers.yaml": b"# \xff\n",
}
TYPED = "?\n2?\n<\n\nb, b\nz\n!\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> Shell:
    """Return a shell whose messages have no letters."""
    folder = tmp_path_factory.mktemp("desk")
    due = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%MZ}"
    course = write(folder / "course", {**COURSE, "aa/assignment.yaml": QUIZ.format(due=due)})
    write(folder / "desk", FILES)
    with zipfile.ZipFile(folder / "desk" / "both.zip", "w") as packed:
        packed.writestr("other.zip", b"PK")
    extra = {"GRADER_LANGUAGE": MARKED, OWN_CATALOGS: str(blank)}
    return Shell(folder / "desk", course, home=folder / "state", extra=extra)


@pytest.fixture(scope="module")
def answers(desk: Shell) -> Mapping[str, tuple[int, str, str]]:
    """Return what every command answered: its exit code, output and errors."""
    commands = [(words, TYPED if words == "quiz aa" else "") for words in (*RIGHT, *WRONG, *USAGE)]
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=desk.folder,
        env=desk.environment,
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Mapping[str, tuple[int, str, str]] = json.loads(done.stdout)
    return found


def find_letters(desk: Shell, text: str) -> list[str]:
    """Return the words of a text that no catalog knows, and that are no names."""
    text = text.replace(str(desk.folder.resolve()), "").replace(str(desk.folder.parent), "")
    return re.findall(r"[^\W\d_]+", re.sub(NAMES, "", text, flags=re.MULTILINE))


@pytest.mark.parametrize("words", RIGHT)
def test_what_students_are_told_is_in_the_catalogs(
    desk: Shell, answers: Mapping[str, tuple[int, str, str]], words: str
) -> None:
    code, out, err = answers[words]
    assert code == (1 if words == "submit aa" else 0), (out, err)
    told = err if words == "submit aa" else out + err  # a report is in the course's language
    assert "·" in told or "report.html" in words or "--out" in words
    assert not find_letters(desk, told)


@pytest.mark.parametrize("words", WRONG)
def test_what_students_are_told_of_mistakes_is_in_the_catalogs(
    desk: Shell, answers: Mapping[str, tuple[int, str, str]], words: str
) -> None:
    code, out, err = answers[words]
    assert (code, out) == (2, ""), err
    assert "·" in err
    assert not find_letters(desk, err)


@pytest.mark.parametrize("words", USAGE)
def test_help_and_usage_are_in_the_catalogs(
    desk: Shell, answers: Mapping[str, tuple[int, str, str]], words: str
) -> None:
    code, out, err = answers[words]
    assert code == (0 if "--help" in words else 2)
    if words == "--help":  # other people's commands are told in English
        others = [name for name in cli.commands if name not in TRANSLATED]
        out = re.sub(rf"^  (?:{'|'.join(others)}) .*(?:\n {{8}}.*)*$", "", out, flags=re.MULTILINE)
        assert len(out.splitlines()) > 20
    assert "·" in out + err
    assert not find_letters(desk, out + err)


def test_german_comes_out(tmp_path: Path) -> None:
    shell = Shell(tmp_path, extra={"LANG": "de_AT.UTF-8"})
    shell("fetch", "focal-los").fails(2, "grader: die Aufgabe 'focal-los' gibt es nicht; meintest du 'focal-loss'?\n")
    shell("submit", "--forse").fails(2, "die Option '--forse' gibt es nicht", "Aufruf: grader submit [OPTIONS] [PATH]")
    told = shell("--help").out
    assert told.startswith("Aufruf: grader [OPTIONS] COMMAND [ARGS]...\n")
    assert "\nStudierende:\n  list     Die Aufgaben auflisten: " in told
    assert "..." not in told.partition("Autoren:")[0].partition("\n")[2]  # no line is too long
    english = Shell(tmp_path, extra={"LANG": "de_AT.UTF-8", "GRADER_LANGUAGE": "en"})
    assert english("--help").out == Shell(tmp_path)("--help").out


# Sources

STUDENTS_FILES = (
    *(f"cli/{name}.py" for name in ("__init__", "fetching", "hints", "output", "quiz", "receipts", "seat", "showing")),
    *(f"cli/{name}.py" for name in ("submitting", "todo", "watch")),
    *("archive.py", "cells.py", "engine.py", "errors.py", "files.py", "hints.py", "notebooks.py", "overview.py"),
    *("places.py", "receipts.py", "resources.py", "submission.py", "yaml_source.py"),
)
TELLING = {"echo", "confirm", "append"} | {"print_table", "print_heading", "progress", "waiting", "agrees", "say_error"}
TELLING |= {"InputError", "SubmissionError", "SpecError", "FaultError", "GradebookError", "UsageError", "Fault"}
# What is no message, or is told to instructors only.
OTHERS = ("grader: ", "--key: ", "from __future__ import", "split it, or unpack it and give the folder")


def find_calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            yield getattr(function, "id", getattr(function, "attr", "")), node


def test_every_message_in_the_sources_is_gathered() -> None:
    """Inside of an f-string, for one, it would not be."""
    known = {one for message in gather() for one in ([message.id] if isinstance(message.id, str) else message.id)}
    found = 0
    for path in sorted((ROOT / "grader").rglob("*.py")):
        for name, call in find_calls(ast.parse(path.read_text(encoding="utf-8"))):
            if name in ("_", "later", "plural"):
                for argument in call.args[: 2 if name == "plural" else 1]:
                    if isinstance(argument, ast.Constant):
                        found += 1
                        assert argument.value in known, f"{path}:{call.lineno}"
    assert found > 300


@pytest.mark.parametrize("name", STUDENTS_FILES)
def test_nothing_is_told_that_is_not_looked_up(name: str) -> None:
    tree = ast.parse((ROOT / "grader" / name).read_text(encoding="utf-8"))
    told = [
        text
        for function, call in find_calls(tree)
        if function in TELLING
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        for text in find_words(argument)
    ]
    assert not [text for text in told if not text.startswith(OTHERS)]


def find_words(node: ast.AST) -> Iterator[str]:
    """Yield the words that stand in an expression as they are, outside of what is looked up or called."""
    if isinstance(node, ast.Call | ast.Subscript | ast.Compare):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"[^\W\d_]{3}", node.value):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from find_words(child)


def test_no_message_is_hidden_by_a_name_of_ones_own() -> None:
    """Where a function calls something of its own ``_``, messages in it could not be looked up."""
    for path in sorted((ROOT / "grader").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(one, ast.ImportFrom) and any(name.name == "_" for name in one.names) for one in tree.body):
            names = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id == "_"]
            assert not [f"{path}:{one.lineno}" for one in names if isinstance(one.ctx, ast.Store)]
            arguments = [one for one in ast.walk(tree) if isinstance(one, ast.arg) and one.arg == "_"]
            assert not [f"{path}:{one.lineno}" for one in arguments]
