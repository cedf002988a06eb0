"""A real browser for tests of pages: Debian's Chromium, driven by Playwright. Without it such tests are skipped.

``visit`` opens a page and watches it. When the test ends, a script's error, a message of the console, or a request
to anywhere but where the page came from fails it. Tests that use it are marked slow.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
# Without preload: axe would fetch style sheets once more, which a strict page forbids.
_RUN_AXE = "axe.run(document, {preload: false}).then(found => JSON.stringify(found.violations))"
WIDE, PHONE = 1280, 390  # widths of windows, in CSS pixels


@dataclass
class Visit:
    """A page in a window of its own, and what went wrong in it. ``requests`` are the addresses that it asked for."""

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def find_barriers(self) -> list[str]:
        """Return what axe-core finds wrong for people who do not see, or do not use a mouse: rule, place, reason."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(_RUN_AXE)
        violations: list[dict[str, Any]] = json.loads(found)
        return [
            f"{one['id']}: {node['target']}: {node['failureSummary']}" for one in violations for node in one["nodes"]
        ]

    def scrolls_sideways(self) -> bool:
        """Say whether the page, and not only a region of it, is wider than the window."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        return wide

    def picture(self, path: Path) -> Path:
        """Keep a picture of the whole page, to look at."""
        self.page.screenshot(path=path, full_page=True)
        return path


Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, started once for a file of tests. While it runs, no test of the file can start an asyncio loop."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # As root its own sandbox does not start; the pages are ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Open]:
    """Return a function that opens a page.

    ``visit(path_or_address, scheme="dark", width=PHONE, script=False)``; ``origin`` is where requests may go: the
    page's own server, ``file:`` for a file.
    """
    visits: list[Visit] = []
    contexts: list[BrowserContext] = []

    def open_page(
        target: Path | str,
        *,
        scheme: Literal["light", "dark"] = "light",
        width: int = WIDE,
        height: int = 900,
        script: bool = True,
        origin: str | None = None,
    ) -> Visit:
        address = target.resolve().as_uri() if isinstance(target, Path) else target
        context = chromium.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, java_script_enabled=script
        )
        contexts.append(context)
        one = Visit(context.new_page(), origin or ("file:" if address.startswith("file:") else _server(address)))
        visits.append(one)
        _watch(one)
        one.page.goto(address, wait_until="load")
        return one

    yield open_page
    for context in contexts:
        context.close()
    assert [fault for one in visits for fault in one.faults] == []


def _server(address: str) -> str:
    return "/".join(address.split("/")[:3]) + "/"


def _watch(visit: Visit) -> None:
    def see_request(request: Request) -> None:
        visit.requests.append(request.url)

    def see_message(told: ConsoleMessage) -> None:
        if told.type in ("error", "warning"):
            visit.faults.append(f"console: {told.text}")

    def guard(route: Route) -> None:
        if route.request.url.startswith((visit.origin, "data:", "blob:")):
            route.continue_()
        else:
            visit.faults.append(f"asked for {route.request.url}")
            route.abort()

    page = visit.page
    page.on("request", see_request)
    page.on("pageerror", lambda error: visit.faults.append(f"script: {error}"))
    page.on("requestfailed", lambda request: visit.faults.append(f"failed: {request.url}"))
    page.on("console", see_message)
    page.route("**/*", guard)
