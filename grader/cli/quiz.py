"""The student's command quiz: one question at a time, and every answer is in answers.yaml as soon as it is given."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.fetching import make_stub
from grader.cli.options import student_option
from grader.cli.output import print_heading, print_markdown
from grader.cli.seat import Seat, draw_for
from grader.errors import InputError, reason_of
from grader.files import write_file
from grader.language import _, later, plural

if TYPE_CHECKING:
    from grader.answers import Answers
    from grader.questions import QuizQuestion
    from grader.spec import Assignment

KEYS = later("Enter: next · <: back · ?: all questions · 3?: question 3 · -: no answer · !: stop")
_ASKED = re.compile(r"([0-9]+)\?")
_FORMS: Mapping[str, str] = {
    "choice": later("One letter"),
    "multiple_choice": later("Every letter that fits, such as: a, c"),
    "numeric": later("A number"),
    "text": later("Text"),
}


@click.command()
@click.argument("where", metavar="[ASSIGNMENT|FOLDER]", default=".", shell_complete=complete_assignment)
@student_option
@click.pass_obj
def quiz(course: Path | None, where: str, student: str | None) -> None:
    """Answer a quiz here, one question at a time.

    Every answer is saved in answers.yaml as it is given: stop whenever you like, and go on later. With the id of an
    assignment its folder is used, which is made if it is not there. Nothing is handed in: `grader submit` does that.
    """
    from grader.submission import ANSWERS

    seat = Seat(course)
    spec, folder = _open_folder(seat, where, student)
    if not spec.quiz_questions:
        raise InputError(_("{assignment} has no quiz", assignment=spec.id), _("its code is in {folder}", folder=folder))
    sheet = Sheet(folder / ANSWERS)
    if problems := sheet.read(spec).problems:
        hint = _("mend {file} first: what cannot be read would be lost", file=sheet.path)
        raise InputError("\n".join(map(str, problems)), hint)
    try:
        Round(spec, sheet).run()
    except KeyboardInterrupt:
        _say_state(seat, spec, sheet)
        raise
    _say_state(seat, spec, sheet)


def _say_state(seat: Seat, spec: Assignment, sheet: Sheet) -> None:
    """Say where the answers are, which are missing, and how to go on."""
    folder = sheet.path.parent
    missing = [name for name, value in sheet.read(spec).values.items() if value is None]
    told = _("Your answers are in {file}.", file=sheet.path)
    click.echo(f"\n{told}")
    if missing:
        values = {"questions": ", ".join(missing), "command": seat.spell(f"quiz {folder}")}
        click.echo(_("Not answered yet: {questions}. `{command}` goes on.", **values))
    else:
        click.echo(_("All are answered. `{command}` hands them in.", command=seat.spell(f"submit {folder}")))


def _open_folder(seat: Seat, where: str, student: str | None) -> tuple[Assignment, Path]:
    """Return the assignment with the student's variants, and the folder of its answers; it is made if need be."""
    from grader.submission import MARKER

    if where not in seat.course.assignments and not Path(where).exists():
        seat.load(where)  # says which there are
    if where in seat.course.assignments and not (Path(where) / MARKER).exists():
        spec = draw_for(seat.course.load(where), student)
        if not spec.quiz_questions:
            hint = _("`{command}` gets its files", command=seat.spell(f"fetch {where}"))
            raise InputError(_("{assignment} has no quiz", assignment=where), hint)
        folder = Path(where)
        make_stub(spec, folder, seat)
        click.echo(_("Your folder is {folder}.", folder=folder), err=True)
        return spec, folder
    folder = Path(where)
    return draw_for(seat.find_assignment(folder, None), student), folder if folder.is_dir() else folder.parent


@dataclass(frozen=True)
class Sheet:
    """The file answers.yaml. Nothing of it is kept here: an editor may have it open, too."""

    path: Path

    @property
    def content(self) -> str:
        """What the file holds now; nothing where there is none."""
        try:
            return self.path.read_text(encoding="utf-8-sig") if self.path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else _("it is not UTF-8")
            message = _("{path} cannot be read: {reason}", path=self.path, reason=reason)
            raise InputError(message, _("save it as text in UTF-8")) from None

    def read(self, spec: Assignment) -> Answers:
        """Return the answers that it holds, and what in it cannot be understood."""
        from grader.answers import read_answers
        from grader.submission import ANSWERS, Submission

        return read_answers(spec, Submission({ANSWERS: self.content.encode()}))

    def save(self, question: QuizQuestion, typed: str) -> None:
        """Put an answer in; it is on disk when this returns, and the file is whole at any moment.

        Raises:
            ValueError: the answer cannot be understood.
            InputError: it cannot be written.
        """
        from grader.answers import set_answer

        content = set_answer(self.content, question, typed)
        hint = _("free some space, or allow writing; earlier answers are safe")
        write_file(self.path, content.encode(), hint)


