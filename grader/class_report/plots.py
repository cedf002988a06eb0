"""The plots of a class report, as Vega-Lite specifications: plain JSON, drawn where a page is opened.

Colours are the page's, light or dark, so there are none here; series differ by shape or dash, too. Times are written as
if they were UTC and stand for the course's own zone: a browser would show its own otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from typing import Any

from grader.class_report.cells import Table
from grader.class_report.content import AttemptLine, ClassAssignment, ClassReport, ClassStudent
from grader.class_report.days import Day, count_days, day_of, format_day
from grader.class_report.earlier import Comparison
from grader.class_report.tables import (
    attempts_table,
    bin_labels,
    bins_table,
    comparison_table,
    days_table,
    items_table,
    submissions_table,
    success_table,
    totals_table,
)
from grader.display import format_moment
from grader.scoring import Status
from grader.statistics import quantile

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # names the language; nothing is fetched from there
NEAR = timedelta(days=10)  # a due date so far from the submissions' days is drawn beside them
MOST_DATES = 12  # on an axis
Spec = dict[str, Any]
Values = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: what it shows, in words, how it is drawn, and the table with the same in figures."""

    name: str
    title: str
    spec: Spec
    table: Table


def overview_plots(report: ClassReport) -> list[Plot]:
    """Return the plots of the overview; none while nothing is handed in."""
    if not any(one.handed_in for one in report.assignments):
        return []
    plots = [_plot_handed_in(report), _plot_spread(report), _plot_totals(report)]
    counted = count_days(report)
    return [*plots, _plot_days(report, counted)] if counted else plots


def assignment_plots(assignment: ClassAssignment) -> list[Plot]:
    """Return the plots of an assignment; none while nothing is graded."""
    if not assignment.figures.graded:
        return []
    plots = [_plot_scores(assignment)] if assignment.figures.bins else []
    if any(one.discrimination is not None for one in assignment.analysis.items):
        plots.append(_plot_items(assignment))
    if assignment.success.by_attempts:
        plots.append(_plot_success(assignment))
    return plots


def student_plots(report: ClassReport, student: ClassStudent) -> list[Plot]:
    """Return the plot of a student's attempts, where there are some to draw."""
    drawn = list(_list_drawn(report, student))
    if not drawn:
        return []
    values = [
        {
            "assignment": one.title,
            "attempt": attempt.number,
            "at": _local(attempt.submitted_at, report.zone),
            "submitted": format_moment(attempt.submitted_at, report.zone),
            "share": _percent(attempt.score / attempt.points),
            "counts": "counts" if attempt.counts else "does not count",
        }
        for one, attempt in drawn
    ]
    days = [day_of(attempt.submitted_at, report.zone) for _, attempt in drawn]
    title = "Attempts over time, as shares of the points"
    spec = _spec(
        title,
        values,
        height=220,
        layer=[
            {"mark": {"type": "line"}},
            {
                "mark": {"type": "point", "size": 60, "filled": True},
                "encoding": {
                    "shape": {
                        "field": "counts",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": ["counts", "does not count"], "range": ["circle", "cross"]},
                    },
                    "tooltip": _tooltip("assignment", "attempt", "submitted", "share", "counts"),
                },
            },
        ],
        encoding={
            "x": _days("at", _zone_title(report.zone), min(days), max(days)),
            "y": {
                "field": "share",
                "type": "quantitative",
                "title": "% of the points",
                "scale": {"domain": [0, 100]},
            },
            "detail": {"field": "assignment", "type": "nominal"},
        },
    )
    return [Plot("attempts", title, spec, attempts_table(report, student))]


def _list_drawn(report: ClassReport, student: ClassStudent) -> Iterator[tuple[ClassAssignment, AttemptLine]]:
    """Yield the attempts that have a share of the points."""
    for one in report.assignments:
        for attempt in one.cells[student.key].attempts if student.key in one.cells else ():
            if attempt.points > 0 and attempt.status in (Status.GRADED, Status.NEEDS_REVIEW):
                yield one, attempt


