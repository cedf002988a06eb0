"""Inputs that a run starts from, made of the project's own valid data, and words that it mixes in."""

from __future__ import annotations

import io
import json
import re
import socket
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grader.job import Fault, Finished, Verdict, event_to_json
from grader.results import CheckResult, Frame, Outcome
from grader.submission import Submission, pack
from grader.wire import Channel, encode
from tests.conftest import ASSIGNMENT, FILES
from tests.made_notebooks import book, code, dump
from tests.quiz_files import GIFT, MOODLE, TEXT2QTI

ROOT = Path(__file__).parents[2]

ANSWERS = """\
why-mean: a
reductions: [a, "b"]  # letters
by-hand: 3.0
in-words: |
  average
"""
SOLUTION = FILES["solutions/plain.py"].encode()


def seeds_of(target: str) -> Sequence[bytes]:
    """Return the valid inputs of a target."""
    return list(_SEEDS[target]())


def _frames() -> Iterator[bytes]:
    frames = [_frame(value) for value in _values()]
    yield from frames
    yield b"".join(frames)


def _frame(value: Any) -> bytes:
    """Return a message as it stands on the wire."""
    tensors: list[torch.Tensor] = []
    left, right = socket.socketpair()
    with left, right:
        Channel(left).send({"value": encode(value, tensors, _refer), "graph": 3, "snapshots": [0]}, tensors)
        return right.recv(1 << 20)


def _trees() -> Iterator[bytes]:
    for value in _values():
        yield json.dumps(encode(value, [], _refer)).encode()
    yield b'{"l":[{"t":1,"g":1},{"o":1,"n":"f","k":"function"},{"r":"torch.nn.ReLU"},{"b":2}]}'


def _values() -> Iterator[Any]:
    yield {"loss": torch.ones(2, 3, requires_grad=True), "steps": [1, 2.5, None, True], 3: ("a", b"bytes")}
    yield [torch.randn(4, 3).T, torch.tensor([True, False]), torch.tensor(1j), torch.empty(0, 2), np.arange(3)]
    yield (slice(1, None, 2), ..., torch.float64, torch.device("cpu"), 2**70, float("nan"), 1 + 2j, "é\u2028")
    yield {"deep": [[[[{"deeper": ({},)}]]]]}
    yield [12, 39, [0, "targets"]]
    yield torch.zeros(2, 3, 4, dtype=torch.uint8)
    line = {"label": "a line", "points": torch.ones(2, 2, dtype=torch.float64), "joined": True}
    axes = {"title": "t", "x_label": "x", "y_label": "y", "lines": [line], "clouds": [], "legend": ["a line"]}
    yield {"title": "", "axes": [axes], "legend": [], "whole": True}


def _refer(value: Any) -> Any:
    raise TypeError(type(value).__name__)


RULES = """\
policy:
  late: {grace: 15 min, penalty: 10 % per day, floor: 50 %, cut_off: P7D}
  attempts: {limit: 5, cooldown: 1 h 30 s, counts: best}
"""
RUBRIC = (
    "rubric: [{id: a, title: A, points: 0.1}, "
    "{id: b, title: B, levels: [{id: yes, title: Y, points: 0}, {id: no, title: N, points: 0}]}]"
)


def _assignments() -> Iterator[bytes]:
    """Yield every assignment.yaml there is, under the id that the target's folder has."""
    yield ASSIGNMENT.encode()
    yield (RULES + "groups: true\ndue: 2026-11-30T18:00\n" + ASSIGNMENT.replace("accept: [average]", RUBRIC)).encode()
    for path in sorted(ROOT.glob("assignments/*/assignment.yaml")):
        yield re.sub(rb"^id: .*", b"id: mean-loss", path.read_bytes(), count=1, flags=re.MULTILINE)


def _courses() -> Iterator[bytes]:
    yield b"title: Losses\nassignments:\n  - first\n  - second\n"
    yield b"title: Losses\nassignments: [first, second]\ntime_zone: Europe/Berlin\n" + RULES.encode()


def _checks() -> Iterator[bytes]:
    yield FILES["checks/public/test_public.py"].encode()
    yield from (path.read_bytes() for path in sorted(ROOT.glob("assignments/*/checks/*/test_*.py")))


def _sources() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted(ROOT.glob("assignments/*/[ms]*s/*.py"))[::3])
    yield b"from torch.nn import *\nce = functional.cross_entropy\nf = getattr(ce, 'x')\n(y := ce)(1).exp()\n"
    yield b"# coding: latin-1\nimport torch.nn.functional as F\nx = F.cross_entropy  # \xe9\n"