class Round:
    """Going through the questions, back and forth, until somebody stops or the last one is passed."""

    def __init__(self, spec: Assignment, sheet: Sheet) -> None:
        self._spec, self._sheet = spec, sheet
        self._questions = spec.quiz_questions

    def run(self) -> None:
        """Ask. It begins at the first question that has no answer."""
        number = len(self._questions)
        count = plural("{title}: 1 question.", "{title}: {number} questions.", number, title=self._spec.title)
        # A terminal that is cleared shows the keys above each question.
        click.echo(count if _is_capable() else f"{count} {_(KEYS)}")
        answered = [value is not None for value in self._sheet.read(self._spec).values.values()]
        place: int | None = answered.index(False) if False in answered else 0
        while place is not None and place < len(self._questions):
            self._show(place)
            place = self._ask(place)

    def _show(self, place: int) -> None:
        from grader.display import format_points

        question = self._questions[place]
        if _is_capable():
            click.clear()
            click.echo(_(KEYS))
        click.echo()
        at = _("{place} of {count}", place=place + 1, count=len(self._questions))
        print_heading(f"{at}  {question.title or question.id}")
        click.echo(f"{format_points(question.points)}\n")
        print_markdown(question.prompt)
        for letter, choice in zip(getattr(question, "letters", ()), getattr(question, "choices", ()), strict=True):
            click.echo(f"\n  {letter})  ", nl=False)
            _print_choice(choice.text)
        current = self._sheet.read(self._spec).values[question.id]
        if current is not None:
            answer = ", ".join(current) if isinstance(current, tuple) else current
            told = _("Your answer: {answer}", answer=answer)
            click.echo(f"\n{told}")

    def _ask(self, place: int) -> int | None:
        """Return the place of the question that comes next, None to stop."""
        question = self._questions[place]
        while True:
            typed = _read_line(f"\n{_(_FORMS[question.kind])}: ")
            if typed is None or typed == "!" or (typed == "q" and question.kind == "numeric"):
                return None
            if typed == "q" and "q" not in getattr(question, "letters", "q"):
                return None
            if typed in ("", ">"):
                return place + 1
            if typed == "<":
                return max(0, place - 1)
            if typed == "?":
                self._list()
                continue
            if (chosen := self._read_number(typed)) is not None:
                return chosen
            if question.kind != "text" and _ASKED.fullmatch(typed):
                click.echo(
                    plural("there is 1 question", "there are {number} questions", len(self._questions)), err=True
                )
                continue
            try:
                self._sheet.save(question, "" if typed == "-" else typed)
            except ValueError as error:
                click.echo(f"{error}", err=True)
                continue
            return place + 1

    def _read_number(self, typed: str) -> int | None:
        """Return the place of the question whose number is typed before a question mark, None if there is none."""
        asked = _ASKED.fullmatch(typed)
        number = int(asked[1]) if asked and len(asked[1]) < 10 else 0
        return number - 1 if 1 <= number <= len(self._questions) else None

    def _list(self) -> None:
        values = self._sheet.read(self._spec).values
        for number, question in enumerate(self._questions, 1):
            mark = " " if values[question.id] is None else "x"
            click.echo(f"  [{mark}] {number:>2}  {question.title or question.id}")
        click.echo(_(KEYS))


def _print_choice(text: str) -> None:
    from grader.display import clean_text
    from grader.report.plain import to_plain_text

    lines = clean_text(to_plain_text(text.strip())).splitlines()
    click.echo("\n".join([*lines[:1], *(f"      {line}" for line in lines[1:])]))


def _read_line(prompt: str) -> str | None:
    r"""Return what is typed, None at the end of what there is; a line that ends in \ goes on in the next."""
    click.echo(prompt, nl=False)
    typed = ""
    while line := sys.stdin.readline():
        piece = line.rstrip("\r\n")
        if not piece.endswith("\\"):
            return (typed + piece).strip()
        typed += f"{piece[:-1]}\n"
    click.echo()
    return typed.strip() or None


def _is_capable() -> bool:
    """Can this terminal be cleared? Where words are read aloud, or kept in a file, nothing should vanish."""
    return sys.stdout.isatty() and sys.stdin.isatty() and os.environ.get("TERM", "dumb") != "dumb"
