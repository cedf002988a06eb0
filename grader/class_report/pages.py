"""The pages of a class report. Jinja2 escapes all that is put in; styles, scripts and plots are shared by the site."""

from __future__ import annotations

import functools
import json
from datetime import datetime
from typing import Any

import jinja2
from markupsafe import Markup

from grader.class_report import plots, tables
from grader.class_report.cells import Table, correlation_cell
from grader.class_report.content import ClassAssignment, ClassReport, ClassStudent
from grader.class_report.days import format_day
from grader.class_report.earlier import Comparison
from grader.class_report.risk import RECENT
from grader.display import UNDECIDED, format_moment
from grader.report.markup import math_style
from grader.report.pages import make_environment
from grader.resources import find_data
from grader.scoring import Status
from grader.statistics import FEW, ROUGH

TOP = 5  # students, checks or mistakes that a short list names before it leads to all
SHARED = 2  # students who make a mistake, from whom on it has a row and a place under its assignment
OPEN = 3  # mistakes that are not folded: the most frequent
MANY = 9  # columns; a table with more is set smaller, so that a course of ten assignments fits a window
_COMPARED = {
    "compared_means": "Mean scores",
    "compared_medians": "Median scores",
    "compared_checks": "Pass rates of checks",
    "compared_diagnoses": "Known mistakes",
}
SCRIPTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")


def render_overview(report: ClassReport, comparison: Comparison | None) -> str:
    """Return the first page: who has handed in, how the scores are, and what needs somebody."""
    return _render(
        "overview",
        report,
        comparison,
        plots=plots.overview_plots(report),
        assignments=tables.submissions_table(report),
        scores=tables.scores_table(report),
        concerns=tables.list_concerns(report),
        judged=tables.is_judged(report),
    )


def render_assignment(report: ClassReport, assignment: ClassAssignment, comparison: Comparison | None) -> str:
    """Return the page of one assignment."""
    versions = assignment.versions
    place = report.assignments.index(assignment)
    return _render(
        "assignment",
        report,
        comparison,
        root="../",
        assignment=assignment,
        before=report.assignments[place - 1] if place > 0 else None,
        after=report.assignments[place + 1] if place + 1 < len(report.assignments) else None,
        figures=assignment.figures,
        caveat=describe_size(assignment),
        plots=plots.assignment_plots(assignment),
        items=tables.items_table(assignment),
        checks=tables.checks_table(assignment),
        questions=tables.questions_table(assignment),
        choices=tables.choices_table(assignment, assignment.choices),
        students=tables.assignment_students_table(report, assignment),
        success=tables.describe_success(assignment.success),
        versions=versions,
        versions_table=tables.versions_table(assignment, versions, report.zone) if versions is not None else None,
    )


def render_diagnoses(report: ClassReport, comparison: Comparison | None) -> str:
    """Return the page of known mistakes: how many made which, with examples that say nothing of who."""
    found = [(one, diagnosis) for one in report.assignments for diagnosis in one.diagnoses]
    shared = [pair for pair in found if pair[1].students >= SHARED]
    most = sorted(shared, key=lambda pair: -pair[1].students)[:OPEN]
    return _render(
        "diagnoses",
        report,
        comparison,
        diagnoses=tables.diagnoses_table(report, least=SHARED),
        shared=[(one, own) for one in report.assignments if (own := [found for of, found in shared if of is one])],
        single=[pair for pair in found if pair[1].students < SHARED],
        opened={(one.id, diagnosis.mistake) for one, diagnosis in most},
    )


def render_risks(report: ClassReport, comparison: Comparison | None) -> str:
    """Return the page of the students at risk."""
    return _render("risks", report, comparison, risks=tables.risk_table(report))


def render_student(report: ClassReport, student: ClassStudent, comparison: Comparison | None) -> str:
    """Return the page of one student."""
    place = student.number - 1
    return _render(
        "student",
        report,
        comparison,
        root="../",
        student=student,
        before=report.students[place - 1] if place > 0 else None,
        after=report.students[place + 1] if place + 1 < len(report.students) else None,
        plots=plots.student_plots(report, student),
        assignments=tables.student_assignments_table(report, student),
        attempts=tables.attempts_table(report, student),
    )


