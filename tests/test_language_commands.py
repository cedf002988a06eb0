"""What commands say to students comes from the catalogs, all of it: help, results, prompts, errors."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from grader.language import DOMAIN, OWN_CATALOGS
from tests.messages import MARKED, gather, write_catalog
from tests.shell import GRADER, Shell, write

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
  - {{id: cc, kind: choice, points: 1, prompt: "2?", choices: [{{text: "2", correct: true}}, {{text: "3"}}]}}
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
        r"\bgrader\b(?=:|  )",
        r"\b(?:aa|bb|cc|dd|ee|ada|key|x)\b",
        r"[\w./-]*\w\.(?:py|json|yaml|ipynb|zip|md|html|txt)\b",
        r"--[a-z]+",
        r"\b\d+T\d+Z-[0-9a-f]+",
        r"sha256:[0-9a-f]+",
        r"[\d-]+T[\d:]+Z",
    ]
)
TYPED = r"\[[A-Z|]+\]|\b(?:ASSIGNMENT|COMMAND|ARGS|DIRECTORY|DIR|PATH|FILE|ID|KEY|QUESTION|OPTIONS)\b"


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


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> Shell:
    """Return a shell of somebody who has fetched both assignments and handed in one."""
    folder = tmp_path_factory.mktemp("desk")
    due = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%MZ}"
    course = write(folder / "course", {**COURSE, "aa/assignment.yaml": QUIZ.format(due=due)})
    extra = {"GRADER_LANGUAGE": MARKED, OWN_CATALOGS: str(blank)}
    (folder / "desk").mkdir()
    shell = Shell(folder / "desk", course, home=folder / "state", extra=extra)
    nothing = [shell("status"), shell("list")]
    for answer in (*nothing, shell("fetch", "aa"), shell("fetch", "dd"), shell("fetch", "dd", "--notebook")):
        assert answer.code == 0, answer
        assert not letters(shell, answer.out + answer.err)
    return shell


@pytest.fixture(scope="module")
def handed_in(shell: Shell) -> Shell:
    """Return the shell after a submission that failed; what is said beside its report is in the catalogs."""
    answer = shell("submit", "aa")
    assert answer.code == 1, answer
    assert answer.err.count("\n") == 2
    assert not letters(shell, answer.err)
    return shell


def letters(shell: Shell, text: str, *others: str) -> list[str]:
    """Return the words of a text that no catalog knows, and that are no names."""
    for known in (*others, NAMES):
        text = re.sub(known, "", text.replace(f"{shell.folder.resolve()}", "").replace(f"{shell.folder.parent}", ""))
    return re.findall(r"[^\W\d_]+", text)


# Processes


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "list",
        "check",
        "show aa --html report.html",
        "receipt show aa --out receipt.json",
        "receipt verify aa/receipts/aa-1.json --work aa",
        "hint aa",
        "hint aa bb",
        "hint aa bb --again",
    ],
)
def test_what_students_are_told_is_in_the_catalogs(handed_in: Shell, words: str) -> None:
    answer = handed_in(*words.split())
    assert answer.code in (0, 2), answer
    assert "·" in answer.out + answer.err or ".html" in words or "--out" in words
    assert not letters(handed_in, answer.out + answer.err)


MISTAKES = {
    "too-often": "submit aa",
    "nothing-there": "submit nowhere",
    "no-folder-of-ours": "submit",
    "another-file": "check dd/README.md",
    "no-id": "submit aa --student /",
    "no-question": "hint aa ccc",
    "no-hints": "hint dd",
    "too-many": "hint aa bb cc",
    "no-quiz": "quiz dd",
    "unknown": "show aaa",
    "not-yet": "show dd",
    "no-receipt": "receipt verify dd/f.py",
    "no-key": "receipt verify aa/receipts/aa-1.json --key x",
    "no-course": "--course nowhere list",
    "no-assignment": "fetch aaa",
    "changed": "fetch dd changed",
    "no-yaml": "check no-yaml",
    "no-notebook": "check bad.ipynb --assignment dd",
    "no-zip": "check bad.zip --assignment dd",
    "misnamed": "check misnamed --assignment dd",
    "empty": "check empty --assignment dd",
    "other": "check aa --assignment dd",
    "no-text": "check no-text",
}


@pytest.fixture(scope="module")
def mistaken(handed_in: Shell) -> Shell:
    marker = json.dumps({"format": 1, "assignment": "dd"})
    files = {
        "changed/f.py": "f = 1\n",
        "no-yaml/answers.yaml": "bb: [1\ncc: b: c\n",
        "no-yaml/grader.json": marker.replace("dd", "aa"),
        "bad.ipynb": "{",
        "bad.zip": "PK",
        "misnamed/F.py": "1",
        "empty/g.txt": "1",
        "no-text/f.py": b"# \xff\n",
        "no-text/grader.json": marker,
    }
    write(handed_in.folder, files)
    return handed_in


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES)
def test_what_students_are_told_of_mistakes_is_in_the_catalogs(mistaken: Shell, words: str) -> None:
    answer = mistaken(*words.split())
    assert answer.code == 2, answer
    assert "·" in answer.err
    assert not letters(
        mistaken, answer.out + answer.err, r"no-yaml|no-text|misnamed|changed|empty|nowhere|\baaa\b", TYPED
    )


@pytest.mark.parametrize(
    "words", ["--help", "fetch --help", "receipt verify --help", "fetch", "submit --forse", "nosuch", "fetch x x x"]
)
def test_help_and_usage_are_in_the_catalogs(shell: Shell, words: str) -> None:
    answer = shell(*words.split())
    told = answer.out + answer.err
    if words == "--help":  # other people's commands are told in English
        told = re.sub(r"^  [a-z-]+  .*\n(?=(?:  |\n))", "", told[told.index("\n  list ") :], flags=re.MULTILINE)
        assert len(told.splitlines()) > 5
    commands = r"\b(?:submit|fetch|receipt|verify|nosuch|forse|demo)\b|^    grader .*|-h\b|\bgrader\b"
    assert not letters(shell, re.sub(commands, "", told, flags=re.MULTILINE), TYPED)


def test_a_quiz_is_asked_in_the_readers_language(shell: Shell) -> None:
    typed = "?\n2?\n<\n\nb, b\nz\n!\n"
    done = subprocess.run(
        [*GRADER, "quiz", "aa"],
        cwd=shell.folder,
        env=shell.environment,
        input=typed,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "·" in done.stdout
    assert not letters(shell, done.stdout, r"\b[ab]\)", r"\[x\]")


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
