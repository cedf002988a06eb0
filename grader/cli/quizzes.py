"""The commands export-quiz and import-quiz: quizzes for learning management systems, and from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option
from grader.cli.output import print_json
from grader.cli.seat import Seat
from grader.errors import InputError
from grader.files import write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.quizzes import Note

FORMATS = ("qti12", "moodle-xml", "gift", "aiken", "cartridge", "blackboard", "d2l")
SOURCES = ("gift", "moodle-xml", "text2qti")
_CONFIDENTIAL = "It holds the right answers: keep it where students cannot get at it."


EXPORT_HELP = """\
Write quizzes for a learning management system.

\b
qti12       Canvas: a zip of QTI 1.2, for classic and for New Quizzes
moodle-xml  Moodle: questions for the question bank
gift        Moodle: the same as plain text, without points and pictures
aiken       Moodle: questions with one right option, and nothing else
cartridge   Canvas, Moodle and others: a Common Cartridge 1.1
blackboard  Blackboard: tab-delimited text
d2l         Brightspace: CSV

All of the course's assignments are written by default. What the format cannot hold is listed.
"""


@click.command("export-quiz", help=EXPORT_HELP)
@click.argument("format_", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...", shell_complete=complete_assignment)
@click.option("--out", type=GivenPath(dir_okay=False), required=True, metavar="FILE", help="The file to write.")
@click.option(
    "--instances",
    type=click.IntRange(1, 500),
    default=10,
    show_default=True,
    metavar="N",
    help="How many instances of a question with variants go into a bank.",
)
@click.option("--code-as-essay", is_flag=True, help="Ask for code as an essay that a person reads.")
@json_option
@click.pass_obj
def export_quiz(  # noqa: D103 (its help is EXPORT_HELP)
    course: Path | None,
    format_: str,
    assignments: tuple[str, ...],
    out: Path,
    instances: int,
    code_as_essay: bool,
    as_json: bool,
) -> None:
    from grader.quizzes import Format, make_quiz, write_quizzes

    seat = Seat(course)
    chosen = [seat.course.load(name) for name in assignments or seat.course.assignments]
    made = [make_quiz(assignment, instances, code_as_essay=code_as_essay) for assignment in chosen]
    notes = [note for _, own in made for note in own]
    try:
        exported = write_quizzes(Format(format_), [quiz for quiz, _ in made])
    except InputError:
        _say(notes)
        raise
    notes += exported.notes
    write_file(out, exported.data)
    if as_json:
        found = _describe(notes)
        print_json({"format": 1, "file": str(out), "questions": exported.questions, "notes": found})
        return
    _say(notes)
    count = f"{exported.questions} {'question' if exported.questions == 1 else 'questions'}"
    click.echo(f"{out}: {count}")
    click.echo(_CONFIDENTIAL, err=True)


@click.command("import-quiz")
@click.argument("file", type=GivenPath(dir_okay=False))
@click.argument("assignment", metavar="ASSIGNMENT")
@click.option("--format", "format_", type=click.Choice(SOURCES), help="What FILE is in.  [default: its content tells]")
@json_option
@click.pass_obj
def import_quiz(course: Path | None, file: Path, assignment: str, format_: str | None, as_json: bool) -> None:
    """Make an assignment of a quiz: Moodle XML, GIFT, or text2qti.

    ASSIGNMENT is its id, which becomes a folder of the course in the current folder or in that of --course; where
    there is no course, one is made. What cannot be taken is listed; nothing that is there is overwritten.
    """
    from grader.quizzes import Source, read_quiz, render_quiz
    from grader.scaffold import add_files, check_id

    folder = course if course is not None else Path()
    check_id(assignment)
    files, notes = render_quiz(read_quiz(file, Source(format_) if format_ else None), assignment)
    written = [str(folder / assignment / name) for name in add_files(folder, assignment, files).written]
    if as_json:
        print_json({"format": 1, "files": written, "notes": _describe(notes)})
        return
    _say(notes)
    for name in written:
        click.echo(name)
    click.echo(f"\nRead it, and run `grader --course {folder} verify {assignment}`.")


def _say(notes: Sequence[Note]) -> None:
    from grader.display import clean_line

    for note in notes:
        click.echo(f"grader: {clean_line(str(note), 400)}", err=True)


def _describe(notes: Sequence[Note]) -> list[dict[str, str]]:
    from grader.display import clean_line

    return [{"where": clean_line(note.where), "message": clean_line(note.message, 400)} for note in notes]
