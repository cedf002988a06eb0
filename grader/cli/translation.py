"""Help in the reader's language: that of the students' commands, and what click says."""

from __future__ import annotations

import gettext
import os
from collections.abc import Collection, Iterator
from inspect import cleandoc

import click

from grader.cli.examples import HEADING, walk_commands
from grader.language import DOMAIN, ENGLISH, OWN_CATALOGS, SHIPPED, _, spoken


def list_help(cli: click.Group, translated: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the texts of help that are translated, each with its command's name: the group's, and of some commands."""
    for name, command in _walk_translated(cli, translated):
        for text in (command.help, command.short_help):
            if text:
                yield name, cleandoc(text)
        for option in command.params:
            if isinstance(option, click.Option) and option.help:
                yield name, option.help


def translate_help(cli: click.Group, translated: Collection[str]) -> None:
    """Put the help of some commands into the language that is spoken; it is called once, before a command is chosen."""
    language = spoken()
    if language == ENGLISH:
        return
    # click asks gettext's own functions, which look at these.
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, os.environ.get(OWN_CATALOGS) or str(SHIPPED))
    gettext.textdomain(DOMAIN)
    for _name, command in _walk_translated(cli, translated):
        command.help = _(cleandoc(command.help)) if command.help else None
        command.epilog = command.epilog.replace(HEADING, _(HEADING)) if command.epilog else None
        command.short_help = _(cleandoc(command.short_help)) if command.short_help else None
        for option in command.params:
            if isinstance(option, click.Option) and option.help:
                option.help = _(option.help)


def _walk_translated(cli: click.Group, translated: Collection[str]) -> Iterator[tuple[str, click.Command]]:
    yield "", cli
    for name, command in walk_commands(cli):
        if name.split()[0] in translated:
            yield name, command
