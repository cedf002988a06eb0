"""Reports as pages: one file each, with no script and nothing to fetch. Jinja2 escapes all that is put in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from grader.display import (
    clean_line,
    clean_text,
    format_amount,
    format_date_in,
    format_percent,
    format_points,
    shorten_lines,
    timestamp,
)
from grader.language import _, later, plural, speaking
from grader.report import wording
from grader.report.content import Reader, Report
from grader.report.context import AttemptInfo
from grader.report.markup import has_math, math_style, to_inline_markup, to_markup
from grader.resources import find_data
from grader.results import Outcome
from grader.scoring import CheckGrade, Status

ZERO = Fraction(0)
SIZE_LIMIT = 300_000  # bytes of a student's page
SHORT_TEXT = 1_000


def to_html(report: Report) -> str:
    """Return the report as one page that needs no other file, no network and no script.

    Where it would be larger than SIZE_LIMIT bytes, figures are left out, and then the ends of long texts; it says so.
    """
    page = ""
    for shrink, left_out in _SHRINKS:
        shown = shrink(report)
        with speaking(report.language):
            page = (
                _pages()
                .get_template("student.html.jinja")
                .render(
                    report=shown,
                    grade=shown.grade,
                    info=shown.info,
                    language=report.language,
                    left_out=left_out and _(left_out),
                )
            )
        page = page.replace("</style>", f"{math_style()}\n</style>", 1) if has_math(page) else page
        if len(page.encode("utf-8")) <= SIZE_LIMIT:
            break
    return page


def _keep(report: Report) -> Report:
    return report


def _drop_figures(report: Report) -> Report:
    return _change_checks(report, lambda check: replace(check, figure=None))


def _shorten_texts(report: Report) -> Report:
    def shorten(check: CheckGrade) -> CheckGrade:
        detail = None if check.detail is None else clean_text(check.detail, SHORT_TEXT)
        return replace(check, figure=None, detail=detail)

    short = _change_checks(report, shorten)
    return replace(short, grade=replace(short.grade, output=clean_text(report.grade.output, SHORT_TEXT)))


def _change_checks(report: Report, change: Callable[[CheckGrade], CheckGrade]) -> Report:
    questions = (replace(question, checks=tuple(map(change, question.checks))) for question in report.grade.questions)
    return replace(report, grade=replace(report.grade, questions=tuple(questions)))


_SHRINKS: tuple[tuple[Callable[[Report], Report], str | None], ...] = (
    (_keep, None),
    (_drop_figures, later("To keep this page small, figures are left out.")),
    (_shorten_texts, later("To keep this page small, figures and the ends of long texts are left out.")),
)


@functools.cache
def _pages() -> jinja2.Environment:
    pages = make_environment([find_data("templates") / "report"])
    pages.filters.update(
        lines=shorten_lines,
        moment=format_date_in,
        stamp=timestamp,
        share=_share,
        line=clean_line,
        put=_put,
    )
    pages.globals.update(words=wording, attempts_plot=_attempts_plot, Status=Status, Outcome=Outcome, Reader=Reader)
    return pages


def make_environment(folders: Sequence[Path]) -> jinja2.Environment:
    """Return an environment for pages, with templates from the first folder that has them; it escapes."""
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.globals.update(_=_, plural=plural)
    pages.filters.update(
        amount=format_amount,
        points=format_points,
        percent=format_percent,
        markdown=to_markup,
        markdown_line=to_inline_markup,
    )
    return pages


def render_page(template: str, **values: object) -> str:
    """Return a page made of a template and values; like the others, it needs no other file, network or script."""
    return _pages().get_template(template).render(values)


def _put(message: str, **values: object) -> Markup:
    """Return a message with values in its ``{places}``: markup as it is, all else escaped."""
    return escape(message).format(**values)


def _share(part: Fraction, whole: Fraction) -> str:
    """Return a CSS width: how much of ``whole`` is ``part``, from 0 to 100 %."""
    share = min(max(Fraction(part) / whole, ZERO), Fraction(1)) if whole > 0 else ZERO
    return f"{float(round(share * 100, 2)):g}%"


@dataclass(frozen=True, slots=True)
class Dot:
    """An attempt in the drawing; ``y`` is None where it has no score."""

    x: float
    y: float | None
    attempt: AttemptInfo


@dataclass(frozen=True, slots=True)
class AttemptsPlot:
    """A drawing of the attempts so far: ``top`` is where all points are, ``bottom`` where none are."""

    width: float
    height: float
    top: float
    bottom: float
    dots: tuple[Dot, ...]


def _attempts_plot(attempts: Sequence[AttemptInfo]) -> AttemptsPlot:
    """Return a drawing of the last attempts, from left to right; y counts from the top."""
    width, height, top, bottom, margin = 320.0, 104.0, 22.0, 84.0, 18.0
    shown = attempts[-wording.MOST_ATTEMPTS :]
    step = (width - 2 * margin) / max(len(shown) - 1, 1)
    dots = []
    for place, attempt in enumerate(shown):
        known = attempt.status not in (None, Status.PENDING)
        y = round(bottom - (bottom - top) * float(attempt.share), 1) if known else None
        dots.append(Dot(round(margin + place * step, 1), y, attempt))
    return AttemptsPlot(width, height, top, bottom, tuple(dots))
