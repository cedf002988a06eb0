"""The files of a class report: a static site that opens from a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from grader.class_report import pages
from grader.class_report.cells import to_csv
from grader.class_report.content import ClassReport
from grader.class_report.data import to_class_json
from grader.class_report.earlier import Comparison, Term, compare_terms, to_term
from grader.class_report.sources import AssignmentSource, ClassSource
from grader.report import Reader, build_report, to_html
from grader.reporting import describe_entry
from grader.resources import find_data

INDEX = "index.html"
Key = tuple[str, str]  # student, assignment


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A file of the site: its path in the site's folder, and what makes its content."""

    path: str
    make: Callable[[], bytes]


def plan_links(source: ClassSource) -> dict[Key, str]:
    """Return where the report on each submission that counts is, by student and assignment.

    Pages are numbered: a student's id need not fit a file's name.
    """
    graded = sorted(
        (student, one.assignment.id)
        for one in source.assignments
        for student, settled in one.settled.items()
        if settled.entry is not None and settled.final.grade is not None
    )
    return {key: f"reports/{number:04d}-{key[1]}.html" for number, key in enumerate(graded, start=1)}


def compare(report: ClassReport, then: Term) -> Comparison:
    """Return the figures of an earlier term beside those of a report."""
    return compare_terms(then, to_term(to_class_json(report)))


def plan_site(
    source: ClassSource, report: ClassReport, links: Mapping[Key, str], then: Term | None, now: datetime
) -> list[SiteFile]:
    """Return the files of the site as it is at the moment ``now``; nothing is made before its ``make`` is called."""
    comparison = compare(report, then) if then is not None else None
    return [*_list_assets(), *_list_pages(report, comparison), *_list_reports(source, links, now)]


def _list_assets() -> Iterator[SiteFile]:
    templates = find_data("templates")
    for name in pages.SCRIPTS:
        for own in (name, name.replace(".min.js", ".LICENSE.txt")):
            yield SiteFile(f"assets/{own}", (templates / "vendor" / "vega" / own).read_bytes)
    yield SiteFile("assets/site.js", (templates / "class_report" / "site.js").read_bytes)
    yield SiteFile("assets/site.css", pages.render_style)


def _list_pages(report: ClassReport, comparison: Comparison | None) -> Iterator[SiteFile]:
    yield _page(INDEX, partial(pages.render_overview, report, comparison))
    for assignment in report.assignments:
        yield _page(assignment.page, partial(pages.render_assignment, report, assignment, comparison))
    yield _page("diagnoses.html", partial(pages.render_diagnoses, report, comparison))
    yield _page("at-risk.html", partial(pages.render_risks, report, comparison))
    if comparison is not None:
        yield _page("compared.html", partial(pages.render_comparison, report, comparison))
    for student in report.students:
        yield _page(student.page, partial(pages.render_student, report, student, comparison))
    for table in pages.list_tables(report, comparison):
        yield SiteFile(f"tables/{table.name}.csv", partial(to_csv, table))


def _list_reports(source: ClassSource, links: Mapping[Key, str], now: datetime) -> Iterator[SiteFile]:
    sources = {one.assignment.id: one for one in source.assignments}
    for (student, assignment), path in links.items():
        yield _page(path, partial(_render_report, sources[assignment], student, now))


def _render_report(source: AssignmentSource, student: str, now: datetime) -> str:
    settled = source.settled[student]
    entry, grade = settled.entry, settled.final.grade
    assert entry is not None
    assert grade is not None
    context = source.describe(settled, now)
    info, language = describe_entry(entry), source.language
    report = build_report(grade, info, Reader.INSTRUCTOR, final=settled.final, context=context, language=language)
    return to_html(report)


def _page(path: str, render: Callable[[], str]) -> SiteFile:
    return SiteFile(path, lambda: render().encode("utf-8"))
