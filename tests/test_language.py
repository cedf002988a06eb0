from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from grader import language
from grader.language import DOMAIN, _, choose_language, list_languages, plural, speaking, spoken
from tests.messages import LOCALE, as_mo, gather, read_catalog, write_catalog


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


CATALOGS = sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def forms(message: Message) -> list[tuple[str, str]]:
    """Return each translated form of a message beside the one that it stands for."""
    said = message.string or ""
    if isinstance(message.id, str):
        return [(message.id, str(said))]
    one, many = message.id
    return [(one if number == 0 else many, text) for number, text in enumerate(said)]


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parts[-3])
def test_a_catalog_is_complete_and_up_to_date(path: Path) -> None:
    catalog, told = read_catalog(path), gather()
    assert {message.id for message in catalog} == {message.id for message in told}, "`make messages` gathers them"
    assert not [message.id for message in catalog if message.id and not all(text for _, text in forms(message))]
    assert not [message.id for message in catalog if message.id and message.fuzzy]
    assert path.with_suffix(".mo").read_bytes() == as_mo(catalog), "`make messages` compiles it"


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parts[-3])
def test_a_translation_has_the_places_of_its_message(path: Path) -> None:
    place = re.compile(r"\{(\w*)[^{}]*\}|%\((\w+)\)s")
    wrong = []
    for message in read_catalog(path):
        for one, text in forms(message) if message.id else ():
            names, said = set(place.findall(one)), set(place.findall(text))
            # "One attempt" may do without its number.
            if not said <= names or names - said - {("number", "")}:
                wrong.append((one, text))
    assert wrong == []
