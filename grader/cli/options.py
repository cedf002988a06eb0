"""Options that several commands take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from grader.cli.completion import complete_assignment


class GivenPath(click.Path):
    """A path that somebody gives. An empty one, as of a variable that is not set, would be the folder one stands in."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; an empty one fails as one that does not exist."""
        if value == "":
            click.Path(exists=True, file_okay=self.file_okay, dir_okay=self.dir_okay).convert(value, param, ctx)
        return super().convert(value, param, ctx)


def refuse_pages_beside_json(as_json: bool) -> None:
    """Refuse ``--out`` where ``--json`` is given: figures are printed then, and no pages are written.

    Raises:
        UsageError: both are given.
    """
    source = click.get_current_context().get_parameter_source("out")
    if as_json and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--json prints figures and writes no pages, so --out has no use: give one of the two")


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
student_option = click.option(
    "--student", envvar="GRADER_STUDENT", metavar="ID", help="The student's id.  [default: your user name]"
)
assignment_option = click.option(
    "--assignment",
    metavar="ID",
    shell_complete=complete_assignment,
    help="The assignment, where the folder does not say it itself.",
)
no_isolation_option = click.option(
    "--no-isolation", is_flag=True, help="Run the code without the sandbox: for your own code on your own machine only."
)
jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    show_default="one for each core",
    metavar="N",
    help="How many submissions to grade at once.",
)
path_argument = click.argument("path", type=GivenPath(), default=Path())
