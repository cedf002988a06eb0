"""Messages in the reader's language, from gettext catalogs: ``locale/de/LC_MESSAGES/grader.mo``.

English is what the code says. A message in another language is looked up where it is made, so a report, and whatever is
stored, is made inside ``speaking(course.language)``; what a command says to the person who runs it follows that
person's environment.
"""

from __future__ import annotations

import functools
import gettext
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

DOMAIN = "grader"
ENGLISH = "en"
OWN_CATALOGS = "GRADER_LOCALE"  # a folder of catalogs that are looked into first
_VARIABLES = ("GRADER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # gettext's, and one before them
SHIPPED = Path(__file__).parent / "locale"

# Which language a block of code speaks. It belongs to the thread or task that entered the block, not to the process.
_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


def _(message: str, /, **values: object) -> str:
    """Return a message in the language that is spoken now, with ``values`` put into its ``{places}``."""
    told = _catalog(spoken()).gettext(message) if message else ""  # gettext answers "" with the catalog's header
    return told.format(**values) if values else told


def plural(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the form of a message that goes with a number, which may stand in it as ``{number}``."""
    return _catalog(spoken()).ngettext(one, many, number).format(number=number, **values)


def later(message: str) -> str:
    """Return a message as it is; it is marked to be in the catalogs, and looked up with ``_`` when it is told."""
    return message


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Make a block's messages come in a language; one that there is no catalog for comes in English.

    Not around a ``yield``: the language would leak into whoever reads the generator.
    """
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """Return the language that is spoken now: a block's, or the one that the environment asks for."""
    return _spoken.get() or choose_language(os.environ)


def choose_language(environ: Mapping[str, str]) -> str:
    """Return the first language that the environment asks for and that there is, English otherwise."""
    asked = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    return _choose(asked, environ.get(OWN_CATALOGS))


@functools.cache
def _choose(asked: str, own: str | None) -> str:
    known = list_languages(own)
    for wish in asked.split(":"):
        name = wish.partition(".")[0].partition("@")[0]
        for candidate in (name, name.partition("_")[0]):
            if candidate in known:
                return candidate
    return ENGLISH


def list_languages(own: str | None = None) -> list[str]:
    """Return the languages that there are: English, and those with a catalog, here or in the folder ``own``."""
    folders = [SHIPPED, *([Path(own)] if own else [])]
    found = {path.parts[-3] for folder in folders for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")}
    return [ENGLISH, *sorted(found - {ENGLISH})]


def _catalog(language: str) -> gettext.NullTranslations:
    return _open_catalog(language, os.environ.get(OWN_CATALOGS))


@functools.cache
def _open_catalog(language: str, own: str | None) -> gettext.NullTranslations:
    for folder in (own, str(SHIPPED)):
        if folder and language != ENGLISH and gettext.find(DOMAIN, folder, [language]):
            return gettext.translation(DOMAIN, folder, [language])
    return gettext.NullTranslations()
