"""The browser of the tests sees what it is meant to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import PHONE, Open

pytestmark = pytest.mark.slow

SOUND = '<!doctype html><html lang="en"><title>T</title><main><h1>Sound</h1><p>Text.</p></main></html>'
BAD = (
    "<!doctype html><html><title>T</title><main><h1>Bad</h1>"
    '<p style="color: #ccc">pale</p><div style="width: 900px">wide</div>'
    "<script>console.error('no'); fetch('http://127.0.0.1:9/x'); missing();</script>"
    '<img src="none.png"></main></html>'
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "sound.html").write_text(SOUND)
    (tmp_path / "bad.html").write_text(BAD)
    return tmp_path


def test_a_sound_page_has_no_faults_and_no_barriers(visit: Open, written: Path) -> None:
    one = visit(written / "sound.html", scheme="dark", width=PHONE)
    assert one.page.inner_text("h1") == "Sound"
    assert one.find_barriers() == []
    assert not one.scrolls_sideways()
    assert one.requests == [(written / "sound.html").as_uri()]


def test_what_is_wrong_with_a_page_is_seen(visit: Open, written: Path) -> None:
    one = visit(written / "bad.html", width=PHONE)
    rules = {barrier.partition(":")[0] for barrier in one.find_barriers()}
    assert {"color-contrast", "html-has-lang", "image-alt"} <= rules
    assert one.scrolls_sideways()
    faults = "\n".join(one.faults)
    for fault in ("console: no", "script: missing is not defined", "failed: file:", "asked for http://127.0.0.1:9/x"):
        assert fault in faults
    one.faults.clear()  # else the page fails its test
