"""Reading answers: what waits, one answer after another on a terminal, or one mark at a time, or a sheet of them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.completion import complete_assignment
from grader.cli.decisions import ARROW, describe_effect, effect_json
from grader.cli.options import GivenPath, json_option
from grader.cli.output import print_heading, print_json, print_table
from grader.cli.seat import Seat, acting_user
from grader.errors import InputError
from grader.files import write_file

if TYPE_CHECKING:
    from grader.decisions import Mark
    from grader.gradebook import Gradebook
    from grader.marking import Answer, Marked
    from grader.questions import Criterion, Level
    from grader.spec import Assignment

MAX_LINES = 40  # of an answer on the screen, before it is asked for as a whole
WIDTH = 78
KEYS = "s skip, b back, q quit"


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    student: str | None
    question: str | None
    score: str | None
    rubric: tuple[str, ...]
    comment: str | None
    attempt: int | None
    withdraw: bool

    @property
    def is_mark(self) -> bool:
        """Is it to give or take back a mark?"""
        return any((self.score is not None, self.rubric, self.comment is not None, self.withdraw))


@click.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.argument("student", required=False)
@click.option("--question", metavar="ID", help="The question that is marked.")
@click.option("--score", metavar="SCORE", help="What it earns, such as 2.5.")
@click.option("--rubric", multiple=True, metavar="CRITERION=LEVEL", help="A level, for each criterion of the rubric.")
@click.option("--comment", metavar="TEXT", help="For the student.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Which attempt.  [default: what counts]")
@click.option("--withdraw", is_flag=True, help="Take the mark back.")
@click.option("--list", "listing", is_flag=True, help="Say what waits, and how many.")
@click.option("--names", is_flag=True, help="Show whose answers they are; hidden by default.")
@click.option("--export", type=GivenPath(dir_okay=False), metavar="FILE.csv", help="Write what waits to a sheet.")
@click.option(
    "--import",
    "sheet",
    type=GivenPath(dir_okay=False),
    metavar="FILE.csv",
    help="Take marks from one.",
)
@json_option
@click.pass_obj
def mark(
    course: Path | None,
    assignment: str,
    student: str | None,
    question: str | None,
    score: str | None,
    rubric: tuple[str, ...],
    comment: str | None,
    attempt: int | None,
    withdraw: bool,
    listing: bool,
    names: bool,
    export: Path | None,
    sheet: Path | None,
    as_json: bool,
) -> None:
    """Mark answers that a person must read.

    On a terminal, it goes through all that wait for ASSIGNMENT, question by question and without names; each mark is
    kept at once. With STUDENT and --question one answer is marked, of code too: by --score, or by --rubric. Only
    submissions that count, or may count, are asked about.
    """
    wish = Wish(student, question, score, rubric, comment, attempt, withdraw)
    _check_modes(wish, listing, export, sheet)
    seat = Seat(course)
    spec = seat.course.load(assignment)
    with seat.open_gradebook() as gradebook:
        if wish.is_mark:
            _mark_one(seat, gradebook, spec, wish, as_json)
        elif sheet is not None:
            _import_sheet(gradebook, spec, sheet, as_json)
        else:
            from grader.marking import find_waiting

            waiting = find_waiting(seat.course, gradebook, spec, student)
            if question is not None:
                spec.question(question)
                waiting = tuple(answer for answer in waiting if answer.question.id == question)
            if export is not None:
                _export_sheet(waiting, names, export)
            elif listing or as_json:
                _print_waiting(spec, waiting, names or student is not None, as_json)
            else:
                _walk(Walk(seat, gradebook, spec, waiting, names=names or student is not None))


def _check_modes(wish: Wish, listing: bool, export: Path | None, sheet: Path | None) -> None:
    """Refuse options that do not go together."""
    ctx = click.get_current_context()
    given = {"--list": listing, "--export": export is not None, "--import": sheet is not None}
    modes = [name for name, is_given in given.items() if is_given] + (["a mark"] if wish.is_mark else [])
    if len(modes) > 1:
        raise click.UsageError(f"{' and '.join(modes)} do not go together", ctx)
    if not wish.is_mark:
        if wish.attempt is not None:
            raise click.UsageError("--attempt goes with a mark", ctx)
        return
    if wish.student is None or wish.question is None:
        raise click.UsageError("a mark needs a STUDENT and a --question", ctx)
    kinds = {"--score": wish.score is not None, "--rubric": bool(wish.rubric), "--withdraw": wish.withdraw}
    said = [name for name, is_given in kinds.items() if is_given]
    if len(said) > 1:
        raise click.UsageError(f"{' and '.join(said)} do not go together: give one", ctx)
    if not said:
        raise click.UsageError("a comment goes with a --score or a --rubric", ctx)
    if wish.withdraw and wish.comment is not None:
        raise click.UsageError("--withdraw takes the comment back, too: leave out --comment", ctx)


# One mark.


def _mark_one(seat: Seat, gradebook: Gradebook, spec: Assignment, wish: Wish, as_json: bool) -> None:
    from grader.decisions import Mark, check_words, parse_score
    from grader.marking import find_entry, keep_mark, make_mark

    assert wish.student is not None
    assert wish.question is not None
    question = spec.question(wish.question)
    score = None if wish.score is None else parse_score(wish.score)
    comment = None if wish.comment is None else check_words(wish.comment, "the comment")
    entry = find_entry(seat.course, gradebook, spec, wish.student, wish.attempt)
    at, by = datetime.now(UTC), acting_user()
    if wish.withdraw:
        given = Mark(entry.id, question.id, None, by, at)
    else:
        given = make_mark(question, entry, score, wish.rubric, comment, by=by, at=at)
    marked = keep_mark(seat.course, gradebook, spec, entry, given)
    if as_json:
        print_json(_marked_json(spec, given, marked))
        return
    from grader.display import clean_line, format_amount

    before, after = marked.before, marked.after
    was = "waits for review" if before.status == "needs_review" else format_amount(before.score)
    now = "waits for review" if after.status == "needs_review" else format_amount(after.score)
    click.echo(
        f"{clean_line(entry.student)}, attempt {entry.number}, {question.id}: {was} {ARROW} {now} "
        f"of {format_amount(after.points)}"
    )
    for effect in marked.effects:
        click.echo(f"  {clean_line(effect.student)}: {describe_effect(effect, seat.course.time_zone)}")


def _marked_json(spec: Assignment, given: Mark, marked: Marked) -> dict[str, Any]:
    from grader.display import to_number

    return {
        "format": 1,
        "assignment": spec.id,
        **_mark_json(given),
        "before": {"status": str(marked.before.status), "score": to_number(marked.before.score)},
        "after": {"status": str(marked.after.status), "score": to_number(marked.after.score)},
        "points": to_number(marked.after.points),
        "effects": [effect_json(effect) for effect in marked.effects],
    }


def _mark_json(given: Mark) -> dict[str, Any]:
    from grader.display import to_number

    return {
        "submission": given.submission,
        "question": given.question,
        "score": None if given.score is None else to_number(given.score),
        "rubric": list(given.rubric),
        "comment": given.comment,
    }


# What waits.


def _print_waiting(spec: Assignment, waiting: Sequence[Answer], names: bool, as_json: bool) -> None:
    from grader.marking import fold

    if as_json:
        print_json([_answer_json(answer, names) for answer in waiting])
        return
    if not waiting:
        click.echo(f"No answer for {spec.id} waits for review.")
        return
    rows = []
    for question in spec.questions:
        own = [answer for answer in waiting if answer.question.id == question.id]
        if own:
            rows.append((question.id, str(len(own)), str(len({fold(answer.text) for answer in own}))))
    print_table(("QUESTION", "WAITING", "DIFFERENT"), rows, numbers=(1, 2))
    if names:
        from grader.display import list_names

        whose = sorted({answer.entry.student for answer in waiting})
        click.echo(f"\nof {list_names(whose)}")


def _answer_json(answer: Answer, names: bool) -> dict[str, Any]:
    from grader.display import clean_text, timestamp, to_number

    return {
        "submission": answer.entry.id,
        "student": answer.entry.student if names else None,
        "attempt": answer.entry.number if names else None,
        "submitted_at": timestamp(answer.entry.submitted_at) if names else None,
        "question": answer.question.id,
        "points": to_number(answer.question.points),
        "answer": clean_text(answer.text),
    }


# A sheet.


def _export_sheet(waiting: Sequence[Answer], names: bool, path: Path) -> None:
    from grader.marksheet import write_sheet

    if path.exists():
        raise InputError(f"{path} is there already", "it may hold marks: give another name, or remove it")
    write_file(path, write_sheet(waiting, names=names))
    click.echo(f"{path}: {len(waiting)} answers" if len(waiting) != 1 else f"{path}: 1 answer")


def _import_sheet(gradebook: Gradebook, spec: Assignment, path: Path, as_json: bool) -> None:
    from grader.marksheet import read_sheet

    marks = read_sheet(path, gradebook, spec, by=acting_user(), at=datetime.now(UTC))
    for given in marks:
        gradebook.add_mark(given)
    if as_json:
        print_json([_mark_json(given) for given in marks])
    else:
        click.echo(f"{len(marks)} new marks kept" if len(marks) != 1 else "1 new mark kept")


# One answer after another.


class Step(Enum):
    """Where to go from an answer."""

    NEXT = "next"
    BACK = "back"
    QUIT = "quit"


@dataclass(frozen=True)
class Given:
    """What a person gives an answer: a score, and the levels of the rubric that made it."""

    score: Fraction
    rubric: tuple[str, ...] = ()


@dataclass
class Walk:
    """A person going through answers. ``path`` are the numbers of those that were shown, to go back to."""

    seat: Seat
    gradebook: Gradebook
    spec: Assignment
    waiting: Sequence[Answer]
    names: bool
    path: list[int] = field(default_factory=list)
    done: set[tuple[str, str]] = field(default_factory=set)

    def is_open(self, number: int) -> bool:
        """Say whether an answer is still to be read: another person may read, too."""
        from grader.marking import still_waits

        answer = self.waiting[number]
        return answer.key not in self.done and still_waits(self.seat.course, self.gradebook, self.spec, answer)

    def find_same(self, answer: Answer) -> list[Answer]:
        """Return the answers that are still to be read and say the same."""
        from grader.marking import find_waiting

        shown = {other.key for other in self.waiting}
        waiting = find_waiting(self.seat.course, self.gradebook, self.spec)
        return [one for one in waiting if one.key in shown - self.done and one.is_same(answer)]

    def keep(self, answer: Answer, given: Given, comment: str | None) -> None:
        """Add a mark."""
        from grader.decisions import Mark

        at, by = datetime.now(UTC), acting_user()
        self.gradebook.add_mark(Mark(answer.entry.id, answer.question.id, given.score, by, at, given.rubric, comment))
        self.done.add(answer.key)


def _walk(walk: Walk) -> None:
    if not walk.waiting:
        click.echo(f"No answer for {walk.spec.id} waits for review.")
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        hint = "--list says what waits; STUDENT with --question and --score or --rubric marks one answer"
        raise InputError("to go from answer to answer takes a terminal", hint)
    try:
        _go(walk)
    finally:
        left = len({answer.key for answer in walk.waiting} - walk.done)
        click.echo(f"\n{len(walk.done)} marked, {left} left")


def _go(walk: Walk) -> None:
    number = 0
    while number < len(walk.waiting):
        if not walk.is_open(number):
            number += 1
            continue
        walk.path.append(number)
        step = _mark_answer(walk, number)
        while step is Step.BACK:
            if len(walk.path) > 1:
                walk.path.pop()
            number = walk.path[-1]
            step = _mark_answer(walk, number)
        if step is Step.QUIT:
            return
        number += 1


def _mark_answer(walk: Walk, number: int) -> Step:
    """Show an answer, ask for its mark, and keep it."""
    from grader.display import format_amount

    answer = walk.waiting[number]
    _show(walk, number)
    asked = _ask_rubric(answer) if _rubric_of(answer) else _ask_score(answer)
    if isinstance(asked, Step):
        return asked
    comment = _ask_comment()
    walk.keep(answer, asked, comment)
    click.echo(f"{format_amount(asked.score)} of {format_amount(answer.question.points)}, kept")
    _offer_same(walk, answer, asked, comment)
    return Step.NEXT


def _offer_same(walk: Walk, answer: Answer, given: Given, comment: str | None) -> None:
    """Offer the same mark for those who wrote the same."""
    if not any(other.key not in walk.done and other.is_same(answer) for other in walk.waiting):
        return
    same = walk.find_same(answer)
    if not same:
        return
    others = f"{len(same)} others" if len(same) > 1 else "1 other"
    if click.confirm(f"{others} wrote the same: the same mark?", default=False):
        for other in same:
            walk.keep(other, given, comment)
        click.echo(f"{len(same)} more kept")


def _rubric_of(answer: Answer) -> Sequence[Criterion]:
    return getattr(answer.question, "rubric", ())


def _show(walk: Walk, number: int) -> None:
    from grader.display import clean_line, format_points, shorten_lines

    answer = walk.waiting[number]
    entry, question = answer.entry, answer.question
    whose = f" · {clean_line(entry.student)}, attempt {entry.number}" if walk.names else ""
    again = " · marked before" if answer.key in walk.done else ""
    click.echo("")
    heading = f"{question.title or question.id} · {format_points(question.points)}"
    print_heading(f"{heading} · {number + 1} of {len(walk.waiting)}{whose}{again}")
    _print_block("", answer.asked)
    if why := getattr(question, "why", None):
        _print_block("A good answer says:", why)
    _print_block("The answer:", shorten_lines(_wrap(answer.text), MAX_LINES))
    for criterion in _rubric_of(answer):
        click.echo(f"\n{criterion.title} ({criterion.id})")
        for place, level in enumerate(criterion.scale, 1):
            click.echo(f"  {place}  {_describe_level(level)}")
    click.echo("")


def _describe_level(level: Level) -> str:
    from grader.display import format_points

    return f"{level.id}: {level.title}, {format_points(level.points)}"


def _print_block(heading: str, text: str) -> None:
    click.echo(f"\n{heading}" if heading else "")
    click.echo(textwrap.indent(_wrap(text), "  ", lambda line: True))


def _wrap(text: str) -> str:
    """Return a cleaned text with no line longer than a calm screen has."""
    from grader.display import clean_text

    lines = clean_text(text.strip()).expandtabs(4).split("\n")
    return "\n".join(part for line in lines for part in (textwrap.wrap(line, WIDTH, replace_whitespace=False) or [""]))


def _ask(text: str) -> str:
    """Ask for one line. What is not text in the terminal's encoding is asked for again."""
    while True:
        try:
            return str(click.prompt(text, default="", show_default=False, prompt_suffix=" ")).strip()
        except UnicodeDecodeError:
            click.echo("That was no text; once more, please.")


