"""A table as a value, and what stands in its cells: for people, and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

from grader.display import UNDECIDED, format_amount, format_moment, format_percent, timestamp, to_number
from grader.policy import format_duration
from grader.report.wording import Verdict
from grader.tables import write_rows

Value = str | int | float
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of a table: ``text`` for people; ``value`` for programs, and to sort by.

    ``tags`` are short words beside it, each with the colours of an outcome; ``note`` is said below it, ``meter`` drawn
    as a bar from 0 to 1. ``markdown``: the text is an author's Markdown.
    """

    text: str
    value: Value | None = None
    link: str | None = None
    tags: tuple[Verdict, ...] = ()
    note: str | None = None
    meter: float | None = None
    markdown: bool = False

    @property
    def sort_key(self) -> Value | None:
        """What to sort by where the text, or the number that it begins with, does not do; None where it does."""
        if self.value is None or str(self.value) == self.text:
            return None
        first = self.text.partition(" ")[0].replace(MINUS, "-")
        return None if not isinstance(self.value, str) and first == f"{self.value:g}" else self.value

    @property
    def exported(self) -> Value:
        """What a CSV file holds."""
        if self.value is not None:
            return self.value
        return "" if self.text == UNDECIDED else self.text or "; ".join(tag.label for tag in self.tags)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, and whether it holds numbers. ``hint`` says in a few words what they are."""

    title: str
    number: bool = False
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``name`` is its CSV file's, where it has one of its own; the first cell of each row names the row."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    file: bool = True


def to_csv(table: Table) -> bytes:
    """Return a table as a CSV file for spreadsheets."""
    rows: list[list[Value]] = [[column.title for column in table.columns]]
    rows += [[cell.exported for cell in row] for row in table.rows]
    return write_rows(rows)


# Cells


def amount_cell(amount: Fraction | None) -> Cell:
    """Return points; a dash where there are none."""
    return Cell(UNDECIDED) if amount is None else Cell(format_amount(amount), to_number(amount))


def percent_cell(share: Fraction | None, *, meter: bool = False) -> Cell:
    """Return a share from 0 to 1 in per cent."""
    if share is None:
        return Cell(UNDECIDED)
    return Cell(format_percent(share), to_number(share), meter=float(share) if meter else None)


def count_cell(count: int) -> Cell:
    """Return a number of things."""
    return Cell(str(count), count)


def correlation_cell(value: float | None) -> Cell:
    """Return a figure from -1 to 1, with a minus sign that is one; a dash where there is none."""
    if value is None:
        return Cell(UNDECIDED)
    text = f"{abs(value):.2f}"
    return Cell(MINUS + text if value < 0 and text != "0.00" else text, round(value, 4))


def moment_cell(at: datetime | None, zone: tzinfo | None) -> Cell:
    """Return a moment; it sorts by time."""
    return Cell(UNDECIDED) if at is None else Cell(format_moment(at, zone), timestamp(at))


def late_cell(late: timedelta) -> Cell:
    """Return how late something came, programs read hours; nothing for what was on time."""
    if late <= timedelta(0):
        return Cell("", 0)
    minutes = timedelta(minutes=-(-late // timedelta(minutes=1)))
    return Cell(format_duration(minutes), round(late / timedelta(hours=1), 2))
