"""YAML text → plain values, and where each of them stands in the text.

YAML 1.2's core rules, fewer surprises: ``no`` is text, ``1e3`` is a number, ``12:30`` is text, ``007`` is 7, a key is
always text. What makes YAML dangerous or puzzling is refused in words: a key given twice, aliases and anchors (so no
alias bombs), tags, a second document, deep nesting, huge files.

The values are built here from the parser's events, so nothing is ever constructed but ``str``, ``int``, ``float``,
``bool``, ``None``, ``list`` and ``dict``, and hostile text can do no more than be refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import Reader

from grader.errors import InputError, Problem, SpecError, reason_of
from grader.language import _, later

# libyaml is ten times as fast; PyYAML can be built without it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
MAX_VALUES = 50_000
MAX_PROBLEMS = 20
_MAX_DIGITS = 400  # of an integer: far beyond any use, far below what makes Python refuse or slow down

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z", re.ASCII)
_BASED = re.compile(r"(?:0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_SPECIAL = re.compile(r"(?P<sign>[-+]?)\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_STR_TAG = "tag:yaml.org,2002:str"

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value and its key stand (from 1), and a scalar's text as it was written."""

    line: int
    column: int
    key_line: int
    key_column: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML text says. ``value`` is None where the text holds nothing but comments."""

    path: Path | str
    value: Any
    places: Mapping[Location, Place]
    source: str = field(default="", repr=False)

    def locate(self, location: Location = ()) -> tuple[int, int]:
        """Return line and column of the value at ``location``, or of the nearest thing around it that there is."""
        place = self._place(location)
        return (place.line, place.column) if place else (1, 1)

    def locate_key(self, location: Location) -> tuple[int, int]:
        """Return line and column of the key that ``location`` ends with, or of the nearest thing around it."""
        place = self.places.get(location)
        return (place.key_line, place.key_column) if place else self.locate(location)

    def text(self, location: Location) -> str | None:
        """Return a scalar as it was written (``0.10`` stays ``"0.10"``), None for a list, a mapping, or nothing."""
        place = self.places.get(location)
        return place.text if place else None

    def problem_in(self, location: Location, pattern: re.Pattern[str], message: str) -> Problem:
        """Return a problem with the first match of a pattern's group ``word`` from the value on, or with the value."""
        line, column = self.locate(location)
        starts = [0, *(match.end() for match in _BREAK.finditer(self.source))]
        if match := pattern.search(self.source, starts[line - 1] + column - 1):
            line, column = _line_and_column(self.source[: match.start("word")])
        return Problem(self.path, line, column, message)

    def problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """Return a problem with the value at ``location``, or with its key."""
        line, column = self.locate_key(location) if key else self.locate(location)
        return Problem(self.path, line, column, message)

    def _place(self, location: Location) -> Place | None:
        for length in range(len(location), -1, -1):
            if place := self.places.get(location[:length]):
                return place
        return None


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Read and parse a YAML file (UTF-8, with or without a byte order mark).

    Raises:
        InputError: there is no such file, or it cannot be read.
        SpecError: the file is too large, is not UTF-8, or is not YAML as ``parse`` takes it.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except FileNotFoundError:
        raise InputError(_("{path}: there is no such file", path=path)) from None
    except OSError as error:
        raise InputError(_("{path}: cannot be read: {reason}", path=path, reason=reason_of(error))) from None
    return parse_bytes(content, path, max_bytes=max_bytes)


def parse_bytes(content: bytes, path: Path | str, *, max_bytes: int = MAX_BYTES) -> Document:
    """Decode (UTF-8) and parse. ``path`` is only for messages.

    Raises:
        SpecError: as ``read``.
    """
    if len(content) > max_bytes:
        raise _error(path, 1, 1, _("the file is larger than {most:,} bytes", most=max_bytes))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", errors="replace")
        line, column = _line_and_column(before)
        raise _error(path, line, column, _("this is not UTF-8 text: save the file as UTF-8")) from None
    return parse(text, path)


