"""Options that several commands take."""

from __future__ import annotations

import os
from pathlib import Path

import click

from grader.cli.completion import complete_assignment

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
path_argument = click.argument("path", type=click.Path(path_type=Path), default=Path())
