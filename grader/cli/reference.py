"""The reference of all commands as Markdown, made from their own help: ``python -m grader.cli.reference``."""

from __future__ import annotations

import click

from grader.cli import SECTIONS, cli
from grader.cli.examples import walk_commands

_HEAD = """\
# Commands

Made from the commands' own help by `make commands`; every command tells the same with `--help`. Options that many
commands have: `--json` prints for programs, `--course DIR` names the course's folder (or `GRADER_COURSE`),
`--student ID` says whose work it is (or `GRADER_STUDENT`). Results go to standard output, progress and messages to
standard error.

Exit codes: 0 all passed, 1 some check failed, 2 usage or bad input, 3 the grader itself failed.
"""


def render_reference() -> str:
    """Return the page: a section for each kind of reader, a part for each command."""
    known = dict(walk_commands(cli))
    parts = [_HEAD]
    for title, commands in SECTIONS.items():
        parts.append(f"## {title}\n")
        for command in commands:
            names = [name for name in known if name.split()[0] == command.name]
            parts += [_render_command(name, known[name]) for name in names]
    return "\n".join(parts)


def _render_command(name: str, command: click.Command) -> str:
    ctx = click.Context(
        command,
        info_name=f"grader {name}",
        max_content_width=100,
        terminal_width=100,
        help_option_names=list(cli.context_settings["help_option_names"]),
    )
    return f"### grader {name}\n\n```text\n{command.get_help(ctx)}\n```\n"


if __name__ == "__main__":
    click.echo(render_reference(), nl=False)