def render_comparison(report: ClassReport, comparison: Comparison) -> str:
    """Return the page that compares this term with an earlier one."""
    return _render(
        "compared",
        report,
        comparison,
        plots=plots.comparison_plots(comparison),
        tables=tables.comparison_tables(comparison),
        headings=_COMPARED,
        caveat=describe_terms(comparison),
        as_of=_date_of(comparison.as_of),
    )


def render_style() -> bytes:
    """Return the style sheet of the site: what all reports share, and what a class report adds."""
    return _pages().get_template("style.css.jinja").render(math=math_style()).encode()


def describe_size(assignment: ClassAssignment) -> str | None:
    """Return what the number of students means for correlations and alpha; None where it is enough."""
    analysis = assignment.analysis
    if not analysis.items:
        return None
    count = analysis.complete
    noun = "student has" if count == 1 else "students have"
    if analysis.has_few:
        known = max(item.known for item in analysis.items)
        few = f" With fewer than {tables.FLAGGED}, nothing is said of what all or none pass." * (known < tables.FLAGGED)
        return (
            f"{count} {noun} every check and question decided. With fewer than {FEW}, discrimination and alpha would "
            f"be chance, so there is a dash.{few}"
        )
    if analysis.is_rough:
        return (
            f"Rough: discrimination and alpha rest on {count} students. With fewer than {ROUGH} they may change much "
            f"with a few more."
        )
    return None


def describe_terms(comparison: Comparison) -> str | None:
    """Return what the number of submissions means for a change; None where there are enough of them."""
    fewest = comparison.fewest
    if fewest is None or fewest >= ROUGH:
        return None
    points = round(100 / max(fewest, 1))
    noun = "submission is" if fewest == 1 else "submissions are"
    told = f"Small numbers: for some assignment only {fewest} {noun} graded. One student is up to {points} percentage "
    return f"{told}points there, so a change of that size may be chance."


def _date_of(as_of: str | None) -> str | None:
    """Return the day of a moment that was read from a file, or what stands there in place of one."""
    try:
        return None if as_of is None else format_day(datetime.fromisoformat(as_of))
    except ValueError:
        return as_of


def _render(name: str, report: ClassReport, comparison: Comparison | None, *, root: str = "", **values: Any) -> str:
    template = _pages().get_template(f"{name}.html.jinja")
    return template.render(course=report, comparison=comparison, root=root, page=name, **values)


def list_tables(report: ClassReport, comparison: Comparison | None) -> list[Table]:
    """Return every table that has a CSV file."""
    found = [
        tables.submissions_table(report),
        tables.scores_table(report),
        tables.totals_table(report),
        tables.days_table(report),
        tables.risk_table(report),
        tables.diagnoses_table(report),
        tables.all_attempts_table(report),
    ]
    for one in report.assignments:
        found += [
            tables.bins_table(one),
            tables.items_table(one),
            tables.checks_table(one),
            tables.questions_table(one),
            tables.choices_table(one, one.choices),
            tables.success_table(one),
            tables.assignment_students_table(report, one),
        ]
        found += [tables.versions_table(one, one.versions, report.zone)] if one.versions is not None else []
    return [*found, *(tables.comparison_tables(comparison) if comparison is not None else [])]


@functools.cache
def _pages() -> jinja2.Environment:
    templates = find_data("templates")
    pages = make_environment([templates / "class_report", templates])
    pages.filters.update(specification=_write_specification)
    pages.globals.update(
        format_moment=format_moment,
        correlation=correlation_cell,
        diagnosis_anchor=tables.diagnosis_anchor,
        FLAGGED=tables.FLAGGED,
        RECENT=RECENT,
        Status=Status,
        UNDECIDED=UNDECIDED,
        SCRIPTS=SCRIPTS,
        TOP=TOP,
        MANY=MANY,
    )
    return pages


def _write_specification(spec: plots.Spec) -> Markup:
    """Return JSON that can stand in a script element: nothing in it ends the element, or begins a comment."""
    text = json.dumps(spec, ensure_ascii=True, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - no sign of HTML is left in it
