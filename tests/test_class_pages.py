"""The class report in a real browser, opened from the disk; and how large a class's pages are."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import pytest
from pypdf import PdfReader

from grader.class_report import build_class_report, plan_links, plan_site, read_class, to_class_json, write_site
from grader.class_report.earlier import to_term
from grader.gradebook import Gradebook
from grader.roster import Roster, RosterStudent
from grader.scoring import Grade, Status
from grader.submission import Submission
from tests.browser import PHONE, WIDE, Open, Visit
from tests.made_class import NOW, make_class, make_course

pytestmark = pytest.mark.slow

HOSTILE = '<img src=x onerror="document.title=1">{{ 7 * 7 }}</script><script>document.title = "taken"</script>'
PAGES = (
    "index.html",
    "assignments/regression-losses.html",
    "assignments/choose-the-loss.html",
    "assignments/binary-cross-entropy.html",
    "students/0003.html",
    "students/0001.html",
    "diagnoses.html",
    "at-risk.html",
    "compared.html",
)
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a made-up class of 24 in four assignments; the first student has a hostile name."""
    folder = tmp_path_factory.mktemp("site")
    course = make_course(folder / "course", 4)
    make_class(course, folder / "state", 24)
    with Gradebook.open(folder / "state") as gradebook:
        roster = gradebook.roster()
        assert roster is not None
        named = (RosterStudent("s0000", HOSTILE, section=HOSTILE), *roster.students[1:])
        gradebook.set_roster(Roster(named), "kim", NOW)
        source = read_class(course, gradebook, [course.load(name) for name in course.assignments])
    report = build_class_report(source, NOW, plan_links(source))
    then = to_class_json(report)
    for place, one in enumerate(then["assignments"]):
        one["mean"] = one["mean"] / (1 + place / 4) if one["mean"] is not None else None
    list(write_site(folder / "report", plan_site(source, report, plan_links(source), to_term(then), NOW)))
    return folder / "report"


