"""Completion of commands and names in a shell, and the command that prints what a shell needs for it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

MAX_COURSE_BYTES = 1_000_000
_WHERE = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc, behind compinit",
    "fish": "~/.config/fish/completions/grader.fish",
}


def complete_assignment(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the course's assignments that begin so. It is asked at every press of a key, so it reads one file."""
    import yaml

    from grader.resources import find_data

    course = ctx.find_root().params.get("course") or os.environ.get("GRADER_COURSE")
    folder = Path(course) if course else find_data("assignments")
    names: list[object] = []
    with suppress(OSError, yaml.YAMLError, UnicodeDecodeError):  # what is wrong with it, other commands say
        with open(folder / "course.yaml", encoding="utf-8") as file:
            document = yaml.safe_load(file.read(MAX_COURSE_BYTES))
        listed = document.get("assignments") if isinstance(document, dict) else None
        names = listed if isinstance(listed, list) else []
    return [CompletionItem(name) for name in names if isinstance(name, str) and name.startswith(incomplete)]


@click.command()
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
def completion(shell: str) -> None:
    """Print what a shell needs to complete commands and names.

    Put it into the shell's start-up file: ~/.bashrc, ~/.zshrc (behind compinit), or for fish
    ~/.config/fish/completions/grader.fish.
    """
    from grader.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    source = kind(cli, {}, "grader", "_GRADER_COMPLETE").source()
    click.echo(source)
    click.echo(f"# This goes into {_WHERE[shell]}.")
