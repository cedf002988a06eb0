"""The author's commands: new, verify."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import jobs_option, json_option, no_isolation_option
from grader.cli.output import print_heading, print_json, print_table, progress
from grader.cli.seat import Seat
from grader.files import write_file

if TYPE_CHECKING:
    from grader.verify import Hole, Proof, Trial

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@click.command()
@click.argument("assignment")
@click.pass_obj
def new(course: Path | None, assignment: str) -> None:
    """Start an assignment: a small one that works, to be replaced.

    Comments in its files say what is to do where. It is added to the course in the current folder, or in that of
    --course; where there is none, one is made.
    """
    from grader.scaffold import add_assignment

    folder = course if course is not None else Path()
    for name in add_assignment(folder, assignment).written:
        click.echo(f"{folder / assignment / name}")
    where = f"grader --course {folder}"
    click.echo(f"\nReplace what the TODOs name, and run `{where} verify {assignment}`: it says what is left.")


@click.command()
@click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...", shell_complete=complete_assignment)
@jobs_option
@json_option
@no_isolation_option
@click.option(
    "--write-figures", is_flag=True, help="Keep what the reference solution draws, for reports to show beside others."
)
@click.pass_obj
def verify(
    course: Path | None,
    assignments: tuple[str, ...],
    jobs: int,
    as_json: bool,
    no_isolation: bool,
    write_figures: bool,
) -> None:
    """Prove that an assignment is sound, before students meet it.

    The untouched stub must fail, every solution pass, each known mistake be caught by the checks that say so, and
    every mutant of the reference solution by some check. All of the course's assignments are tried by default.

    Exit codes: 0 proven, 1 there are holes, 3 this machine cannot grade.
    """
    from grader.engine import Pool

    with Pool(jobs) as pool:
        from grader.verify import find_course_todos, list_figures, make_specimens, prove

        seat = Seat(course)
        chosen = [seat.course.load(name) for name in assignments or seat.course.assignments]
        specimens = [make_specimens(assignment) for assignment in chosen]
        setup = seat.setup(isolated=not no_isolation)
        with progress(sum(map(len, specimens)), "Verifying") as advance:
            pairs = zip(chosen, specimens, strict=True)
            proofs = [prove(pool, assignment, own, setup, advance) for assignment, own in pairs]
    left = find_course_todos(seat.course)
    for path, picture in (pair for proof in proofs if write_figures for pair in list_figures(proof)):
        write_file(path, picture)
        click.echo(f"{path}", err=as_json)
    if as_json:
        described = [_describe(proof) for proof in proofs]
        print_json({"format": 1, "assignments": described, "holes": _describe_holes(left)})
    else:
        for proof in proofs:
            _print_proof(proof)
        _print_holes(left)
        proven = sum(proof.proven for proof in proofs)
        click.echo(f"{proven} of {len(proofs)} {'assignment' if len(proofs) == 1 else 'assignments'} proven.")
    raise click.exceptions.Exit(1 if left or not all(proof.proven for proof in proofs) else 0)


def _print_proof(proof: Proof) -> None:
    from grader.variants import TRIED
    from grader.verify import Role

    print_heading(f"{proof.assignment.id}: {'proven' if proof.proven else 'NOT PROVEN'}")
    counts = {
        "check": len(proof.checks),
        "solution": proof.count(Role.REFERENCE, Role.SOLUTION),
        "mistake": proof.count(Role.MISTAKE),
        "mutant": proof.count(Role.MUTANT),
    }
    click.echo(", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items()))
    for tried in proof.variants:
        click.echo(f"{tried.question} has {tried.different} different variants for {TRIED} students")
    letters = {check.id: LETTERS[number % len(LETTERS)] for number, check in enumerate(proof.checks)}
    wrong = [trial for trial in proof.trials if trial.specimen.role in (Role.MISTAKE, Role.MUTANT)]
    if wrong:
        click.echo("")
        print_table(("", "CAUGHT BY", ""), [_row(trial, letters) for trial in wrong])
        click.echo("")
        for check in proof.checks:
            if check.id in proof.unrun:
                click.echo(f"{letters[check.id]}  {check.id} was not run")
                continue
            catches = sum(check.id in trial.caught_by for trial in wrong)
            alone = sum(trial.caught_by == (check.id,) for trial in wrong)
            note = f"{alone} of them alone" if alone else "none of them alone: other checks make it redundant"
            click.echo(f"{letters[check.id]}  {check.id} catches {catches}, {note}")
    click.echo("")
    _print_holes(proof.holes)


def _print_holes(holes: Sequence[Hole]) -> None:
    from grader.display import clean_line, clean_text

    for hole in holes:
        click.echo(f"{clean_text(hole.message)}\n  {clean_line(hole.hint)}\n")


def _row(trial: Trial, letters: dict[str, str]) -> Sequence[str]:
    from grader.display import clean_line

    caught = "".join(letter if name in trial.caught_by else "." for name, letter in letters.items())
    return (
        str(trial.specimen.role),
        caught if trial.applied else "nothing to spoil",
        clean_line(trial.specimen.name, 80),
    )


def _describe(proof: Proof) -> dict[str, Any]:
    from grader.display import clean_line

    return {
        "assignment": proof.assignment.id,
        "proven": proof.proven,
        "checks": [check.id for check in proof.checks],
        "redundant": list(proof.redundant),
        "variants": {tried.question: tried.different for tried in proof.variants},
        "trials": [
            {
                "role": str(trial.specimen.role),
                "name": clean_line(trial.specimen.name, 1000),
                "applied": trial.applied,
                "score": float(trial.grade.score),
                "caught_by": list(trial.caught_by),
                "recognised": [diagnosis.mistake for diagnosis in trial.grade.diagnoses],
            }
            for trial in proof.trials
        ],
        "holes": _describe_holes(proof.holes),
    }


def _describe_holes(holes: Sequence[Hole]) -> list[dict[str, str]]:
    from grader.display import clean_line, clean_text

    return [{"message": clean_text(hole.message), "hint": clean_line(hole.hint)} for hole in holes]
