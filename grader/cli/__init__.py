"""The command line. Results go to standard output, progress and errors to standard error.

Exit codes: 0 all passed, 1 some check failed, 2 usage or bad input, 3 the grader itself failed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from grader import __version__
from grader.cli import (
    authors,
    class_report,
    completion,
    decisions,
    demo,
    export,
    feedback,
    fetching,
    gradebook,
    grading,
    hints,
    marking,
    operators,
    package,
    push,
    quiz,
    quizzes,
    receipts,
    regrading,
    showing,
    similarity,
    submitting,
)
from grader.cli.examples import add_examples
from grader.cli.options import GivenPath
from grader.cli.translation import translate_help
from grader.errors import GraderError, suggest
from grader.language import ENGLISH, _, later, speaking

ABOUT = """Fetch, check, submit and grade exercises of a PyTorch course.

\b
grader fetch focal-loss      get an assignment
grader check focal-loss      run its public checks on your work
grader submit focal-loss     hand it in and see the score
"""

CLOSED = 128 + 13  # SIGPIPE, which not every system has: whoever read the output is gone

SECTIONS = {
    later("Students"): (
        showing.list_,
        fetching.fetch,
        submitting.check,
        quiz.quiz,
        hints.hint,
        submitting.submit,
        showing.status,
        showing.show,
        receipts.receipt,
    ),
    later("Authors"): (authors.new, authors.verify, quizzes.import_quiz),
    later("Instructors"): (
        grading.grade,
        marking.mark,
        regrading.regrade,
        regrading.replay,
        decisions.roster,
        decisions.extend,
        decisions.override,
        class_report.report,
        similarity.similar,
        export.export,
        feedback.feedback,
        package.package,
        push.push,
        quizzes.export_quiz,
    ),
    later("Operators"): (gradebook.gradebook, operators.doctor, completion.completion),
    later("Try it"): (demo.demo,),
}


# Whoever teaches reads English, and so does what reads their files.
TRANSLATED = frozenset(str(command.name) for command in SECTIONS["Students"])


class SectionedGroup(click.Group):
    """Lists commands by who uses them, and answers an unknown one with the nearest."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section of help for each kind of reader."""
        for title, commands in SECTIONS.items():
            with formatter.section(_(title)):
                formatter.write_dl([(str(command.name), command.get_short_help_str(limit=70)) for command in commands])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = suggest(args[0], self.commands)
            raise click.UsageError(_("no command {name!r}{near}", name=args[0], near=near), ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if name not in TRANSLATED:
            ctx.with_resource(speaking(ENGLISH))
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A reader that has seen enough is told apart from a check that failed."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise PipeClosed from None


class PipeClosed(Exception):
    """Whoever read standard output has gone."""


@click.group(
    cls=SectionedGroup,
    help=ABOUT,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--course",
    type=GivenPath(),
    envvar="GRADER_COURSE",
    metavar="DIR",
    help="The course's folder, which holds course.yaml.  [default: the course that ships]",
)
@click.version_option(__version__, prog_name="grader")
@click.pass_context
def cli(ctx: click.Context, course: Path | None) -> None:  # noqa: D103 (its help is ABOUT)
    ctx.obj = course


def _choose_course(ctx: click.Context, _option: click.Parameter, course: Path | None) -> None:
    if course is not None:
        ctx.obj = course


def _accept_course(command: click.Command) -> None:
    """Let ``--course`` stand behind the command's name too, where people write it."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _accept_course(inner)
    if not isinstance(command, click.Group) or command.invoke_without_command:
        kind = GivenPath()
        option = click.Option(["--course"], type=kind, expose_value=False, hidden=True, callback=_choose_course)
        command.params.append(option)


for _commands in SECTIONS.values():
    for _command in _commands:
        cli.add_command(_command)
        if _command not in (demo.demo, completion.completion):  # these are about no course, or the one that ships
            _accept_course(_command)


add_examples(cli)


def main() -> None:
    """Run the command line and exit with its code."""
    _prepare_streams()
    translate_help(cli, TRANSLATED)
    try:
        code = cli.main(prog_name="grader", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as error:
        say_misuse(error)
        code = 2
    except GraderError as error:
        say_error(error.message, error.hint)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say_error(_("stopped"))
        code = 128 + signal.SIGINT
    except (PipeClosed, BrokenPipeError):
        code = CLOSED
    except OSError as error:
        say_os_error(error)
        code = 3
    except Exception as error:
        say_fault(error)
        code = 3
    _leave(code if isinstance(code, int) else 0)


def _prepare_streams() -> None:
    """Let every character be printed, if only as a question mark, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _leave(code: int) -> None:
    """Exit. What cannot be written any more is dropped: Python would complain of it after us."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def say_error(message: str, hint: str | None = None) -> None:
    """Print what is wrong and the next step. Both may hold a name that somebody else chose."""
    from grader.display import clean_text

    click.echo(f"grader: {clean_text(message)}", err=True)
    if hint:
        click.echo(f"  {clean_text(hint)}", err=True)


def say_misuse(error: click.ClickException) -> None:
    """Print what is wrong with a command's arguments, and where to read about them."""
    message = error.format_message()
    ctx = getattr(error, "ctx", None)
    if ctx is None:
        say_error(message)
    elif message == ctx.get_help():  # a group without a command
        click.echo(message, err=True)
    else:
        usage = ctx.get_usage().removeprefix(f"{_('Usage:')} ")
        hint = _("usage: {usage}; `{command} --help` says more", usage=usage, command=ctx.command_path)
        say_error(f"{message[:1].lower()}{message[1:]}", hint)


# What the system says most often where nothing else is said of it, marked for the catalogs.
_REFUSALS = (later("No space left on device"), later("Permission denied"), later("Input/output error"))


def say_os_error(error: OSError) -> None:
    """Print what the system refused: a full disk behind standard output, a folder that may not be read."""
    where = error.filename if isinstance(error.filename, str) else _("what was printed")
    _trace(error)
    reason = _(error.strerror) if error.strerror else str(error)
    say_error(f"{where}: {reason}", _("check the path, its permissions and the space on its disk"))


def say_fault(error: Exception) -> None:
    """Say that the grader itself failed; the traceback is for those who ask for it."""
    _trace(error)
    message = _("the grader itself failed ({error})", error=f"{type(error).__name__}: {error}")
    say_error(message, _("set {setting} to see where, and please report it", setting="GRADER_DEBUG=1"))


def _trace(error: Exception) -> None:
    if os.environ.get("GRADER_DEBUG"):
        traceback.print_exception(error)