def comparison_plots(comparison: Comparison) -> list[Plot]:
    """Return the plot of the mean scores then and now."""
    pairs = [pair for pair in comparison.means if pair.before is not None and pair.now is not None]
    if not pairs:
        return []
    values = [
        {"assignment": pair.title, "term": term, "share": _percent(share), "place": place}
        for place, pair in enumerate(pairs)
        for term, share in (("then", pair.before), ("now", pair.now))
        if share is not None
    ]
    title = "Mean scores then and now"
    spec = _spec(
        title,
        values,
        height=28 * len(pairs),
        encoding={
            "y": {"field": "assignment", "type": "nominal", "title": None, "sort": {"field": "place"}},
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": "% of the points",
                "scale": {"domain": [0, 100]},
            },
        },
        layer=[
            {"mark": {"type": "line"}, "encoding": {"detail": {"field": "assignment", "type": "nominal"}}},
            {
                "mark": {"type": "point", "filled": True, "size": 90},
                "encoding": {
                    "color": {"field": "term", "type": "nominal", "title": None, "sort": ["then", "now"]},
                    "shape": {"field": "term", "type": "nominal", "title": None, "sort": ["then", "now"]},
                    "tooltip": _tooltip("assignment", "term", "share"),
                },
            },
        ],
    )
    table = comparison_table("compared_means", "Mean scores, as shares of the points.", "Assignment", comparison.means)
    return [Plot("means", title, spec, table)]


# The overview


def _plot_handed_in(report: ClassReport) -> Plot:
    values = []
    for place, one in enumerate(report.assignments):
        parts = {"on time": one.handed_in - one.late, "late": one.late, "nothing": len(report.students) - one.handed_in}
        values += [
            {"assignment": one.title, "place": place, "what": what, "order": order, "students": count}
            for order, (what, count) in enumerate(parts.items())
        ]
    title = "Who has handed in"
    spec = _spec(
        title,
        values,
        height=24 * len(report.assignments),
        mark={"type": "bar"},
        encoding={
            "y": {"field": "assignment", "type": "nominal", "title": None, "sort": {"field": "place"}},
            "x": {"field": "students", "type": "quantitative", "title": "students", "axis": {"tickMinStep": 1}},
            "color": {
                "field": "what",
                "type": "nominal",
                "title": None,
                "scale": {"domain": ["on time", "late", "nothing"]},
            },
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": _tooltip("assignment", "what", "students"),
        },
    )
    return Plot("handed-in", title, spec, submissions_table(report))


def _plot_spread(report: ClassReport) -> Plot:
    """The median and the middle half of each assignment's scores."""
    values = []
    for place, one in enumerate(report.assignments):
        scores = [cell.score for cell in one.cells.values() if cell.status is Status.GRADED]
        if not scores or one.points <= 0:
            continue
        low, middle, high = (_percent(quantile(scores, Fraction(part, 4)) / one.points) for part in (1, 2, 3))
        values.append(
            {"assignment": one.title, "place": place, "low": low, "median": middle, "high": high, "graded": len(scores)}
        )
    title = "Scores by assignment: the median, and the middle half"
    share = {"type": "quantitative", "title": "% of the points", "scale": {"domain": [0, 100]}}
    spec = _spec(
        title,
        values,
        height=24 * len(report.assignments),
        encoding={"y": {"field": "assignment", "type": "nominal", "title": None, "sort": {"field": "place"}}},
        layer=[
            {
                "mark": {"type": "bar", "height": 8, "opacity": 0.55},
                "encoding": {
                    "x": {"field": "low", **share},
                    "x2": {"field": "high"},
                    "tooltip": _tooltip("assignment", "low", "median", "high", "graded"),
                },
            },
            {
                "mark": {"type": "tick", "thickness": 3, "size": 18},
                "encoding": {
                    "x": {"field": "median", **share},
                    "tooltip": _tooltip("assignment", "low", "median", "high", "graded"),
                },
            },
        ],
    )
    return Plot("spread", title, spec, submissions_table(report))


