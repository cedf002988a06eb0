"""Submissions that are alike, for instructors: a page of all pairs, a page for each pair, JSON.

What students wrote is cleaned here, line by line, and cut where a page would grow too large.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from html import escape
from typing import Any

from markupsafe import Markup

from grader.display import clean_line, clean_text, to_number
from grader.report.pages import render_page
from grader.resources import find_data
from grader.similarity import BINS, MIN_PRINTS, Comparison, Pair, Part, Segment
from grader.tables import write_rows

_SIDE = ("Students", "Names", "Share of it", "Submission")
_CSV_COLUMNS = ("Assignment", "Alike", *_SIDE, *(f"Other {title.lower()}" for title in _SIDE), "Page")
TONES = ("ours", "slow", "waiting", "crashed", "passed")  # of parts, in turn; each has its number, too
FOLD_FROM = 400  # lines of a file; in longer ones what has no part is folded
CONTEXT = 5  # lines around a part that are not
MAX_LINE = 1000  # characters
MAX_NAME = 90  # characters, of all who handed in together
MAX_PEOPLE = 40  # characters, of all their names
MAX_SIDE = 800_000  # bytes of HTML for one of two sides, so that a page stays under 2 MB
LINE_BYTES, PIECE_BYTES = 60, 160  # what is written around a line and around a piece of a part


@dataclass(frozen=True, slots=True)
class Side:
    """One submission of a pair, as its page names it; ``names`` are what the roster calls the students that it has."""

    students: tuple[str, ...]
    id: str
    number: int
    submitted_at: datetime
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Everybody whom it counts for."""
        return clean_line(", ".join(self.students), MAX_NAME)

    @property
    def people(self) -> str:
        """Their names; nothing where none is known."""
        return clean_line(", ".join(self.names), MAX_PEOPLE)


@dataclass(frozen=True, slots=True)
class PairView:
    """A pair as it is shown: ``link`` is its page, ``lines`` how many lines of each stand in a part.

    ``same_lines`` is how many lines they share to the letter.
    """

    pair: Pair
    sides: tuple[Side, Side]
    link: str
    lines: tuple[int, int]
    same_lines: int


@dataclass(frozen=True, slots=True)
class SimilarAssignment:
    """One assignment: what came of comparing it, and the pairs that have a page."""

    id: str
    title: str
    comparison: Comparison
    views: tuple[PairView, ...] = ()

    @property
    def submitted(self) -> int:
        """How many submissions there are."""
        return self.comparison.compared + len(self.comparison.short)

    @property
    def alike(self) -> int:
        """How many pairs reach the threshold."""
        return len(self.comparison.pairs) + self.comparison.unlisted


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of a line: in a part, with its number, or in none. ``leads``: the first of the part on its side."""

    text: str
    part: int = 0
    leads: bool = False

    @property
    def tone(self) -> str:
        """The colours of its part."""
        return TONES[self.part % len(TONES)]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, or how many are ``folded`` in its place."""

    number: int
    pieces: tuple[Piece, ...] = ()
    folded: int = 0


