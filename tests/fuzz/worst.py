"""Inputs made to cost much: ``python -m tests.fuzz.worst`` runs them and says what each took, a JSON object a line.

Where an input could be of any size it is as large as its reader takes.
"""

from __future__ import annotations

import json
import resource
import struct
import time
import zipfile
from collections.abc import Iterator
from itertools import islice, product

from grader.notebooks import MAX_CONTAINERS
from grader.places import MAX_FILE_BYTES, MAX_ZIP_BYTES
from grader.submission import MAX_MARKER_BYTES
from grader.wire import FRAME, MAGIC, MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, MAX_TENSORS
from tests.conftest import ASSIGNMENT
from tests.fuzz.seeds import zipped
from tests.fuzz.targets import TARGETS
from tests.made_notebooks import book, code, dump

HASH_MODULUS = 2**61 - 1
MAX_ADDRESSES = 16 << 30  # only so that the machine survives a fault


def worst() -> Iterator[tuple[str, str, bytes]]:
    """Yield target, name and bytes of every input."""
    yield from (("wire", name, data) for name, data in _frames())
    yield from (("value", name, data) for name, data in _values())
    yield from (("answers", name, text.encode()[:MAX_FILE_BYTES]) for name, text in _yaml())
    yield from (("assignment", name, text.encode()[:MAX_FILE_BYTES]) for name, text in _assignments())
    for target in ("source", "similar"):
        yield from ((target, name, text.encode()[:MAX_FILE_BYTES]) for name, text in _sources())
    yield from (("checks", name, text.encode()) for name, text in _checks())
    yield from (("source", f"coding {name}", f"# coding: {name}\n".encode() + b"x" * 990_000) for name in _CODECS)
    yield from ((target, name, data) for target in ("zip", "stored") for name, data in _zips())
    yield from (("notebook", name, data) for name, data in _notebooks())
    yield "marker", "deep JSON", b"[" * MAX_MARKER_BYTES
    yield "marker", "many digits", b'{"format": ' + b"1" * (MAX_MARKER_BYTES - 50) + b"}"
    yield "event", "deep JSON", b"[" * 1_000_000
    yield from ((target, name, data) for target, name, data in _quizzes())
    yield "text", "a pile of marks", "a\u0300".encode() * 300_000
    yield "text", "controls", b"\r\x1b" * 500_000


_CODECS = ("idna", "punycode", "unicode_escape", "utf-7", "iso2022_jp", "hz", "utf-16", "gb18030", "euc_jis_2004")


def _frames() -> Iterator[tuple[str, bytes]]:
    yield "10 GB claimed", FRAME.pack(MAGIC, 2, 10 << 30) + b"{}"
    for name, size in (("256 MB claimed, none sent", MAX_PAYLOAD_BYTES), ("a list of 10**9", 10**9)):
        yield name, _frame({"tensors": [["uint8", [size], False, None]]}, b"", size)
    yield "deep JSON", _frame(b"[" * (MAX_HEADER_BYTES - 1))
    yield "a long list", _frame(b'{"tensors":[],"value":{"l":[' + b"0," * 500_000 + b"0]}}")
    yield "many empty lists", _frame(b'{"tensors":[],"x":[' + b"[]," * 300_000 + b"0]}")
    yield "many empty tensors", _frame({"tensors": [["float64", [0] * 16, True, [1] * 16]] * MAX_TENSORS})
    head = b'{"tensors":[["uint8",[1000000],false,null]],"value":{"l":[' + b'{"b":0},' * 100_000 + b"0]}}"
    yield "bytes named again and again", _frame(head, bytes(10**6))


def _values() -> Iterator[tuple[str, bytes]]:
    yield "integers of one hash", _dict(HASH_MODULUS * number for number in range(1, 38_000))
    yield "tuples of one hash", _dict({"u": list(signs)} for signs in islice(product((-1, -2), repeat=14), 16_384))
    yield "a long float", json.dumps({"f": "0." + "3" * 1_000_000 + "e-300"}).encode()
    yield "a long integer", json.dumps({"i": "f" * 1_000_000}).encode()
    yield "long integers", b'{"l":[' + b",".join([b"9" * 4300] * 240) + b"]}"