def _plot_totals(report: ClassReport) -> Plot:
    table = totals_table(report)
    width = 100 / len(table.rows)
    values = [
        {"from": place * width, "to": (place + 1) * width, "share": row[0].text, "students": row[1].value}
        for place, row in enumerate(table.rows)
    ]
    title = "Points so far, as a share of what was graded"
    spec = _spec(title, values, height=200, **_histogram("share", "students", "% of the points", 100))
    return Plot("totals", title, spec, table)


def _plot_days(report: ClassReport, counted: Mapping[date, Day]) -> Plot:
    """Each day's submissions, and a line at the end of each day on which something was due.

    A bar is a whole day: a line at the hour would cut it in two, one at the day's beginning stand before what came
    in time on the last day.
    """
    values = [
        {"day": _midnight(day), "date": format_day(day), "when": when, "order": order, "submissions": count}
        for day, one in counted.items()
        for order, (when, count) in enumerate((("on time", one.on_time), ("late", one.late)))
        if count
    ]
    dues = _list_dues(report, min(counted), max(counted))
    days = [*counted, *(day for day, _ in dues)]
    axis = _days("day", "day", min(days), max(days))
    count_axis = {"type": "quantitative", "title": "submissions", "axis": {"tickMinStep": 1}}
    title = "Submissions by day; a dashed line ends a day on which something was due"
    spec = _spec(
        title,
        values,
        height=220,
        layer=[
            {
                "mark": {"type": "bar"},
                "encoding": {
                    "x": {"timeUnit": "utcyearmonthdate", **axis},
                    "y": {"field": "submissions", **count_axis},
                    "color": {
                        "field": "when",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": ["on time", "late"]},
                    },
                    "order": {"field": "order", "type": "quantitative"},
                    "tooltip": _tooltip("date", "when", "submissions"),
                },
            },
            {
                "data": {"values": [line for _, line in dues]},
                "mark": {"type": "rule", "strokeDash": [4, 3]},
                "encoding": {"x": axis, "tooltip": _tooltip("assignment", "due")},
            },
        ],
    )
    return Plot("days", title, spec, days_table(report))


def _list_dues(report: ClassReport, first: date, last: date) -> list[tuple[date, dict[str, str]]]:
    """Return the days at whose end a line stands, each with what is drawn; those far from the others are left out."""
    found = []
    for one in report.assignments:
        if one.due is None or not _is_near(one.due, first, last):
            continue
        day = day_of(one.due - timedelta(microseconds=1), report.zone)  # due at midnight: the day before
        line = {"day": _midnight(day + timedelta(days=1)), "assignment": one.title}
        found.append((day, {**line, "due": format_moment(one.due, report.zone)}))
    return found


def _is_near(due: datetime, first: date, last: date) -> bool:
    """Is a due date among days, or not far from them? One that is far away would leave no room for the bars."""
    start, end = (datetime.combine(day, time(), due.tzinfo or UTC) for day in (first, last))
    return due - start >= -NEAR and due - end <= NEAR


# An assignment


def _plot_scores(assignment: ClassAssignment) -> Plot:
    labels = bin_labels(assignment.figures)
    values = [
        {"from": float(one.low), "to": float(one.high), "score": label, "submissions": one.count}
        for label, one in zip(labels, assignment.figures.bins, strict=True)
    ]
    title = "How the scores spread"
    points = float(assignment.points)
    spec = _spec(title, values, height=200, **_histogram("score", "submissions", "points", points))
    return Plot("scores", title, spec, bins_table(assignment))


