"""How commands print: reports, tables, JSON, progress."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

import click

from grader.language import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.report import Report
    from grader.scoring import Grade


def print_json(data: object) -> None:
    """Print one JSON document on one line."""
    click.echo(json.dumps(data, ensure_ascii=True))


def print_report(report: Report, *, as_json: bool = False) -> None:
    """Print a report for people, or for machines."""
    from grader.report import to_json, to_text

    if as_json:
        print_json(to_json(report))
        return
    click.echo(to_text(report, width=_width(), color=_has_color()), color=_has_color())


def print_heading(text: str) -> None:
    """Print a line that stands out where there is colour."""
    click.echo(click.style(text, bold=True) if _has_color() else text)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> None:
    """Print a table; the columns in ``numbers`` are aligned to the right."""
    widths = [max(_cells(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    for row in [headings, *rows]:
        cells = []
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - _cells(cell))
            cells.append(space + cell if column in numbers else cell + space)
        click.echo("  ".join(cells).rstrip())


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: names may be written in wide letters."""
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def print_markdown(text: str) -> None:
    """Print what an author wrote, with its formulas readable; on a terminal code and lists are set off."""
    from grader.display import clean_text
    from grader.report.plain import to_plain_markdown, to_plain_text

    if not sys.stdout.isatty():
        click.echo(clean_text(to_plain_text(text.strip())))
        return
    from rich.console import Console
    from rich.markdown import Markdown

    marked = Markdown(clean_text(to_plain_markdown(text.strip())), code_theme="ansi_dark")
    Console(width=_width(), no_color=not _has_color()).print(marked)


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error while a block runs, if a person is looking; the block calls what it is given."""
    if not sys.stderr.isatty() or total == 0:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    bar_columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    columns = [*bar_columns, RateColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on standard error what takes its time, if a person is looking; it is gone when the block ends."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def agrees(question: str) -> bool:
    """Ask on a terminal; elsewhere nobody is there to ask, and who runs this means it."""
    return not (sys.stdin.isatty() and sys.stderr.isatty()) or confirm(question)


def confirm(question: str) -> bool:
    """Ask for yes or no on a terminal, in the reader's letters or in English ones; nothing is no."""
    yes, no = (_("y"), _("yes")), (_("n"), _("no"))
    while True:
        choices = f"[{yes[0]}/{no[0].upper()}]"
        answer = str(click.prompt(f"{question} {choices}", default="", show_default=False, err=True)).strip().casefold()
        if answer in (*yes, "y", "yes"):
            return True
        if answer in ("", *no, "n", "no"):
            return False
        click.echo(_("Answer with {yes} or {no}.", yes=yes[0], no=no[0]), err=True)


def exit_code(grades: Sequence[Grade], kinds: Sequence[str] | None = None) -> int:
    """Return 0 where all passed, 1 where something is wrong, 3 where a fault of ours kept a grade back.

    ``kinds`` are the kinds of question to look at; all of them by default.
    """
    from grader.scoring import Status

    if any(grade.status is Status.PENDING for grade in grades):
        return 3
    return 1 if any(_is_short(grade, kinds) for grade in grades) else 0


def _is_short(grade: Grade, kinds: Sequence[str] | None) -> bool:
    """Is a question that could be decided not full? Deferred checks and answers that a person reads are not."""
    from grader.scoring import Status

    return any(
        question.score < question.points - question.deferred
        for question in grade.questions
        if question.status is not Status.NEEDS_REVIEW and (kinds is None or question.kind in kinds)
    )


def _width() -> int:
    return max(40, min(shutil.get_terminal_size((80, 24)).columns, 100))


def _has_color() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
