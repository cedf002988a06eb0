"""A student's report in a real browser: it opens from disk, shows what it should, and shuts nobody out."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from grader.report import Reader, build_report, to_html
from grader.report.context import Context, Prompt, cut_excerpts
from grader.report.pages import SIZE_LIMIT
from grader.results import Frame, Outcome
from tests.browser import PHONE, WIDE, Open
from tests.test_report import CONTEXT, DIAGNOSED, DRAWN, FILES, FULL, INFO, code_question, grade_of, hostile_report

if TYPE_CHECKING:
    from grader.report import Report

pytestmark = pytest.mark.slow


def png(width: int, height: int) -> str:
    """Return a picture of one grey, as base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress((b"\x00" + b"\x80" * width) * height)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


def reports() -> dict[str, Report]:
    pictured = replace(
        CONTEXT, references={("focal-loss", "test_plot"): png(512, 384)}, excerpts=cut_excerpts(FULL, FILES)
    )
    drawn = grade_of(code_question(replace(DRAWN, figure=png(512, 384))))
    return {
        "full": build_report(DIAGNOSED, INFO, Reader.STUDENT, context=CONTEXT),
        "drawn": build_report(drawn, INFO, Reader.STUDENT, context=pictured),
        "instructor": build_report(DIAGNOSED, INFO, Reader.INSTRUCTOR, context=CONTEXT),
        "hostile": hostile_report(Reader.INSTRUCTOR),
    }


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    written = {}
    for name, report in reports().items():
        written[name] = folder / f"{name}.html"
        written[name].write_text(to_html(report), encoding="utf-8")
    return written


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("name", ["full", "drawn", "instructor", "hostile"])
def test_nobody_is_shut_out(
    visit: Open, pages: dict[str, Path], name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    one = visit(pages[name], scheme=scheme, width=width)
    for summary in one.page.query_selector_all("summary"):
        summary.click()
    assert one.find_barriers() == []
    assert not one.scrolls_sideways()
    assert one.requests == [pages[name].resolve().as_uri()] + [url for url in one.requests if url.startswith("data:")]


def test_figures_stand_side_by_side_where_there_is_room(visit: Open, pages: dict[str, Path]) -> None:
    wide = visit(pages["drawn"])
    own, reference = (one.bounding_box() for one in wide.page.query_selector_all(".figure"))
    assert own is not None
    assert reference is not None
    assert own["y"] == reference["y"]
    assert own["x"] + own["width"] <= reference["x"]
    assert all(wide.page.eval_on_selector_all(".figure", "all => all.map(one => one.naturalWidth == 512)"))
    phone = visit(pages["drawn"], width=PHONE)
    own, reference = (one.bounding_box() for one in phone.page.query_selector_all(".figure"))
    assert own is not None
    assert reference is not None
    assert own["y"] + own["height"] <= reference["y"]


def test_formulas_are_drawn_with_brackets_that_grow(visit: Open, tmp_path: Path) -> None:
    prompt = Prompt(r"$$\left( \frac{\sum_{i=1}^{N} x_i}{N} \right) \quad (x)$$")
    page = tmp_path / "formula.html"
    report = build_report(FULL, INFO, Reader.STUDENT, context=Context(prompts={"why": prompt}))
    page.write_text(to_html(report), encoding="utf-8")
    one = visit(page)
    assert one.page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"Grader Math\"'))")
    heights = one.page.eval_on_selector_all("math mo", "all => all.map(one => [one.textContent, one.clientHeight])")
    brackets = [height for text, height in heights if text == "("]
    assert brackets[0] > 1.8 * brackets[1]


def test_what_is_folded_away_is_printed(visit: Open, pages: dict[str, Path]) -> None:
    one = visit(pages["full"])
    prompt = one.page.locator("details .prompt").first
    assert not prompt.is_visible()
    one.page.emulate_media(media="print")
    assert prompt.evaluate("one => one.getBoundingClientRect().height") > 0


def test_the_keyboard_reaches_what_can_be_opened(visit: Open, pages: dict[str, Path]) -> None:
    page = visit(pages["full"]).page
    seen = []
    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent"))
    assert "What was asked" in seen
    assert "In numbers" in seen
    page.focus("summary >> text=In numbers")
    page.keyboard.press("Enter")
    assert page.locator("text=before lateness").first.is_visible() or page.locator("details[open]").count() == 1


def test_a_report_stays_small_enough_to_be_sent() -> None:
    frames = tuple(Frame("focal_loss.py", line, "forward", "x") for line in range(1, 31))
    long = [
        replace(
            DRAWN,
            id=f"test_{n}",
            outcome=Outcome.FAILED,
            message=f"{n}" * 3000,
            detail="d\u20ac" * 10_000,
            frames=frames,
            figure="A" * 40_000,
        )
        for n in range(12)
    ]
    grade = grade_of(code_question(*long), output="o" * 70_000)
    files = {"focal_loss.py": b"\n".join([b"x" * 500] * 40)}
    context = replace(
        CONTEXT,
        excerpts=cut_excerpts(grade, files),
        prompts={"focal-loss": Prompt("$x$ " * 1000)},
        references={("focal-loss", one.id): "A" * 40_000 for one in long},
    )
    for reader in Reader:
        assert len(to_html(build_report(grade, INFO, reader, context=context)).encode()) <= SIZE_LIMIT
    assert "the ends of long texts are left out" in to_html(build_report(grade, INFO, Reader.INSTRUCTOR))
    few = grade_of(code_question(*[replace(one, detail=None) for one in long]))
    assert "figures are left out" in to_html(build_report(few, INFO, Reader.STUDENT))
    assert "left out" not in to_html(build_report(FULL, INFO, Reader.STUDENT, context=CONTEXT))
