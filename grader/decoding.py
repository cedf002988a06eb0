"""A student's bytes as text: as Python reads its source, and refused in words that say where it is none."""

from __future__ import annotations

import codecs
import io
import re
import tokenize

from grader.errors import SubmissionError
from grader.language import _
from grader.places import LOCAL_ENTRY, shown

# Codecs that read ASCII as ASCII at first sight, but give it other meanings, or take quadratic time.
_STRANGE_CODECS = re.compile(r"idna|punycode|escape|iso2022|hz|utf-7")
_ASCII = bytes(range(128))


def decode(name: str, content: bytes) -> str:
    """Return a file of a student as text, its line ends made newlines, decoded as Python would.

    Raises:
        SubmissionError: the file is not text; the message names its line.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _not_text(name, content, 0, _("UTF-16, not UTF-8; save the file as UTF-8"))
    if content.startswith(LOCAL_ENTRY):
        raise _not_text(name, content, 0, _("this is a zip, not text; hand in the file that is in it"))
    data = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if (position := data.find(b"\0")) >= 0:
        raise _not_text(name, data, position, _("a NUL byte, which text has not; is this a text file?"))
    encoding = _source_encoding(name, data) if name.endswith(".py") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # utf-8-sig counts from behind the byte order mark.
        start = error.start + len(data) - len(error.object)
        raise _not_text(name, data, start, _say_wrong(encoding.removesuffix("-sig").upper(), data[start])) from None


def _source_encoding(name: str, data: bytes) -> str:
    """Return the encoding that a Python file declares (PEP 263), or UTF-8."""
    try:
        encoding, _lines = tokenize.detect_encoding(io.BytesIO(data).readline)
        info = codecs.lookup(encoding)
        if _STRANGE_CODECS.search(info.name) or _ASCII.decode(encoding) != _ASCII.decode("ascii"):
            raise LookupError
    except (SyntaxError, LookupError, ValueError):
        _refuse_broken_start(name, data)
        message = _(
            "an encoding is declared that Python source cannot be read with; "
            "save the file as UTF-8 and delete the declaration"
        )
        raise _not_text(name, data, 0, message) from None
    return encoding


def _refuse_broken_start(name: str, data: bytes) -> None:
    """Name the byte when the lines that may declare an encoding are not UTF-8 themselves."""
    head = b"\n".join(data.split(b"\n", 2)[:2])
    try:
        head.decode()
    except UnicodeDecodeError as error:
        raise _not_text(name, data, error.start, _say_wrong("UTF-8", head[error.start])) from None


def _say_wrong(encoding: str, byte: int) -> str:
    return _("not {encoding} (byte {byte}); save the file as UTF-8", encoding=encoding, byte=f"0x{byte:02x}")


def _not_text(name: str, data: bytes, position: int, words: str) -> SubmissionError:
    line = data.count(b"\n", 0, position) + 1
    return SubmissionError(f"{shown(name)}:{line}: {words}")