def _zips() -> Iterator[bytes]:
    marker = b'{"format": 1, "assignment": "mean-loss"}'
    files = {"mean_loss.py": SOLUTION, "answers.yaml": ANSWERS.encode(), "grader.json": marker}
    yield zipped(files)
    yield zipped({f"mean-loss/{name}": content for name, content in files.items()})
    yield zipped({"mean_loss.py": SOLUTION, "helper.py": b"# coding: cp1252\nx = '\x80'\n"}, zipfile.ZIP_STORED)
    yield pack(Submission(files))


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def _markers() -> Iterator[bytes]:
    yield b'{"format": 1, "assignment": "mean-loss"}'
    yield b'{"format": 2, "assignment": "mean-loss", "note": [1.5, null, true, {}]}'


def _notebooks() -> Iterator[bytes]:
    yield dump(book(code(SOLUTION.decode(), "mean-loss"), code("answer_why_mean = 'a'", "why-mean")))
    trial = (
        "import math, os\nfrom torch import *\nN = 3\n%time\n@f\ndef add(v: N = N): return math.fsum(v)\nadd([]); x = N"
    )
    marker = {"format": 1, "assignment": "mean-loss", "student": "ada"}
    own = code("from __future__ import annotations\n!ls\ndef mean_loss(v): return add(v)\nawait x", "mean-loss")
    answers = 'answer_reductions = [\'a\', b]\nanswer_by_hand = -3.0\nanswer_in_words = """a\nb"""'
    yield dump(book(trial, own, answers, {**code("x"), "cell_type": "markdown"}, marker=marker))
    yield dump(book("class A: pass\nif A:\n    def mean_loss(v): return A", SOLUTION.decode()))


def _events() -> Iterator[bytes]:
    frames = (Frame("mean_loss.py", 2, "mean_loss", "return 1"),)
    result = CheckResult("test_of_one", Outcome.FAILED, "It is wrong.", "assert 1 == 2", frames)
    for event in (Verdict(0, result), Finished(0, "out", 1.5, {"torch": "2.9"}), Fault("broken", "hint", True)):
        yield json.dumps(event_to_json(event)).encode()
    yield json.dumps({"event": "survey", "tier": "x", "system": "y", "walls": [{"name": "z", "up": True}]}).encode()


def _texts() -> Iterator[bytes]:
    yield "Plain text,\twith ünïcode: e\u0301, \u202eoverride, 👩‍👩‍👧 and a\r\nnew line\u2028too.".encode()
    yield b"\x1b[31mred\x1b[0m \x00\x7f\x9b \xff\xfe" + "a\u0300".encode() * 20


_SEEDS: Mapping[str, Callable[[], Iterator[bytes]]] = {
    "wire": _frames,
    "value": _trees,
    "answers": lambda: iter((ANSWERS.encode(), b"{why-mean: It is cheaper., reductions: 'mean, sum', by-hand: 1e-3}")),
    "assignment": _assignments,
    "course": _courses,
    "checks": _checks,
    "zip": _zips,
    "stored": _zips,
    "marker": _markers,
    "notebook": _notebooks,
    "source": _sources,
    "similar": _sources,
    "event": _events,
    "text": _texts,
    "moodle": lambda: iter((MOODLE.encode(),)),
    "gift": lambda: iter((GIFT.encode(),)),
    "text2qti": lambda: iter((TEXT2QTI.encode(),)),
}

_YAML = (
    "&a", "*a", "!!python/object:x", "---", "? ", "- ", "{", "}", "[", "]", ": ", "|", ">", "'", '"', "~", "<<",
    "%YAML 1.2", "0x1F", "1e999", ".nan", "-.inf", "true", "no", '"\\0"', "\u2028", "\ufeff", "9" * 401, "a" * 300,
)  # fmt: skip
_SPEC = (
    "choice", "multiple_choice", "numeric", "text", "code", "correct", "tolerance", "mistake", "mistakes/", ".py",
    "points", "caught_by", "forbid", "devices", "cuda", "starter", "limits", "topics", "format", "kind", "accept",
    "mistakes/" + "a" * 300 + ".py", "-1", "1000000", "0.1234567", "''", "torch.py", "id", "relative_tolerance",
)  # fmt: skip
_RULES = (
    "time_zone", "Europe", "../UTC", "right/UTC", "a" * 300, "grace", "9999999999 d", "PT", "1 h 1 d", "101 %",
    "per week", "cut_off", "floor", "2026-02-30", "0001-01-01T00:00-12:00", "9999-12-31", "T24:00", "+99:99",
    "counts", "levels",
)  # fmt: skip
_PYTHON = (
    "import ", "from ", " as ", "*", "(", ")", "[", "]", "{", "}", ":", "=", ":=", "def ", "class ", "lambda: ",
    "async ", "await ", "# coding: utf-7\n", "# coding: cp932\n", '"""', "f'{",
    "\\", "\f", "\ufeff", "1" + "0" * 400, "1e999", "1j",
)  # fmt: skip
_CHECKS = (
    "@pytest.mark.", "points", "question", "device", "parametrize", "bonus=True", "hint=", "pytestmark = ", "test_",
    "Test", "mark.", "'cuda'", "'\\ud800'", "'\\x1b'", "'mean-loss'", "**{}", "-", "None", "1" + "0" * 400 + " + 1j",
)  # fmt: skip
_FORBIDDEN = (
    "torch", ".nn", ".functional", ".cross_entropy", "CrossEntropyLoss", "numpy", ".Tensor", ".exp", "getattr",
    "import_module(", "__import__(", "'torch'", ".modules", ".F",
)  # fmt: skip

