"""The formats that quizzes are read in, and how to tell one from another."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from grader.errors import InputError, reason_of
from grader.quizzes import xml
from grader.quizzes.gift_reader import read_gift
from grader.quizzes.incoming import Found
from grader.quizzes.moodle_reader import read_moodle_xml
from grader.quizzes.text2qti_reader import read_text2qti


class Source(StrEnum):
    """A format that can be read."""

    GIFT = "gift"
    MOODLE_XML = "moodle-xml"
    TEXT2QTI = "text2qti"


_QUESTION = re.compile(rb"^\d+\.[ \t]+\S", re.MULTILINE)
_ANSWER = re.compile(rb"^(?:\*?[a-zA-Z]\)|\[[* ]?\]|\*|=|___+\s*$|\^\^\^+\s*$)", re.MULTILINE)


def read_quiz(path: Path, source: Source | None = None) -> Found:
    """Read a quiz from a file. Without ``source`` its content tells which format it is in.

    Raises:
        InputError: it cannot be read, or is in none of the formats.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(xml.MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}") from None
    source = source or _guess(data, path)
    if source is Source.MOODLE_XML:
        return read_moodle_xml(data, path.name)
    if source is Source.GIFT:
        return read_gift(data, path.name)
    return read_text2qti(data, path.name, path.parent)


def _guess(data: bytes, path: Path) -> Source:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1000]
    if start.startswith(b"<") or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Source.MOODLE_XML
    if start.startswith(b"PK"):
        raise InputError(f"{path}: this is a zip", "export as Moodle XML or GIFT; zips of quizzes are not read")
    if _QUESTION.search(data) and _ANSWER.search(data):
        return Source.TEXT2QTI
    if b"{" in data and b"}" in data:
        return Source.GIFT
    choices = ", ".join(Source)
    raise InputError(f"{path}: this is no quiz in a format that is known", f"say which one with --format: {choices}")
