"""``make messages``: gathers what is told in ``locale/*/LC_MESSAGES/grader.po``, and compiles those."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from grader.cli import TRANSLATED, cli
from grader.cli.translation import list_help
from grader.language import DOMAIN

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "grader" / "locale"
KEYWORDS = {"_": None, "later": None, "plural": (1, 2)}
CLICK_KEYWORDS = {"_": None, "ngettext": (1, 2)}
STUB_SYNTAX = {  # that of ``grader.stub.make_environment``
    "block_start_string": "<%",
    "block_end_string": "%>",
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
    "silent": "false",
}
MARKED = "eo"  # nobody else's here


def gather() -> Catalog:
    """Return all that is told: in the code, the templates, the students' commands' help, and by click."""
    catalog = Catalog(domain=DOMAIN, project="grader", fuzzy=False)
    for place, message in (*_read_sources(), *_read_help(), *_read_click()):
        catalog.add(message, locations=[(place, 0)])
    return catalog


def _read_sources() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    methods: tuple[tuple[str, str, str, dict[str, str]], ...] = (
        ("grader", "**.py", "python", {}),
        ("templates/report", "**.jinja", "jinja2", {}),
        ("templates/notebook", "**.jinja", "jinja2", {}),
        ("templates/stub", "**.jinja", "jinja2", STUB_SYNTAX),
    )
    for folder, pattern, method, options in methods:
        found = extract_from_dir(ROOT / folder, [(pattern, method)], {pattern: options}, keywords=KEYWORDS)
        for name, _, message, _, _ in found:
            yield f"{folder}/{name}", message


def _read_help() -> Iterator[tuple[str, str]]:
    for command, text in list_help(cli, TRANSLATED):
        yield f"help/{command.replace(' ', '-')}", text


def _read_click() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    folder = Path(click.__file__).parent
    for name, _, message, _, _ in extract_from_dir(folder, [("**.py", "python")], keywords=CLICK_KEYWORDS):
        yield f"click/{name}", message


def read_catalog(path: Path) -> Catalog:
    """Return a catalog of translations."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain=DOMAIN)


def write_catalog(catalog: Catalog, path: Path) -> None:
    """Write a catalog, and what gettext reads beside it."""
    path.write_bytes(as_po(catalog))
    path.with_suffix(".mo").write_bytes(as_mo(catalog))


def as_po(catalog: Catalog) -> bytes:
    """Return a catalog as its file holds it: in the messages' order, so that a change is where it belongs."""
    file = io.BytesIO()
    write_po(file, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)
    return file.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """Return a catalog as gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def write_marked(folder: Path) -> str:
    """Write a catalog in which every message is told ⟦as it is⟧, so that what is not in a catalog shows.

    Returns its language. ``GRADER_LOCALE`` set to ``folder`` makes it known.
    """
    catalog = Catalog(locale=MARKED, domain=DOMAIN, fuzzy=False)
    for message in gather():
        if isinstance(message.id, tuple):
            catalog.add(message.id, tuple(f"⟦{one}⟧" for one in message.id))
        elif message.id:
            catalog.add(message.id, f"⟦{message.id}⟧")
    path = folder / MARKED / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True)
    write_catalog(catalog, path)
    return MARKED


def main() -> None:
    """Bring every catalog up to date; what is new in it waits for a translation."""
    told = gather()
    for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        catalog = read_catalog(path)
        made = catalog.creation_date
        catalog.update(told, no_fuzzy_matching=True)
        catalog.creation_date = made  # or every run would change the file
        catalog.obsolete.clear()
        write_catalog(catalog, path)
        missing = [message.id for message in catalog if message.id and not message.string]
        print(f"{path.relative_to(ROOT)}: {len(catalog)} messages, {len(missing)} without a translation")


if __name__ == "__main__":
    main()