_HTML = (
    "<p>", "</p>", "<b>", "<pre>", "<ul><li>", "<table><tr><td>", "<img src='@@PLUGINFILE@@/x.png'>", "<a href='x'>",
    "\\(", "\\)", "$$", "&lt;", "<br>", "\n\n", "* ", "# ", "`", "1e999", "0x1", "\x00", "\u2028", "\ud7ff\ufffe",
)  # fmt: skip

WORDS: Mapping[str, Sequence[str]] = {
    "answers": (*_YAML, "why-mean", "reductions", "by-hand", "in-words", "mean-loss", "a, b", "(c)", "3,5"),
    "assignment": (*_YAML, *_SPEC, *_RULES),
    "course": (*_YAML, "title", "assignments", "first", "second", "../first", *_RULES),
    "checks": (*_PYTHON, *_CHECKS),
    "source": (*_PYTHON, *_FORBIDDEN),
    "similar": (*_PYTHON, "->", "self.", "'''", ",)", ";", "\\\n"),
    "zip": ("mean_loss.py", "Mean-Loss (1).py", "answers.yml", "grader.json", "../x.py", "/x.py", "C:x.py", "a\\b.py"),
    "marker": ("format", "assignment", "mean-loss"),
    "notebook": (*_PYTHON, "\\n", "%%time", "!ls", "?", "grader:mean-loss", "code", "mean_loss", "answer_by_hand = "),
    "event": ("event", "verdict", "finished", "fault", "survey", "result", "frames", "outcome", "passed", "walls"),
    "moodle": (
        *_HTML,
        "<question>",
        "</question>",
        "fraction=",
        "100",
        "<answer>",
        "format=",
        "markdown",
        "]]>",
        "&x;",
    ),
    "gift": (
        *_HTML,
        "::",
        "{",
        "}",
        "~",
        "=",
        "#",
        "####",
        "->",
        "%50%",
        "..",
        ":",
        "//",
        "[html]",
        "[id:x]",
        "\\n",
        "T",
    ),
    "text2qti": (
        "1. ",
        "a) ",
        "*b) ",
        "[*] ",
        "* ",
        "= ",
        "... ",
        "+ ",
        "____",
        "^^^^",
        "Title: ",
        "GROUP",
        "+- ",
        "%",
    ),
    "text": ("\u202e", "\u0300", "\u2028", "\x1b[", "\ud7ff", "\ufffe", "\U000e0001", "\r\n", "\x85", "\xad"),
    "wire": ("tensors", "value", "float32", "bool", "int64", "complex64"),
}

# Values to put anywhere into a JSON tree.
JSON_VALUES: Sequence[Any] = (
    None, True, False, -1, 0, 1, 7, 2**31, 2**63, 10**500, 1.5, 1e308, float("inf"), "", "0", "x", "\ud800", "\0",
    [], {}, [[]], [None], {"": 0}, "ff", "nan", "cpu", "meta", "float32", "bool", "bfloat16", [2, 3], [0], [1, 1, 1],
    {"t": 0}, {"t": 1, "g": 1}, {"t": 1, "g": -1}, {"a": 0}, {"a": 5}, {"b": 0}, {"b": 2}, {"i": "f" * 401},
    {"f": "-inf"}, {"c": ["1", "nan"]}, {"l": [1]}, {"u": [1]}, {"d": [[1, 2]]}, {"s": [1, 2, 3]}, {"e": 1},
    {"y": "float32"}, {"v": "cpu"}, {"v": 0}, {"o": 1}, {"r": "torch.nn"}, ["float32", [2], True, None],
    ["bool", [3], False, None], ["float64", [2, 2], False, [1, 2]], ["int8", {}, False, None], ["int8", [], 0, {}],
)  # fmt: skip


def names_for_zips() -> Sequence[str]:
    """Return names that an entry of a zip may bear."""
    return (
        *WORDS["zip"], "mean-loss/mean_loss.py", "__MACOSX/x.zip", "x.zip", "mean_loss.py/x", "checks/test_a.py",
        "./mean_loss.py", "mean_loss.py\0.txt", "ünï.py", "\u202ey.py", "x" * 300 + ".py", "", "a//b.py", "folder/",
    )  # fmt: skip
