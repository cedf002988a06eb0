"""``make screenshots``: the pictures in docs/pictures, of a made-up class that took the course that ships.

What they show is as of one moment, and ids of submissions are drawn without chance: the same pictures come on any day.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from itertools import count
from pathlib import Path
from unittest import mock

from grader.class_report import INDEX, build_class_report, plan_links, plan_site, read_class, write_site
from grader.gradebook import Gradebook
from grader.report import Reader, to_html
from grader.reporting import report_stored
from grader.resources import find_data
from grader.spec import Course, load_course
from grader.submission import Submission
from tests.browser import CHROMIUM
from tests.disguises import reordered
from tests.made_class import NOW, make_class, make_course

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
STUDENTS = 60
PAIR_IN, PAIR_OF = "custom-losses", "b_notebook.py"
PAIR = ("s0003", "s0041")
MISTAKES = ("double_softmax", "not_reduced", "p_detached")
WIDTH, HEIGHT, TALL = 1180, 900, 1150  # the overview has its plots below what needs somebody


def main() -> None:
    """Make the class and its pages, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        course, state = make_course(work / "course"), work / "state"
        make_class(course, state, STUDENTS)
        _write_class_report(course, state, work / "report")
        _add_pair(course.directory, state)
        _run(work, "similar", PAIR_IN, "--all-attempts", "--out", "similar")
        report = _make_report(work)
        pages = (work / "similar" / "pairs").glob("*.html")
        pair = next(page for page in pages if all(one in page.read_text(encoding="utf-8") for one in PAIR))
        PICTURES.mkdir(exist_ok=True)
        _take(
            {
                "student-report": (report, HEIGHT),
                "class-overview": (work / "report" / INDEX, TALL),
                "assignment": (work / "report" / "assignments" / "focal-loss.html", HEIGHT),
                "similarity": (pair, HEIGHT),
            }
        )


def _write_class_report(course: Course, state: Path, out: Path) -> None:
    with Gradebook.open(state) as gradebook:
        source = read_class(course, gradebook, [course.load(name) for name in course.assignments])
    links = plan_links(source)
    list(write_site(out, plan_site(source, build_class_report(source, NOW, links), links, None, NOW)))


def _add_pair(course: Path, state: Path) -> None:
    """Let one student hand in a solution in a style of its own, and another the same in another order."""
    source = (course / PAIR_IN / "solutions" / PAIR_OF).read_text(encoding="utf-8")
    numbers = count(1)
    chance = mock.patch("grader.gradebook.store.secrets.token_hex", lambda size: f"{next(numbers):0{2 * size}x}")
    with Gradebook.open(state) as gradebook, chance:
        for student, text in zip(PAIR, (source, reordered(source)), strict=True):
            gradebook.submit(student, PAIR_IN, Submission({"custom_losses.py": text.encode()}), NOW)


def _run(work: Path, *arguments: str) -> None:
    environment = {**os.environ, "GRADER_HOME": str(work / "state"), "GRADER_COURSE": str(work / "course")}
    subprocess.run([sys.executable, "-m", "grader", *arguments], cwd=work, env=environment, check=True)


def _make_report(work: Path) -> Path:
    """Hand in focal loss with one known mistake after another, and return the page of the last report."""
    environment = {**os.environ, "GRADER_HOME": str(work / "own"), "GRADER_STUDENT": "ada"}
    mistakes = work / "course" / "focal-loss" / "mistakes"

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "grader", *arguments], cwd=work, env=environment, check=False)

    run("fetch", "focal-loss")
    for name in MISTAKES:
        (work / "focal-loss" / "focal_loss.py").write_bytes((mistakes / f"{name}.py").read_bytes())
        run("submit", "focal-loss")
    page = work / "report.html"
    page.write_text(_render_as_of(work / "own", work / "dated"), encoding="utf-8")
    return page


def _render_as_of(state: Path, dated: Path) -> str:
    """Return the page of a student's last report, as if each attempt had come an hour after the one before."""
    with Gradebook.open(state) as gradebook, Gradebook.open(dated) as copy:
        for hours, (entry, grade) in enumerate(gradebook.graded("ada")):
            assert grade is not None
            at = NOW - timedelta(hours=len(MISTAKES) - hours)
            last = copy.submit("ada", entry.assignment, gradebook.load(entry), at), grade
            copy.add_grade(*last, "sha256:0", at)
        course = load_course(find_data("assignments"))
        return to_html(report_stored(course, copy, *last, "ada", Reader.STUDENT, NOW))


def _take(pages: dict[str, tuple[Path, int]]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, (path, height) in pages.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": height})
            page.goto(path.resolve().as_uri(), wait_until="load")
            page.wait_for_timeout(1000)  # plots are drawn after the page has loaded
            page.screenshot(path=PICTURES / f"{name}.png")
            sys.stdout.write(f"{PICTURES / name}.png\n")
        browser.close()


if __name__ == "__main__":
    main()
