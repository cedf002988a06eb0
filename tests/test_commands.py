"""Every command has an example that can be typed, and stands in the reference as it is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from grader.cli import cli
from grader.cli.examples import EXAMPLES, walk_commands
from grader.cli.reference import render_reference

COMMANDS = dict(walk_commands(cli))
LEAVES = [name for name, one in COMMANDS.items() if not isinstance(one, click.Group) or one.invoke_without_command]
LINES = [(name, line) for name, lines in EXAMPLES.items() for line in lines]


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_an_example(name: str) -> None:
    lines = EXAMPLES[name]
    assert all(f"grader {name}" in re.sub(r" --course \S+", "", line) for line in lines)
    assert all(line in render_reference() for line in lines)


def test_no_example_is_of_a_command_that_is_not_there() -> None:
    assert set(EXAMPLES) <= set(COMMANDS)


@pytest.mark.parametrize(("name", "line"), LINES)
def test_an_example_can_be_typed(name: str, line: str) -> None:
    """It is parsed and not run: every option is one of the command's, and nothing that must be there is missing."""
    words = shlex.split(re.sub(r'^eval "\$\((.*)\)"$', r"\1", line))
    assert words[0] == "grader"
    command, ctx = cli, cli.make_context("grader", words[1:])
    rest = [*ctx._protected_args, *ctx.args]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        found = command.commands[rest[0]]
        ctx = found.make_context(rest[0], rest[1:], parent=ctx)
        command, rest = found, [*ctx._protected_args, *ctx.args]  # type: ignore[assignment]
    assert command is COMMANDS[name] or isinstance(COMMANDS[name], click.Group)


def test_the_reference_is_what_the_commands_say_now() -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
    assert page.read_text() == render_reference(), "make commands writes it anew"
    for name in LEAVES:
        assert f"\n### grader {name}\n" in page.read_text()
