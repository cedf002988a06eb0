"""The command line. Results go to standard output, progress and errors to standard error.

Exit codes: 0 all passed, 1 some check failed, 2 usage or bad input, 3 the grader itself failed.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import click

from grader import __version__
from grader.cli import demo, instructors, students
from grader.errors import GraderError, suggest

SECTIONS = {
    "Students": (students.list_, students.fetch, students.check, students.submit, students.status, students.show),
    "Instructors": (instructors.grade, instructors.report, instructors.export),
    "Try it": (demo.demo,),
}


class SectionedGroup(click.Group):
    """Lists commands by who uses them, and answers an unknown one with the nearest."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section of help for each kind of reader."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(str(command.name), command.get_short_help_str(80)) for command in commands])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = suggest(args[0], self.commands)
            raise click.UsageError(f"no command {args[0]!r}{near}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=SectionedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--course",
    type=click.Path(path_type=Path),
    envvar="GRADER_COURSE",
    metavar="DIR",
    help="The course's folder, which holds course.yaml.  [default: the course that ships]",
)
@click.version_option(__version__, prog_name="grader")
@click.pass_context
def cli(ctx: click.Context, course: Path | None) -> None:
    """Fetch, check, submit and grade exercises of a PyTorch course.

    \b
    grader fetch focal-loss      get an assignment
    grader check focal-loss      run its public checks on your work
    grader submit focal-loss     hand it in and see the score
    """
    ctx.obj = course


for _commands in SECTIONS.values():
    for _command in _commands:
        cli.add_command(_command)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = cli.main(prog_name="grader", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except GraderError as error:
        say_error(error)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("grader: stopped", err=True)
        code = 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be written there, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 0
    except Exception as error:
        say_fault(error)
        code = 3
    sys.exit(code if isinstance(code, int) else 0)


def say_error(error: GraderError) -> None:
    """Print what is wrong and the next step."""
    click.echo(f"grader: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


def say_fault(error: Exception) -> None:
    """Say that the grader itself failed; the traceback is for those who ask for it."""
    if os.environ.get("GRADER_DEBUG"):
        traceback.print_exception(error)
    click.echo(f"grader: the grader itself failed ({type(error).__name__}: {error})", err=True)
    click.echo("  set GRADER_DEBUG=1 to see where, and please report it", err=True)
