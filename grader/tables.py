"""The text of CSV files from outside: capped, in UTF-8 or UTF-16."""

from __future__ import annotations

from pathlib import Path

from grader.errors import InputError, reason_of


def read_text(path: Path, cap: int, hint: str) -> str:
    """Return the text of a file of at most ``cap`` bytes; ``hint`` says what such a file should be.

    Raises:
        InputError: it cannot be read, is larger, or is no text.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(cap + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}", "check the path") from None
    if len(data) > cap:
        raise InputError(f"{path} is larger than {cap:,} bytes", hint)
    return decode(data, str(path))


def decode(data: bytes, where: str) -> str:
    """Return text from UTF-8 or, with its byte order mark, UTF-16.

    Raises:
        InputError: it is neither; the message names the line.
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{where}:{line}: neither UTF-8 nor UTF-16 (byte 0x{data[min(error.start, len(data) - 1)]:02x})"
        raise InputError(message, "save it as UTF-8 (in Excel: CSV UTF-8)") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{where}:{line}: a NUL character; this is no text", "save it as CSV, in UTF-8")
    return text