def _yaml() -> Iterator[tuple[str, str]]:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20))
    yield "aliases of aliases", f"a0: &a0 [x, x]\n{levels}\n"
    yield "deep brackets", "[" * MAX_FILE_BYTES
    yield "deep braces", "{a: " * (MAX_FILE_BYTES // 4)
    yield "deep dashes", "- " * (MAX_FILE_BYTES // 2)
    yield "deep questions", "? " * (MAX_FILE_BYTES // 2)
    yield "a long integer", "by-hand: " + "9" * 990_000
    yield "a long float", "by-hand: 0." + "3" * 990_000
    yield "a long list", "by-hand: [" + "0," * 490_000 + "0]"
    yield "a long text", "by-hand: " + "x " * 490_000
    yield "a long key", "x" * 999_000 + ": 1"
    yield "open quotes", "a: '" + "\n" * 990_000
    yield "comments", "#\n" * 500_000
    yield "tags", "a: " + "!x " * 300_000
    yield "anchors", "".join(f"a{n}: &a x\n" for n in range(60_000))
    yield "keys at the cap", "".join(f"point{n}: 1\n" for n in range(49_000))


def _assignments() -> Iterator[tuple[str, str]]:
    yield "keys at the cap", "".join(f"point{n}: 1\n" for n in range(49_000))
    yield "questions at the cap", "questions:\n" + "- {}\n" * 49_000
    choices = "    - {text: x, correct: true, mistake: sum-for-mea}\n" * 12_000
    yield "choices at the cap", f"questions:\n  - kind: choice\n    choices:\n{choices}"
    mistakes = "".join(f"  - {{id: m{n}, file: mistakes/m{n}.py, caught_by: [test_a]}}\n" for n in range(3_000))
    yield "mistakes at the cap", ASSIGNMENT.partition("mistakes:")[0] + "mistakes:\n" + mistakes


def _sources() -> Iterator[tuple[str, str]]:
    fill = MAX_FILE_BYTES - 60_000
    yield "deep brackets", "(" * 900_000
    yield "deep signs", "x = " + "-" * 900_000 + "1"
    yield "long chains", ("x" + ".exp" * 2500 + "\n") * 50
    yield "words that cannot be parsed", "x = " + "-" * 20_000 + "1\n#" + "exp " * (fill // 4)
    yield "many lines that cannot be parsed", "x = " + "-" * 20_000 + "1\n" + "#\n" * (fill // 2)
    yield "many uses", "import numpy\n" + "numpy\n" * 100_000
    yield "many imports", "import " + ",".join(["torch.nn"] * 100_000)
    yield "many aliases", "import torch\na0 = torch\n" + "".join(f"a{n} = a{n - 1}\n" for n in range(30_000, 0, -1))
    yield "nested calls", ("getattr(" * 90 + "torch" + ", 'nn')" * 90 + "\n") * 250
    yield "open brackets by line", "f(\n" * 300_000
    yield "nested blocks", "".join(f"{' ' * n}if x:\n" for n in range(1300))
    yield "a long string", "x = '" + "\\N{DIGIT ONE}" * 70_000 + "'"
    yield "a sum", "x = " + "+".join(["1"] * 490_000)
    yield "not text", "\0" * MAX_FILE_BYTES


def _checks() -> Iterator[tuple[str, str]]:
    yield "deep signs", "x = " + "-" * 900_000 + "1"
    yield "huge points", f"@pytest.mark.points(0x{'f' * 900_000})\ndef test_a(): 'T'\n"
    yield "deep points", f"@pytest.mark.points({'-' * 2000}1)\ndef test_a(): 'T'\n"
    yield "many checks", "@pytest.mark.points(1)\ndef test_a(): 'T'\n" * 10_000
    yield "many broken checks", "def test_a(): 1\n" * 30_000


def _quizzes() -> Iterator[tuple[str, str, bytes]]:
    """Yield quizzes as large as their readers take, or as anybody would send."""
    size = 1_000_000
    pieces = (
        "<b>",
        "<p>",
        "<ul><li>",
        "<pre>`",
        "<code>`",
        "<br>",
        "$$",
        "\\(",
        "*",
        "<td>a</td>",
        "&amp;",
        "<a href='x'>",
        " \n",
    )
    for piece in pieces:
        text = f"<text><![CDATA[{piece * (size // len(piece))}]]></text>"
        question = f"<question type='essay'><name><text>n</text></name><questiontext>{text}</questiontext></question>"
        yield "moodle", f"many {piece!r}", f"<quiz>{question}</quiz>".encode()
    yield "moodle", "many elements", b"<quiz>" + b"<question/>" * (size // 11) + b"</quiz>"
    for piece in ("{", "::a::", "a{=b}\n\n", "// [tag:a]\n", "\\{", "a\n"):
        yield "gift", f"many {piece!r}", (piece * (size // len(piece))).encode()
    for inner in ("~a", "=a", "=%50", "=1#a"):
        yield "gift", f"many answers {inner!r}", f"::a::q{{{inner * (size // len(inner) - 10)}}}".encode()
    for piece in ("1. a\n", "1. q\n*a) b\n", "```\n", "COMMENT\n", "    x\n", "1. ![a](b)\n"):
        yield "text2qti", f"many {piece!r}", (piece * (size // len(piece))).encode()
    yield "text2qti", "many pictures", b"1. " + b"![a](b)" * (size // 7 - 5) + b"\n____\n"


def _zips() -> Iterator[tuple[str, bytes]]:
    yield "a bomb", zipped({"mean_loss.py": bytes(100_000_000)})
    yield "bombs at the cap", zipped({f"a{n}.py": bytes(999_999) for n in range(99)})
    yield "one entry many times", _overlapping(40)
    yield "many entries", zipped({f"{n}.py": b"" for n in range(65_000)}, zipfile.ZIP_STORED)[:MAX_ZIP_BYTES]
    yield "many folders", zipped({f"{n}/a.py": b"" for n in range(999)}, zipfile.ZIP_STORED)
    yield "deep folders", zipped({"a/" * 32_000 + "a.py": b""}, zipfile.ZIP_STORED)
    yield "a zip of a zip", zipped({"a.zip": zipped({"mean_loss.py": bytes(1_000_000)})})
    yield "a size that is not true", _lying()
    yield "no zip", b"PK\5\6" * (MAX_ZIP_BYTES // 4)
    yield "signatures", b"PK\1\2" * 900 + bytes(MAX_ZIP_BYTES - 4000)


def _notebooks() -> Iterator[tuple[str, bytes]]:
    own = code("def mean_loss(v): return f0(v)", "mean-loss")
    yield "deep JSON", b"[" * MAX_CONTAINERS
    yield "as many objects as may be", b'{"nbformat": 4, "x": [' + b"{}," * (MAX_CONTAINERS - 9) + b'{}], "cells": []}'
    yield "a long list", b'{"nbformat": 4, "cells": [], "x": [' + b"1.5," * 2_400_000 + b"0]}"
    yield "a large picture", dump(book({**own, "outputs": ["x" * 9_000_000]}))
    yield "one long chain", dump(book(own, "".join(f"def f{n}(): f{n + 1}\n" for n in range(40_000))))
    yield "a chain upwards", dump(book(own, "".join(f"def f{n}(): f{n + 1}\n" for n in range(40_000, -1, -1))))
    names = ", ".join(f"f{number}" for number in range(300))
    yield "all need all", dump(book(own, "".join(f"def f{n % 300}(): {names}\n" for n in range(600))))
    yield "many on one line", dump(book(own, ";".join(f"f{n} = f{n + 1}" for n in range(60_000))))
    yield "many imports", dump(book(own, "import " + ", ".join(f"f{n}" for n in range(120_000))))
    yield "many magics", dump(book(code("!ls\n" * 240_000, "mean-loss")))
    yield "a magic in each cell", dump(book(*[code("x = (\n!ls\n" * 40, "mean-loss")] * 1_999))
    yield "a line of spaces", dump(book(code("x = (\n" + " " * 990_000 + "x", "mean-loss")))
    yield "many waits", dump(book(code("await x\n" * 120_000, "mean-loss")))
    yield "many futures", dump(book(code("from __future__ import annotations\n" * 28_000, "mean-loss")))
    yield "many cells for one question", dump(book(*[code("x\n" * 200, "mean-loss")] * 2_000))
    yield "many answers", dump(book("answer_why_mean = 'a'\n" * 44_000))
    yield "a long answer", dump(book("answer_why_mean = [" + "'a'," * 240_000 + "]"))
    yield (
        "a deep answer",
        dump(book("answer_why_mean = " + "-" * 900_000 + "1", "answer_by_hand = " + "[" * 90 + "]" * 90)),
    )
    yield "a sum of a class", dump(book(own, "f0 = " + "+".join(["1"] * 490_000)))


def _overlapping(count: int) -> bytes:
    """Return a zip whose entries all are the same bytes of it."""
    data = zipped({"mean_loss.py": b"#" * 900_000})
    start = data.index(b"PK\1\2")
    entry = data[start : data.index(b"PK\5\6")]
    entries = entry + b"".join(entry.replace(b"mean_loss.py", b"mean_%04d.py" % number) for number in range(count))
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count + 1, count + 1, len(entries), start, 0)
    return data[:start] + entries + end


def _lying() -> bytes:
    """Return a zip with an entry that says it is small, and is not."""
    data = zipped({"mean_loss.py": bytes(50_000_000)})
    return data.replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1000))


def _frame(header: object, payload: bytes = b"", claim: int | None = None) -> bytes:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return FRAME.pack(MAGIC, len(head), len(payload) if claim is None else claim) + head + payload


def _dict(keys: Iterator[object]) -> bytes:
    return json.dumps({"d": [[key, 0] for key in keys]}, separators=(",", ":")).encode()


def main() -> None:
    """Run all inputs; say seconds of processor time, and by how many megabytes the peak of memory grew."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES, MAX_ADDRESSES))
    for target, name, data in worst():
        peak, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        TARGETS[target](data)
        seconds = round(time.process_time() - start, 2)
        megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) >> 10
        print(json.dumps({"input": f"{target}: {name}", "seconds": seconds, "megabytes": megabytes}), flush=True)


if __name__ == "__main__":
    main()