def _ask_for(answer: Answer, text: str) -> str | Step:
    """Ask for a mark, until there is one, or a wish to go elsewhere."""
    steps = {"s": Step.NEXT, "b": Step.BACK, "q": Step.QUIT}
    while True:
        reply = _ask(text)
        if reply == "a":
            _print_block("The whole answer:", answer.text)
        elif reply:
            return steps.get(reply, reply)


def _ask_score(answer: Answer) -> Given | Step:
    from grader.display import format_amount

    while True:
        reply = _ask_for(answer, f"Score, 0 to {format_amount(answer.question.points)} ({_keys_for(answer)}):")
        if isinstance(reply, Step):
            return reply
        if given := _read_score(answer, reply):
            return given


def _read_score(answer: Answer, text: str) -> Given | None:
    """Return the score that was typed; None, and say why, where it is not possible."""
    from grader.decisions import parse_score
    from grader.scoring import check_mark

    try:
        return Given(check_mark(answer.question, parse_score(text)))
    except InputError as error:
        _complain(error)
        return None


def _ask_rubric(answer: Answer) -> Given | Step:
    """Ask for a level of each criterion, or for another score behind =.

    Back goes to the criterion before, and from the first one to the answer before.
    """
    from grader.scoring import score_rubric

    rubric = _rubric_of(answer)
    chosen: list[str] = []
    while len(chosen) < len(rubric):
        criterion = rubric[len(chosen)]
        reply = _ask_for(
            answer, f"{criterion.id}, 1 to {len(criterion.scale)} (=2.5 another score, {_keys_for(answer)}):"
        )
        if reply is Step.BACK and chosen:
            chosen.pop()
        elif isinstance(reply, Step):
            return reply
        elif reply.startswith("="):
            if given := _read_score(answer, reply[1:]):
                return given
        elif level := _find_level(criterion, reply):
            chosen.append(f"{criterion.id}={level.id}")
        else:
            levels = ", ".join(f"{place} {level.id}" for place, level in enumerate(criterion.scale, 1))
            click.echo(f"No such level; they are {levels}.")
    return Given(score_rubric(answer.question, chosen), tuple(chosen))


def _find_level(criterion: Criterion, reply: str) -> Level | None:
    """Return the level with a number or an id."""
    for place, level in enumerate(criterion.scale, 1):
        if reply in (str(place), level.id):
            return level
    return None


def _ask_comment() -> str | None:
    from grader.decisions import check_words

    while words := _ask("Comment for the student (Enter for none):"):
        try:
            return check_words(words, "the comment")
        except InputError as error:
            _complain(error)
    return None


def _keys_for(answer: Answer) -> str:
    whole = ", a all of it" if _wrap(answer.text).count("\n") >= MAX_LINES else ""
    return KEYS + whole


def _complain(error: InputError) -> None:
    click.echo(f"{error.message}; {error.hint}" if error.hint else error.message)
