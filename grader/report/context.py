"""What a report tells beside the grade: what was asked, the lines around an error, the attempts so far.

Nothing of it counts. It is gathered when a report is made, from the course and the gradebook, and may differ from one
day to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from fractions import Fraction

from grader.cells import find_cell
from grader.display import ELLIPSIS, clean_line, clean_text
from grader.language import _
from grader.results import Frame
from grader.scoring import Grade, Status

LINES_AROUND = 3
LINE_LIMIT = 160
PROMPT_LIMIT = 8_000
MOST_EXCERPTS = 40
COMPARED = 1_000  # characters of a prompt
_PNG = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a question asks: Markdown, and its choices as (letter, Markdown)."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a student's file; ``first`` is the number of the first one.

    ``cell`` is the cell, and the line in it, of the line that it is about, where a notebook was handed in.
    """

    first: int
    lines: tuple[str, ...]
    cell: tuple[int, int] | None = None

    @property
    def place(self) -> str:
        """Where in a notebook it is, as stands behind the file and line: `` (cell 4, line 2)``; else nothing."""
        if self.cell is None:
            return ""
        return " " + _("(cell {cell}, line {line})", cell=self.cell[0], line=self.cell[1])

    @property
    def numbered(self) -> list[tuple[int, str]]:
        """The lines with their numbers."""
        return list(enumerate(self.lines, self.first))


@dataclass(frozen=True, slots=True)
class AttemptInfo:
    """An attempt of the student, or of the group, and what it earned before lateness; see ``FinalGrade``.

    ``status`` is None while it has no grade. ``counts`` says whether the score rests on it, ``own`` whether the report
    is of it.
    """

    number: int
    submitted_at: datetime
    status: Status | None
    score: Fraction
    points: Fraction
    counts: bool
    own: bool

    @property
    def share(self) -> Fraction:
        """How much of the points it earned, from 0 to 1."""
        return min(max(self.score / self.points, Fraction(0)), Fraction(1)) if self.points > 0 else Fraction(0)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside a grade. What is empty is not told.

    ``prompts`` is by question, ``excerpts`` by file and line, ``references`` (the figure that a right solution draws, a
    PNG as base64) by question and check. ``closed`` says why another attempt would not count, and is empty while one
    would; None: that was not worked out. ``feedback_from`` is set while students are not told yet what is said of their
    answers, and why. ``opens_at`` is when the next attempt counts, where that is later. Times are told in ``zone``, and
    in UTC where there is none.
    """

    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    excerpts: Mapping[tuple[str, int], Excerpt] = field(default_factory=dict)
    references: Mapping[tuple[str, str], str] = field(default_factory=dict)
    attempts: tuple[AttemptInfo, ...] = ()
    closed: str | None = None
    feedback_from: datetime | None = None
    opens_at: datetime | None = None
    zone: tzinfo | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return self != Context()


def cut_excerpts(grade: Grade, files: Mapping[str, bytes]) -> dict[tuple[str, int], Excerpt]:
    """Return the lines around each place in the student's ``files`` that a check of the grade names."""
    lines: dict[str, list[str]] = {}
    found: dict[tuple[str, int], Excerpt] = {}
    for frame in _frames(grade):
        place = (frame.file, frame.line)
        if place in found or frame.file not in files or len(found) >= MOST_EXCERPTS:
            continue
        if frame.file not in lines:
            lines[frame.file] = files[frame.file].decode("utf-8", "replace").splitlines()
        source = lines[frame.file]
        if 1 <= frame.line <= len(source):
            first = max(frame.line - LINES_AROUND, 1)
            around = tuple(source[first - 1 : frame.line + LINES_AROUND])
            found[place] = Excerpt(first, around, find_cell(source, frame.line))
    return found


def _frames(grade: Grade) -> Iterator[Frame]:
    for question in grade.questions:
        for check in question.checks:
            yield from check.frames


def clean_context(context: Context, grade: Grade) -> Context:
    """Return what of a context belongs to a grade that a reader sees, with every text in it cleaned."""
    kept = {(frame.file, frame.line) for frame in _frames(grade)}
    pictured = {(question.id, check.id) for question in grade.questions for check in question.checks if check.figure}
    asked = {question.id: question.asked for question in grade.questions}
    return replace(
        context,
        prompts={
            name: _clean_prompt(prompt)
            for name, prompt in context.prompts.items()
            if _is_what_was_asked(prompt, asked.get(name))
        },
        excerpts={
            (file, line): _clean_excerpt(excerpt)
            for (file, line), excerpt in context.excerpts.items()
            if (clean_line(file), line) in kept
        },
        references={
            place: picture
            for place, picture in context.references.items()
            if place in pictured and _PNG.fullmatch(picture)
        },
        closed=None if context.closed is None else clean_line(context.closed),
    )


def _is_what_was_asked(prompt: Prompt, asked: str | None) -> bool:
    """Say whether a prompt of today is the one that the student had, where that was written down with the grade."""
    if asked is None:
        return True
    texts = (prompt.text, *(text for _letter, text in prompt.choices))
    same = [clean_text(text).strip()[:COMPARED] in asked for text in texts]
    return all(same) or (same[0] and asked.endswith(ELLIPSIS))  # what was cut off holds the rest


def _clean_prompt(prompt: Prompt) -> Prompt:
    choices = tuple((clean_line(letter), clean_text(text, PROMPT_LIMIT)) for letter, text in prompt.choices)
    return Prompt(clean_text(prompt.text, PROMPT_LIMIT), choices)


def _clean_excerpt(excerpt: Excerpt) -> Excerpt:
    lines = (clean_text(line, LINE_LIMIT).replace("\n", " ").expandtabs(4) for line in excerpt.lines)
    return replace(excerpt, lines=tuple(line.rstrip() for line in lines))
