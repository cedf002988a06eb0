"""``make screenshots``: the pictures in docs/pictures, of a made-up class that took the course that ships."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.gradebook import Gradebook
from grader.submission import Submission
from tests.browser import CHROMIUM
from tests.disguises import reordered
from tests.made_class import NOW, make_class, make_course

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
STUDENTS = 60
PAIR_IN, PAIR_OF = "custom-losses", "b_notebook.py"
PAIR = ("s0003", "s0041")
MISTAKES = ("double_softmax", "not_reduced", "p_detached")
WIDTH, HEIGHT = 1180, 900


def main() -> None:
    """Make the class and its pages, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        course, state = work / "course", work / "state"
        make_class(make_course(course), state, STUDENTS)
        _run(work, "report", "--out", "report")
        _add_pair(course, state)
        _run(work, "similar", PAIR_IN, "--all-attempts", "--out", "similar")
        report = _make_report(work)
        pages = (work / "similar" / "pairs").glob("*.html")
        pair = next(page for page in pages if all(one in page.read_text(encoding="utf-8") for one in PAIR))
        PICTURES.mkdir(exist_ok=True)
        _take(
            {
                "student-report": (report, HEIGHT),
                "class-overview": (work / "report" / "index.html", HEIGHT),
                "assignment": (work / "report" / "assignments" / "focal-loss.html", HEIGHT),
                "similarity": (pair, HEIGHT),
            }
        )


def _add_pair(course: Path, state: Path) -> None:
    """Let one student hand in a solution in a style of its own, and another the same in another order."""
    source = (course / PAIR_IN / "solutions" / PAIR_OF).read_text(encoding="utf-8")
    with Gradebook.open(state) as gradebook:
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
    run("show", "focal-loss", "--html", "report.html")
    return work / "report.html"


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