def _plot_items(assignment: ClassAssignment) -> Plot:
    values = [
        {
            "item": one.item.title,
            "difficulty": _percent(one.difficulty),
            "discrimination": round(one.discrimination, 4),
            "kind": "check" if one.item.check is not None else "quiz question",
        }
        for one in assignment.analysis.items
        if one.discrimination is not None and one.difficulty is not None
    ]
    title = "Each check and question: how easy, and how well it tells students apart"
    kinds = {"field": "kind", "type": "nominal", "title": None}
    spec = _spec(
        title,
        values,
        height=260,
        layer=[
            {
                "mark": {"type": "point", "filled": True, "size": 90},
                "encoding": {
                    "x": {
                        "field": "difficulty",
                        "type": "quantitative",
                        "title": "difficulty: % earned, easy to the right",
                        "scale": {"domain": [0, 100]},
                    },
                    "y": {"field": "discrimination", "type": "quantitative", "title": "discrimination"},
                    "color": kinds,
                    "shape": kinds,
                    "tooltip": _tooltip("item", "kind", "difficulty", "discrimination"),
                },
            },
            {
                "data": {"values": [{"y": 0}]},
                "mark": {"type": "rule"},
                "encoding": {"y": {"field": "y", "type": "quantitative"}},
            },
        ],
    )
    return Plot("items", title, spec, items_table(assignment))


def _plot_success(assignment: ClassAssignment) -> Plot:
    success = assignment.success
    values = [
        {"attempts": str(count), "students": students, "place": count}
        for count, students in success.by_attempts.items()
    ]
    values.append({"attempts": "not so far", "students": success.never, "place": 1_000_000})
    title = "With which attempt students first had full marks"
    upright = {"labelAngle": 0}
    spec = _spec(
        title,
        values,
        height=180,
        mark={"type": "bar"},
        encoding={
            "x": {
                "field": "attempts",
                "type": "ordinal",
                "title": "attempt",
                "sort": {"field": "place"},
                "axis": upright,
            },
            "y": {"field": "students", "type": "quantitative", "title": "students", "axis": {"tickMinStep": 1}},
            "tooltip": _tooltip("attempts", "students"),
        },
    )
    return Plot("success", title, spec, success_table(assignment))


# Parts


def _spec(description: str, values: Values, **parts: Any) -> Spec:
    return {
        "$schema": SCHEMA,
        "description": description,
        "data": {"values": list(values)},
        "width": "container",
        **parts,
    }


def _histogram(label: str, count: str, title: str, most: float) -> Spec:
    """Return the parts of a histogram whose bins go from ``from`` to ``to``, and are called ``label``."""
    scale = {"domain": [0, most], "nice": False}
    return {
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "from", "type": "quantitative", "bin": {"binned": True}, "title": title, "scale": scale},
            "x2": {"field": "to"},
            "y": {"field": count, "type": "quantitative", "title": count, "axis": {"tickMinStep": 1}},
            "tooltip": _tooltip(label, count),
        },
    }


def _tooltip(*fields: str) -> list[dict[str, str]]:
    numbers = {"share", "students", "submissions", "difficulty", "discrimination", "low", "median", "high", "graded"}
    return [{"field": field, "type": "quantitative" if field in numbers else "nominal"} for field in fields]


def _days(field: str, title: str, first: date, last: date) -> dict[str, Any]:
    """Return an axis from the beginning of the first day to the end of the last, with dates at midnights only.

    Left to itself Vega would name hours, or the seconds of a single moment. Labels that do not fit are left out.
    """
    end = last + timedelta(days=1)
    step = math.ceil((end - first).days / MOST_DATES)
    ticks = [_midnight(first + timedelta(days=days)) for days in range(0, (end - first).days + 1, step)]
    return {
        "field": field,
        "type": "temporal",
        "title": title,
        "scale": {"type": "utc", "domain": [_midnight(first), _midnight(end)]},
        "axis": {
            "format": "%a %d %b %Y",
            "values": ticks,
            "labelAlign": "left",  # a day begins at its tick
            "labelBound": True,
            "labelFlush": False,
            "labelOverlap": "greedy",
            "grid": False,
        },
    }


def _midnight(day: date) -> str:
    return f"{datetime.combine(day, time()):%Y-%m-%dT%H:%M:%S}Z"


def _local(at: datetime, zone: tzinfo | None) -> str:
    return f"{at.astimezone(zone or UTC):%Y-%m-%dT%H:%M:%S}Z"


def _zone_title(zone: tzinfo | None) -> str:
    return f"time ({zone})" if zone is not None else "time (UTC)"


def _percent(share: Fraction | None) -> float:
    return float(round((share or Fraction(0)) * 100, 1))
