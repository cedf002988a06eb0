"""Reports as pages: one file each, with no script and nothing to fetch. Jinja2 escapes all that is put in."""

from __future__ import annotations

import functools
from datetime import datetime
from fractions import Fraction

import jinja2

from grader.display import clean_line, format_amount, format_percent, format_points, in_utc, shorten_lines, timestamp
from grader.report import wording
from grader.report.content import Reader, Report
from grader.resources import find_data
from grader.results import Outcome
from grader.scoring import Status

ZERO = Fraction(0)


def to_html(report: Report) -> str:
    """Return the report as one page that needs no other file, no network and no script."""
    return _pages().get_template("student.html.jinja").render(report=report, grade=report.grade, info=report.info)


@functools.cache
def _pages() -> jinja2.Environment:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(find_data("templates") / "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.filters.update(
        amount=format_amount,
        points=format_points,
        percent=format_percent,
        lines=shorten_lines,
        moment=_moment,
        stamp=timestamp,
        share=_share,
        line=clean_line,
    )
    pages.globals.update(words=wording, Status=Status, Outcome=Outcome, Reader=Reader)
    return pages


def _moment(at: datetime) -> str:
    at = in_utc(at)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _share(part: Fraction, whole: Fraction) -> str:
    """Return a CSS width: how much of ``whole`` is ``part``, from 0 to 100 %."""
    share = min(max(Fraction(part) / whole, ZERO), Fraction(1)) if whole > 0 else ZERO
    return f"{float(round(share * 100, 2)):g}%"
