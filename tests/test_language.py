from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from grader import language
from grader.language import DOMAIN, _, choose_language, list_languages, plural, speaking, spoken
from tests.messages import write_catalog


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one catalog of its own, in a language that nobody speaks."""
    catalog = Catalog(locale="eo", domain=DOMAIN, fuzzy=False)
    catalog.add("Hello, {name}.", "Saluton, {name}.")
    catalog.add(("{number} point", "{number} points"), ("{number} poento", "{number} poentoj"))
    path = tmp_path / "eo" / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True)
    write_catalog(catalog, path)
    monkeypatch.setenv(language.OWN_CATALOGS, str(tmp_path))
    return tmp_path


def test_a_message_comes_in_the_language_that_is_spoken(own: Path) -> None:
    assert _("Hello, {name}.", name="{Ada}") == "Hello, {Ada}."
    with speaking("eo"):
        assert _("Hello, {name}.", name="{Ada}") == "Saluton, {Ada}."
        assert _("Not in the catalog: {}") == "Not in the catalog: {}"
        assert [plural("{number} point", "{number} points", n) for n in (0, 1, 2)] == [
            "0 poentoj",
            "1 poento",
            "2 poentoj",
        ]
        assert _("") == ""
        with speaking("en"):
            assert _("Hello, {name}.", name="Ada") == "Hello, Ada."
        assert spoken() == "eo"
    assert plural("{number} point", "{number} points", 1) == "1 point"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de_DE@euro"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "xx:de:en"}, "de"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "en:de"}, "en"),
        ({"LANG": "de_DE.UTF-8", "GRADER_LANGUAGE": "en"}, "en"),
        ({"GRADER_LANGUAGE": "../../../etc"}, "en"),
        ({"GRADER_LANGUAGE": "eo"}, "en"),
    ],
)
def test_the_environment_chooses(environ: Mapping[str, str], expected: str) -> None:
    assert choose_language(environ) == expected


def test_catalogs_of_ones_own(own: Path) -> None:
    assert list_languages(str(own)) == ["en", "de", "eo"]
    assert choose_language({"LANGUAGE": "eo", language.OWN_CATALOGS: str(own)}) == "eo"