@pytest.fixture(scope="module")
def whole_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The overview of 30 students in all ten assignments; the first has a name of 400 letters without a space."""
    folder = tmp_path_factory.mktemp("whole")
    course = make_course(folder / "course")
    make_class(course, folder / "state", 30)
    with Gradebook.open(folder / "state") as gradebook:
        roster = gradebook.roster()
        assert roster is not None
        gradebook.set_roster(Roster((RosterStudent("s0000", "N" * 400), *roster.students[1:])), "kim", NOW)
        source = read_class(course, gradebook, [course.load(name) for name in course.assignments])
    files = plan_site(source, build_class_report(source, NOW), {}, None, NOW)
    shown = [one for one in files if one.path == "index.html" or one.path.startswith("assets/")]
    list(write_site(folder / "report", shown))
    return folder / "report" / "index.html"


def drawn(visit: Visit) -> int:
    """Wait until every plot of a page is drawn; returns how many there are."""
    page = visit.page
    page.wait_for_function(
        "document.querySelectorAll('[data-plot]').length === document.querySelectorAll('[data-plot] svg').length"
    )
    return page.locator("[data-plot] svg").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_calm_and_open_to_everybody(visit: Open, site: Path, path: str, width: int, scheme: str) -> None:
    """The fixture fails where the console says anything, or a request leaves the disk."""
    one = visit(site / path, scheme=scheme, width=width)
    plots = drawn(one)
    assert (plots > 0) is not path.startswith(("diagnoses", "at-risk"))
    assert one.find_barriers() == []
    assert not one.scrolls_sideways()
    assert one.page.title() != "taken"


def test_hostile_names_are_text(visit: Open, site: Path) -> None:
    one = visit(site / "students" / "0001.html")
    drawn(one)
    assert one.page.inner_text("h1") == HOSTILE
    assert one.page.locator("img").count() == 0
    overview = visit(site / "index.html")
    assert HOSTILE in overview.page.inner_text("main")


def column(visit: Visit, label: str, place: int) -> list[str]:
    """Return the texts of a column of a table, from the first row to the last."""
    texts: list[str] = visit.page.evaluate(
        "([label, place]) => [...document.querySelector(`[aria-label='Table: ${label}'] tbody`).rows]"
        ".map(row => row.cells[place].querySelector('bdi')?.textContent ?? row.cells[place].textContent)",
        [label, place],
    )
    return texts


def test_a_table_is_sorted_by_mouse_and_by_keyboard(visit: Open, site: Path) -> None:
    one = visit(site / "index.html")
    label = "Scores of every student"
    table = one.page.locator(f"[aria-label='Table: {label}'] table")
    total = len(one.page.locator(f"[aria-label='Table: {label}'] thead th").all()) - 1
    heading = table.locator("thead th").nth(total)
    assert heading.get_attribute("aria-sort") is None
    names = column(one, label, 0)
    assert names == sorted(names)

    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    points = [float(text) for text in column(one, label, total)]
    assert points == sorted(points)

    heading.locator("button").focus()
    one.page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert [float(text) for text in column(one, label, total)] == sorted(points, reverse=True)
    assert table.locator("[aria-sort]").count() == 1

    one.page.keyboard.press("Shift+Tab")  # the button of the column before
    one.page.keyboard.press("Space")
    assert table.locator("thead th").nth(total - 1).get_attribute("aria-sort") == "ascending"
    found = column(one, label, total - 1)
    scores = [float(text.split()[0]) for text in found if text != "\u2013"]
    assert scores == sorted(scores)
    assert found == [*found[: len(scores)], *["\u2013"] * (len(found) - len(scores))]  # what is missing comes last


# How wide the column of names is, how high the second row and those after it are, and which words of headings and
# names stand on more than one line.
MEASURE = """table => {
    const rows = [...table.tBodies[0].rows].slice(1);
    const places = [...table.querySelectorAll('thead .head'), ...rows.map(row => row.cells[1].firstChild)];
    const broken = [];
    for (const place of places) {
        const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            for (const found of walker.currentNode.data.matchAll(/\\S+/g)) {
                const range = document.createRange();
                range.setStart(walker.currentNode, found.index);
                range.setEnd(walker.currentNode, found.index + found[0].length);
                if (range.getClientRects().length > 1) broken.push(found[0]);
            }
        }
    }
    return {name: rows[0].cells[1].offsetWidth, height: Math.max(...rows.map(row => row.offsetHeight)), broken};
}"""


@pytest.mark.parametrize("width", [WIDE, 1000, PHONE])
def test_names_and_headings_stay_whole_beside_ten_assignments(visit: Open, whole_course: Path, width: int) -> None:
    one = visit(whole_course, width=width)
    table = one.page.locator("[aria-label='Table: Scores of every student'] table")
    assert table.locator("thead th").count() == 13
    found = table.evaluate(MEASURE)
    assert found["broken"] == []
    assert found["name"] >= 100
    assert found["height"] <= 60
    assert not one.scrolls_sideways()
    assert column(one, "Scores of every student", 1)[0].startswith("N" * 100)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_plots_stay_in_their_frames_and_labels_apart(visit: Open, whole_course: Path, width: int) -> None:
    """Nothing of a drawing is cut off at its edges, and no label of an axis touches the next."""
    one = visit(whole_course, width=width)
    assert drawn(one) == 4
    faults = one.page.evaluate(
        """() => [...document.querySelectorAll('[data-plot]')].flatMap(place => {
            const box = place.getBoundingClientRect();
            const outside = [...place.querySelectorAll('svg text')].filter(text => {
                const own = text.getBoundingClientRect();
                const seen = own.width && text.getAttribute('opacity') !== '0';
                return seen && (own.left < box.left - 1 || own.right > box.right + 1);
            });
            const close = [...place.querySelectorAll('.role-axis-label')].flatMap(axis => {
                const labels = [...axis.querySelectorAll('text')].filter(text => text.getAttribute('opacity') !== '0');
                const boxes = labels.map(text => text.getBoundingClientRect());
                return labels.slice(1).filter((_, place) => {
                    const [before, own] = [boxes[place], boxes[place + 1]];
                    const beside = own.left < before.right + 3 && before.left < own.right + 3;
                    return beside && own.top < before.bottom && before.top < own.bottom;
                });
            });
            return [...outside, ...close].map(text => `${place.dataset.plot}: ${text.textContent}`);
        })"""
    )
    assert faults == []


def test_an_axis_of_time_names_days_however_short_it_is(visit: Open, tmp_path: Path) -> None:
    """A student with one attempt, and one with two within a second."""
    course = make_course(tmp_path / "course", 2)
    work = Submission({"regression_losses.py": b"x = 1"})
    with Gradebook.open(tmp_path / "state") as gradebook:
        for student, seconds in (("ada", [0]), ("ben", [0, 1])):
            for second in seconds:
                at = NOW + timedelta(seconds=second)
                entry = gradebook.submit(student, "regression-losses", work, at)
                grade = Grade("regression-losses", "", Status.GRADED, Fraction(4), Fraction(11))
                gradebook.add_grade(entry, grade, "sha256:1", at)
        source = read_class(course, gradebook, [course.load("regression-losses")])
    files = plan_site(source, build_class_report(source, NOW), {}, None, NOW)
    list(write_site(tmp_path / "report", files))
    for number in (1, 2):
        one = visit(tmp_path / "report" / "students" / f"000{number}.html")
        assert drawn(one) == 1
        labels = one.page.locator("[data-plot] .role-axis-label").first.locator("text:not([opacity='0'])")
        assert labels.all_text_contents() == ["Sun 29 Nov 2026"]


def test_dates_and_shares_are_sorted_by_what_they_are(visit: Open, site: Path) -> None:
    one = visit(site / "index.html")
    buttons = one.page.locator("[aria-label='Table: Assignments'] thead button")
    buttons.nth(0).click()  # by title first, so that the order of the dates is not there already
    buttons.nth(1).click()
    dates = [datetime.strptime(text.rsplit(" ", 1)[0], "%a %d %b %Y %H:%M") for text in column(one, "Assignments", 1)]
    assert dates == sorted(dates)
    assert dates[-1] - dates[0] > timedelta(days=10)
    buttons.nth(3).click()
    shares = [int(text.removesuffix(" %")) for text in column(one, "Assignments", 3)]
    assert shares == sorted(shares)


def test_a_student_is_found(visit: Open, site: Path) -> None:
    one = visit(site / "index.html")
    one.page.get_by_label("Find a student").fill("cleo")
    rows = one.page.locator("[aria-label='Table: Scores of every student'] tbody tr:visible")
    assert rows.count() == 2
    assert "Cleo Lovelace" in rows.first.inner_text()


def test_a_plot_has_a_tooltip_and_follows_the_colour_scheme(visit: Open, site: Path) -> None:
    one = visit(site / "assignments" / "regression-losses.html")
    drawn(one)
    bar = one.page.locator("[data-plot='plot-success'] svg .mark-rect path").last
    filled = "getComputedStyle(document.querySelector('[data-plot=plot-success] svg .mark-rect path')).fill"
    light = one.page.evaluate(filled)
    bar.hover()
    one.page.wait_for_selector("#vg-tooltip-element.visible")
    assert "not so far" in one.page.inner_text("#vg-tooltip-element")
    one.page.emulate_media(color_scheme="dark")
    one.page.wait_for_function("document.querySelector('[data-plot=plot-success] svg .mark-rect path')")
    assert one.page.evaluate(filled) not in (light, "none", "rgb(0, 0, 0)")
    one.page.emulate_media(media="print")  # paper is light, whatever the window is
    assert one.page.evaluate(filled) == light


def test_pages_are_useful_without_scripts(visit: Open, site: Path) -> None:
    one = visit(site / "index.html", script=False)
    assert one.page.locator("[data-plot]:visible").count() == 0
    one.page.locator("summary").first.click()
    assert one.page.locator("figure table:visible").count() == 1
    assert one.page.locator("[aria-label='Table: Scores of every student'] tbody tr").count() == 24


@pytest.mark.parametrize("script", [True, False])
def test_folded_mistakes_unfold_where_they_are_led_to(visit: Open, site: Path, script: bool) -> None:
    """By a link of the table, and by words that stand in one, as a search in the page would find them."""
    one = visit(site / "diagnoses.html", script=script)
    folded = one.page.locator("details.mistake:not([open])")
    assert one.page.locator("details.mistake[open]").count() == 3
    count = folded.count()
    assert count > 3
    table = one.page.locator("[aria-label='Table: Known mistakes'] tbody a[href^='#']")
    table.last.click()
    assert folded.count() == count - 1
    last = folded.last.locator("summary + div")
    assert not last.is_visible()
    words = " ".join((last.locator("div").first.text_content() or "").split()[:6])
    there = visit(f"{(site / 'diagnoses.html').as_uri()}#:~:text={quote(words)}", script=script)
    there.page.wait_for_function("document.querySelectorAll('details.mistake[open]').length > 3")


def read_print(visit: Visit, path: Path) -> PdfReader:
    """Return a page as it is printed."""
    visit.page.pdf(path=path, prefer_css_page_size=True)
    return PdfReader(path)


UPRIGHT, ACROSS = 718, 1047  # what margins of 10 mm leave of A4, in CSS pixels


@pytest.mark.parametrize("path", ["whole", *PAGES])
def test_nothing_is_cut_off_on_paper(visit: Open, site: Path, whole_course: Path, path: str) -> None:
    """Tables fit the sheet, those of plots that nobody opened are left out, and there are no arrows to sort by."""
    target, width = (whole_course, ACROSS) if path == "whole" else (site / path, UPRIGHT)
    one = visit(target, width=width)
    drawn(one)
    one.page.emulate_media(media="print")
    assert not one.scrolls_sideways()
    cut = f"all => all.filter(one => one.getBoundingClientRect().right > {width}).length"
    assert one.page.locator("table, svg").evaluate_all(cut) == 0
    assert one.page.locator("figure table:visible").count() == 0
    arrows = "all => all.map(one => getComputedStyle(one, '::after').content).filter(one => one !== 'none')"
    assert one.page.locator("table .sort").evaluate_all(arrows) == []
    one.page.emulate_media(media="screen")
    assert one.page.locator("table .sort").evaluate_all(arrows) != []


def test_the_overview_lies_across_the_paper_and_repeats_its_heads(
    visit: Open, whole_course: Path, tmp_path: Path
) -> None:
    one = visit(whole_course, scheme="dark")
    drawn(one)
    pages = read_print(one, tmp_path / "printed.pdf").pages
    assert all(page.mediabox.width > page.mediabox.height for page in pages)
    first, last = (pages[place].extract_text() for place in (-2, -1))
    assert ("s0000" in first, "s0029" in first, "s0029" in last) == (True, False, True)
    assert all(re.search("Student.*Name.*Total", text, re.DOTALL) for text in (first, last))


def test_folded_mistakes_are_open_on_paper(visit: Open, site: Path, tmp_path: Path) -> None:
    one = visit(site / "diagnoses.html")
    examples = one.page.locator("details.mistake p.soft")
    assert examples.count() > one.page.locator("details.mistake p.soft:visible").count()
    printed = "".join(page.extract_text() for page in read_print(one, tmp_path / "printed.pdf").pages)
    assert printed.count("For example") + printed.count("Picked in the quiz") == examples.count()


def test_every_focus_can_be_seen(visit: Open, site: Path) -> None:
    one = visit(site / "index.html")
    drawn(one)
    seen = set()
    for _ in range(60):
        one.page.keyboard.press("Tab")
        tag, outline = one.page.evaluate(
            "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", tag
        seen.add(tag)
    assert {"A", "BUTTON", "DIV", "SUMMARY"} <= seen


@pytest.mark.timeout(900)
def test_a_class_of_a_thousand_has_pages_that_can_be_opened(tmp_path: Path, visit: Open) -> None:
    """A thousand students in ten assignments: every page is under 2 MB, and the first one sorts."""
    course = make_course(tmp_path / "course")
    make_class(course, tmp_path / "state", 1000)
    with Gradebook.open(tmp_path / "state") as gradebook:
        source = read_class(course, gradebook, [course.load(name) for name in course.assignments])
    report = build_class_report(source, NOW, plan_links(source))
    files = plan_site(source, report, plan_links(source), None, NOW)
    written = len(list(write_site(tmp_path / "report", files)))
    pages = list((tmp_path / "report").rglob("*.html"))
    assert written > len(pages) > 1000 + 9_000
    large = [(path, path.stat().st_size) for path in pages if path.stat().st_size >= MOST_BYTES]
    assert large == []
    assert len(json.dumps(to_class_json(report))) < 20_000_000
    one = visit(tmp_path / "report" / "index.html")
    assert drawn(one) == 4
    one.page.locator("[aria-label='Table: Scores of every student'] thead button").last.click()
    points = [float(text) for text in column(one, "Scores of every student", 12) if re.match("[0-9]", text)]
    assert len(points) > 950
    assert points == sorted(points)