def parse(text: str, path: Path | str) -> Document:
    """Parse one YAML document. ``path`` is only for messages.

    Raises:
        SpecError: with every problem that was found (the first one only, where the syntax is broken).
    """
    if bad := Reader.NON_PRINTABLE.search(text):
        line, column = _line_and_column(text[: bad.start()])
        character = f"U+{ord(bad.group()):04X}"
        raise _error(path, line, column, _("the character {character} is not allowed in YAML", character=character))
    builder = _Builder(path, yaml.parse(text, Loader=_LOADER))
    try:
        value = builder.build()
    except yaml.MarkedYAMLError as error:
        raise SpecError([_syntax_problem(path, text, error)]) from None
    except yaml.YAMLError as error:
        raise _error(path, 1, 1, _("this is not YAML: {said}", said=error)) from None
    if builder.problems:
        raise SpecError(builder.problems)
    return Document(path, value, MappingProxyType(builder.places), text)


class _Builder:
    """Builds values from events, and notes where they stand and what is wrong."""

    def __init__(self, path: Path | str, events: Iterator[Event]) -> None:
        self.path = path
        self.events = events
        self.places: dict[Location, Place] = {}
        self.problems: list[Problem] = []

    def build(self) -> Any:
        """Return the value of the only document, None where there is none."""
        value: Any = None
        documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.note(event, _("a second document starts here; keep only one in a file"))
                    break
            elif isinstance(event, NodeEvent):
                value = self.node(event, (), event)
        return value

    def node(self, event: NodeEvent, location: Location, key: Event) -> Any:
        """Return the value that starts with ``event``. Recursion is bounded by MAX_DEPTH."""
        self.refuse(event, location)
        text = event.value if isinstance(event, ScalarEvent) else None
        line, column = _position(event)
        self.places[location] = Place(line, column, *_position(key), text)
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(location)
        if isinstance(event, MappingStartEvent):
            return self.mapping(location)
        return None  # an alias: noted above

    def refuse(self, event: NodeEvent, location: Location) -> None:
        """Note what is not used here; give up where going on would cost too much."""
        if len(location) >= MAX_DEPTH and not isinstance(event, ScalarEvent):
            raise _error(self.path, *_position(event), _("nested more than {most} levels deep", most=MAX_DEPTH))
        if len(self.places) >= MAX_VALUES:
            raise _error(self.path, *_position(event), _("more than {most:,} values in one file", most=MAX_VALUES))
        tag = getattr(event, "tag", None)
        if isinstance(event, AliasEvent):
            alias = f"*{_shorten(event.anchor or '')}"
            message = _("aliases ({alias}) are not used here; put text that starts with * in quotes", alias=alias)
            self.note(event, message)
        elif event.anchor is not None:
            anchor = f"&{_shorten(event.anchor)}"
            message = _("anchors ({anchor}) are not used here; put text that starts with & in quotes", anchor=anchor)
            self.note(event, message)
        elif tag not in (None, "!", _STR_TAG):
            self.note(event, _("tags (!) are not used here; put text that starts with ! in quotes"))

    def sequence(self, location: Location) -> list[Any]:
        values: list[Any] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            if isinstance(event, NodeEvent):
                values.append(self.node(event, (*location, len(values)), event))
        return values

    def mapping(self, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key in self.events:
            if isinstance(key, MappingEndEvent):
                break
            name = self.key(key, location, values)
            event = next(self.events)
            if isinstance(event, NodeEvent):
                values[name] = self.node(event, (*location, name), key)
        return values

    def key(self, event: Event, location: Location, values: Mapping[str, Any]) -> str:
        """Return a key as text, whatever it looks like; note one that is there already."""
        if not isinstance(event, ScalarEvent):
            message = _("a key must be plain text, not a list, a mapping or an alias")
            raise _error(self.path, *_position(event), message)
        self.refuse(event, location)
        name: str = event.value
        if name in values:
            first = self.places[(*location, name)].key_line
            values = {"key": _shorten(name), "line": first}
            self.note(event, _("the key {key!r} is given twice; the first is on line {line}", **values))
        return name

    def scalar(self, event: ScalarEvent) -> Any:
        if not event.implicit[0]:  # quoted, a block, or tagged as text
            return event.value
        if len(event.value) > _MAX_DIGITS and (_INT.match(event.value) or _BASED.match(event.value)):
            self.note(event, _("a number of more than {most} digits", most=_MAX_DIGITS))
            return 0
        return resolve(event.value)

    def note(self, event: Event, message: str) -> None:
        """Keep a problem; stop at the first few, for hostile text can hold thousands."""
        self.problems.append(Problem(self.path, *_position(event), message))
        if len(self.problems) >= MAX_PROBLEMS:
            raise SpecError(self.problems)


def resolve(text: str) -> str | int | float | bool | None:
    """Return what a plain (unquoted) scalar means by the core schema of YAML 1.2."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        return int(text, 10)
    if _BASED.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        return float(text)
    if special := _SPECIAL.match(text):
        return float("nan") if special["sign"] is None else float(special["sign"] + "inf")
    return text


def _position(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _shorten(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _line_and_column(before: str) -> tuple[int, int]:
    """Return the place just after the text ``before``."""
    lines = _BREAK.split(before)
    return len(lines), len(lines[-1]) + 1


def _error(path: Path | str, line: int, column: int, message: str) -> SpecError:
    return SpecError([Problem(path, line, column, message)])


# What the parser says of what students write, marked for the catalogs: problems, and what it was doing.
_SAID = (
    later("mapping values are not allowed in this context"),
    later("block sequence entries are not allowed in this context"),
    later("found character that cannot start any token"),
    later("found a tab character that violates indentation"),
    later("did not find expected key"),
    later("did not find expected '-' indicator"),
    later("did not find expected ',' or ']'"),
    later("did not find expected ',' or '}'"),
    later("found unexpected end of stream"),
    later("could not find expected ':'"),
    later("found unknown escape character"),
    later("did not find expected comment or line break"),
    later("did not find expected <document start>"),
    later("while parsing a block mapping"),
    later("while parsing a block collection"),
    later("while parsing a flow mapping"),
    later("while parsing a flow sequence"),
    later("while scanning a simple key"),
    later("while scanning a quoted scalar"),
    later("while scanning a block scalar"),
    later("while parsing a quoted scalar"),
    later("while scanning for the next token"),
)

# What the parser says → what to do about it.
_ADVICE = (
    ("mapping values are not allowed", later("put a value that holds ': ' in quotes")),
    ("found character that cannot start any token", later("indent with spaces, and put the value in quotes")),
    ("violates indentation", later("indent with spaces, not tabs")),
    (
        "did not find expected key",
        later("is it indented like the lines around it? Is a quote or a bracket left open?"),
    ),
    ("did not find expected '-' indicator", later("is it indented like the entries around it?")),
    ("did not find expected ',' or", later("is a bracket left open, or a comma missing?")),
    ("unexpected end of stream", later("is a quote left open?")),
    ("could not find expected ':'", later("a key needs a colon after it")),
    (
        "did not find expected <document start>",
        later("keys start at the beginning of their lines: is there a blank before the first one?"),
    ),
    ("unknown escape character", later("in \"double quotes\" write \\\\ for \\, or use 'single quotes'")),
)


def _syntax_problem(path: Path | str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = error.problem or later("this cannot be parsed")
    advice = next((advice for part, advice in _ADVICE if part in said), None)
    message = _("this is not YAML: {said}", said=_(said))
    if error.context and error.context_mark and error.context_mark.line + 1 != line:
        values = {"context": _(error.context), "line": error.context_mark.line + 1}
        message += _(", {context} that starts on line {line}", **values)
    return Problem(path, line, column, f"{message}; {_(advice)}" if advice else message)
