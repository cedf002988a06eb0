"""The student's command hint: help in steps."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import json_option, student_option
from grader.cli.output import confirm, print_json, print_markdown, print_table
from grader.cli.seat import Seat, draw_for, who
from grader.errors import InputError, suggest
from grader.language import _, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.hints import HintState
    from grader.questions import Hint
    from grader.spec import Assignment


@click.command()
@click.argument("names", nargs=-1, metavar="[ASSIGNMENT] [QUESTION]", shell_complete=complete_assignment)
@student_option
@click.option("--yes", is_flag=True, help="Take a hint that costs points without being asked.")
@click.option("--again", is_flag=True, help="Show the hints that you have taken, and take none.")
@json_option
@click.pass_obj
def hint(
    course: Path | None, names: tuple[str, ...], student: str | None, yes: bool, again: bool, as_json: bool
) -> None:
    """Take the next hint for a question; its price is said first.

    In the folder that `grader fetch` made the assignment need not be named, and the question only where several have
    hints. Hints that were taken are on record: they cost what the assignment says, from the next attempt on.
    """
    seat = Seat(course)
    spec, question = _find_question(seat, names)
    tell_next(seat, spec, question, student, yes=yes, again=again, as_json=as_json)


def tell_next(
    seat: Seat,
    spec: Assignment,
    question: str | None,
    student: str | None,
    *,
    yes: bool,
    again: bool = False,
    as_json: bool = False,
) -> None:
    """Take the next hint of a question and print it; where none is named and several have hints, list those.

    Raises:
        InputError: there is none, or it may not be taken yet.
    """
    from grader.hints import list_hints, take_hint

    name = who(student)
    spec = draw_for(spec, name)
    with seat.open_gradebook() as gradebook:
        states = list_hints(spec, gradebook.hints(spec.id, name))
        if not states:
            raise InputError(_("{name} has no hints", name=spec.id), _("ask your instructor"))
        if again:
            _print_told([one for one in states if question in (None, one.question.id)], as_json)
            return
        state = _choose(states, question)
        if state is None:
            _print_list(spec, states, as_json)
            return
        if state.following is not None and state.following.cost and not _agrees(state.following, yes):
            click.echo(_("No hint was taken."), err=True)
            raise click.exceptions.Exit(1)
        taken = take_hint(gradebook, spec, state, name, datetime.now(UTC))
    # The question need not be named where only one has hints.
    names = spec.id if len(states) == 1 else f"{spec.id} {taken.question.id}"
    _print_hint(taken, as_json, seat.spell(f"hint {names}"))


def _find_question(seat: Seat, names: Sequence[str]) -> tuple[Assignment, str | None]:
    """Return the assignment and the question that the arguments mean: either may be left out in a student's folder."""
    if len(names) > 2:
        raise click.UsageError(_("got unexpected extra argument ({name})", name=names[2]))
    if names and names[0] in seat.course.assignments:
        seat.check_folders(names[0])
        spec = seat.course.load(names[0])
        question = names[1] if len(names) == 2 else None
    elif names and (Path(names[0]).is_dir() or len(names) == 2):
        spec = seat.find_assignment(Path(names[0]), None) if Path(names[0]).is_dir() else seat.load(names[0])
        question = names[1] if len(names) == 2 else None
    else:
        try:
            spec = seat.find_assignment(Path(), None)
        except InputError as error:
            if not names:
                raise
            near = suggest(names[0], seat.course.assignments)
            raise InputError(_("no assignment {name!r}{near}", name=names[0], near=near), error.hint) from None
        question = names[0] if names else None
    if question is not None:
        spec.question(question)
    return spec, question


def _choose(states: Sequence[HintState], question: str | None) -> HintState | None:
    """Return the question that is meant; None where several have hints and none is named.

    Raises:
        InputError: the one that is named has no hints.
    """
    if question is None:
        return states[0] if len(states) == 1 else None
    for state in states:
        if state.question.id == question:
            return state
    names = ", ".join(state.question.id for state in states)
    raise InputError(_("{name} has no hints", name=question), _("hints are there for {names}", names=names))


def _agrees(hint: Hint, yes: bool) -> bool:
    from grader.display import format_points

    if yes:
        return True
    cost = format_points(hint.cost)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(_("the next hint costs {cost}", cost=cost), _("give --yes to take it all the same"))
    return confirm(_("The next hint costs {cost}. Take it?", cost=cost))


def _print_hint(state: HintState, as_json: bool, command: str) -> None:
    number, hint = state.taken, state.told[-1]
    if as_json:
        print_json(_hint_json(state, number, hint))
        return
    click.echo(f"{_describe_place(state, number)}\n")
    print_markdown(hint.text)
    if state.following is not None:
        told = ", ".join([_("There is another one"), *_describe_terms(state.following)])
        click.echo(f"\n{told}: `{command}`")


def _print_told(states: Sequence[HintState], as_json: bool) -> None:
    told = [(state, number, hint) for state in states for number, hint in enumerate(state.told, 1)]
    if as_json:
        print_json([_hint_json(*one) for one in told])
        return
    if not told:
        click.echo(_("You have taken no hints yet."))
    for state, number, hint in told:
        click.echo(f"{_describe_place(state, number)}\n")
        print_markdown(hint.text)
        click.echo()


def _print_list(spec: Assignment, states: Sequence[HintState], as_json: bool) -> None:
    if as_json:
        keys = [(state.question.id, state.taken, len(state.question.hints)) for state in states]
        print_json([{"question": name, "taken": taken, "hints": count} for name, taken, count in keys])
        return
    rows = [
        (
            state.question.id,
            _("{taken} of {count}", taken=state.taken, count=len(state.question.hints)),
            "-" if state.following is None else ", ".join(_describe_terms(state.following)) or _("free"),
        )
        for state in states
    ]
    print_table((_("QUESTION"), _("TAKEN"), _("NEXT")), rows)
    told = _("`{command}` gives the next one.", command=f"grader hint {spec.id} QUESTION")
    click.echo(f"\n{told}")


def _describe_place(state: HintState, number: int) -> str:
    values = {"number": number, "count": len(state.question.hints), "question": state.question.id}
    return _("Hint {number} of {count} for {question}:", **values)


def _describe_terms(hint: Hint) -> list[str]:
    """Return what a hint costs, and when it may be taken; nothing where it is free at once."""
    from grader.display import format_points

    terms = [_("which costs {cost}", cost=format_points(hint.cost))] if hint.cost else []
    return terms + ([plural("after {number} attempt", "after {number} attempts", hint.after)] if hint.after else [])


def _hint_json(state: HintState, number: int, hint: Hint) -> dict[str, object]:
    return {
        "question": state.question.id,
        "step": number,
        "hints": len(state.question.hints),
        "text": hint.text,
        "cost": float(hint.cost),
    }