@dataclass(frozen=True, slots=True)
class FileView:
    """A file as it is shown; ``is_cut``: its end is not."""

    name: str
    lines: tuple[Line, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A part in the picture of a pair; its number stands at ``above`` on the first side, at ``below`` on the second."""

    number: int
    tone: str
    corners: str
    above: float
    below: float


Sides = Mapping[tuple[str, str], Side]


def to_similar_html(
    course: str, assignments: Sequence[SimilarAssignment], threshold: Fraction, *, every_attempt: bool
) -> str:
    """Return the page of all pairs. Its one script sorts tables; the page's policy lets no other run."""
    script = (find_data("templates") / "class_report" / "site.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return render_page(
        "similar.html.jinja",
        course=clean_line(course),
        assignments=assignments,
        min_prints=MIN_PRINTS,
        bars=_bars,
        key=to_number,
        threshold=threshold,
        every_attempt=every_attempt,
        script=Markup(script),  # noqa: S704 - a file of ours
        script_hash=f"sha256-{digest}",
    )


def to_similar_csv(assignments: Sequence[SimilarAssignment], sides: Sides) -> bytes:
    """Return the pairs as a CSV file for spreadsheets; ``sides`` are the submissions by assignment and id."""
    rows: list[tuple[str | float, ...]] = [_CSV_COLUMNS]
    for one in assignments:
        links = {(view.pair.first.id, view.pair.second.id): view.link for view in one.views}
        for pair in one.comparison.pairs:
            first, second = sides[one.id, pair.first.id], sides[one.id, pair.second.id]
            row = (one.id, to_number(pair.score), *_side_cells(first, pair.shares[0]))
            page = links.get((pair.first.id, pair.second.id), "")
            rows.append((*row, *_side_cells(second, pair.shares[1]), page))
    return write_rows(rows)


def _side_cells(side: Side, share: Fraction) -> tuple[str | float, ...]:
    return side.name, side.people, to_number(share), side.id


def to_pair_html(
    title: str, view: PairView, files: tuple[Mapping[str, str], Mapping[str, str]], parts: Sequence[Part]
) -> str:
    """Return the page of one pair: both sources, with what they have in common marked."""
    segments = ([part.first for part in parts], [part.second for part in parts])
    sources = tuple(show_files(*side) for side in zip(files, segments, strict=True))
    return render_page(
        "similar_pair.html.jinja",
        title=clean_line(title),
        view=view,
        parts=[(number, TONES[number % len(TONES)], part) for number, part in enumerate(parts, 1)],
        sources=sources,
        bands=_bands(files, parts),
        spans=_describe_lines,
    )


def to_similar_json(
    course: str, assignments: Sequence[SimilarAssignment], threshold: Fraction, *, every_attempt: bool
) -> dict[str, Any]:
    """Return all pairs as JSON."""
    return {
        "format": 1,
        "course": clean_line(course),
        "threshold": to_number(threshold),
        "all_attempts": every_attempt,
        "assignments": [_assignment_to_json(one) for one in assignments],
    }


def _assignment_to_json(one: SimilarAssignment) -> dict[str, Any]:
    found = one.comparison
    return {
        "id": one.id,
        "title": clean_line(one.title),
        "compared": found.compared,
        "cut": found.cut,
        "too_short": len(found.short),
        "pairs_compared": found.pair_count,
        "scores": [
            {"from": to_number(Fraction(place, BINS)), "to": to_number(Fraction(place + 1, BINS)), "count": count}
            for place, count in enumerate(found.bins)
        ],
        "alike": one.alike,
        "pairs": [
            {
                "score": to_number(pair.score),
                "shared": pair.shared,
                "submissions": [
                    {
                        "id": side.id,
                        "students": [clean_line(student) for student in side.students],
                        "own": own,
                        "share": to_number(share),
                        "cut": side.is_cut,
                    }
                    for side, own, share in zip((pair.first, pair.second), pair.own, pair.shares, strict=True)
                ],
            }
            for pair in found.pairs
        ],
    }


def count_lines(parts: Sequence[Part]) -> tuple[int, int]:
    """Return how many lines of each side stand in a part, if only partly."""
    first = {segment[:2] for part in parts for segment in part.first}
    second = {segment[:2] for part in parts for segment in part.second}
    return len(first), len(second)


# Source.


def show_files(files: Mapping[str, str], parts: Sequence[Sequence[Segment]]) -> list[FileView]:
    """Return files as they are shown, with the parts marked; where they are too long, their ends are left out."""
    marks: dict[tuple[str, int], list[tuple[Segment, int, bool]]] = defaultdict(list)
    for number, segments in enumerate(parts, 1):
        for place, segment in enumerate(segments):
            marks[segment.file, segment.line].append((segment, number, place == 0))
    left = MAX_SIDE
    views = []
    for name, text in files.items():
        lines: list[Line] = []
        is_cut = False
        for line in _show_lines(name, text, marks):
            left -= _cost(line)
            if left < 0:
                is_cut = True
                break
            lines.append(line)
        views.append(FileView(clean_line(name), tuple(lines), is_cut))
    return views


def _show_lines(
    name: str, text: str, marks: Mapping[tuple[str, int], Sequence[tuple[Segment, int, bool]]]
) -> Iterator[Line]:
    lines = text.removesuffix("\n").split("\n")
    marked = {line for file, line in marks if file == name}
    folds = len(lines) > FOLD_FROM
    shown = {near for line in marked for near in range(line - CONTEXT, line + CONTEXT + 1)} if folds else set()
    folded = 0
    for number, line in enumerate(lines, 1):
        if folds and number not in shown:
            folded += 1
            continue
        if folded:
            yield Line(number, folded=folded)
            folded = 0
        yield Line(number, tuple(_cut_pieces(line, marks.get((name, number), ()))))
    if folded:
        yield Line(len(lines) + 1, folded=folded)


def _cut_pieces(line: str, marks: Sequence[tuple[Segment, int, bool]]) -> Iterator[Piece]:
    place = 0
    for segment, number, leads in sorted(marks):
        if segment.start > place:
            yield Piece(_clean(line[place : segment.start]))
        yield Piece(_clean(line[segment.start : segment.end]), number, leads)
        place = segment.end
    if place < len(line):
        yield Piece(_clean(line[place:]))


def _clean(text: str) -> str:
    return clean_text(text, MAX_LINE).replace("\n", " ")


def _cost(line: Line) -> int:
    pieces = sum(len(escape(piece.text).encode()) + (PIECE_BYTES if piece.part else 0) for piece in line.pieces)
    return LINE_BYTES + pieces


def _describe_lines(segments: Sequence[Segment], several: bool) -> str:
    """Return where a part stands: ``lines 3 to 9``, with the file's name where there are several."""
    first, last = segments[0], segments[-1]
    file = f"{clean_line(first.file)}, " if several else ""
    return file + (f"line {first.line}" if first.line == last.line else f"lines {first.line} to {last.line}")


# Pictures.


def _bands(
    files: tuple[Mapping[str, str], Mapping[str, str]],
    parts: Sequence[Part],
    width: float = 600,
    top: float = 14,
    bottom: float = 86,
) -> list[Band]:
    """Return for each part a band between two strips that stand for the lines of the two sides."""
    bands = []
    offsets = [_line_offsets(side) for side in files]
    for number, part in enumerate(parts, 1):
        ends = []
        for (starts, total), segments in zip(offsets, (part.first, part.second), strict=True):
            lines = [starts[segment.file] + segment.line for segment in segments]
            ends.append(((min(lines) - 1) / total * width, max(lines) / total * width))
        (left, right), (low, high) = ends
        corners = f"{left:.1f},{top} {right:.1f},{top} {high:.1f},{bottom} {low:.1f},{bottom}"
        above, below = round((left + right) / 2, 1), round((low + high) / 2, 1)
        bands.append(Band(number, TONES[number % len(TONES)], corners, above, below))
    return bands


def _line_offsets(files: Mapping[str, str]) -> tuple[dict[str, int], int]:
    """Return how many lines stand before each file, and how many there are."""
    offsets, total = {}, 0
    for name, text in files.items():
        offsets[name] = total
        total += text.count("\n") + 1
    return offsets, total


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """A bar of the histogram, in the units of its drawing; ``low`` and ``high`` are its scores, in per cents."""

    x: float
    y: float
    width: float
    height: float
    low: int
    high: int
    count: int


def _bars(bins: Sequence[int], width: float, height: float, gap: float = 3) -> list[ScoreBar]:
    """Return bars whose heights grow with the logarithm: few pairs matter, and most of a class is not alike at all."""
    most = math.log1p(max(bins, default=0)) or 1.0
    step = width / len(bins)
    bars = []
    for place, count in enumerate(bins):
        tall = round(height * math.log1p(count) / most, 1)
        low, high = 100 * place // len(bins), 100 * (place + 1) // len(bins)
        x, y = round(place * step + gap / 2, 1), round(height - tall, 1)
        bars.append(ScoreBar(x, y, round(step - gap, 1), tall, low, high, count))
    return bars
