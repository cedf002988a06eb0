"""The commands ``package …``: an assignment for other places that run it, and what runs there."""

from __future__ import annotations

import math
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option
from grader.cli.output import print_json
from grader.cli.seat import Seat
from grader.errors import FaultError, GraderError, InputError, SpecError
from grader.language import ENGLISH, speaking, spoken

if TYPE_CHECKING:
    from grader.packages.gradescope import Settings
    from grader.packages.running import GradedHere

_file = GivenPath(dir_okay=False)
_folder = GivenPath(file_okay=False)
ISOLATION_IN_GRADESCOPE = (
    "Isolation: tier A where Gradescope's container lets Landlock through, else B; which it is, is printed there for\n"
    "instructors with every submission. With less, nothing is run and nobody has a score."
)
ISOLATION_ON_GITHUB = (
    "Isolation: tier A is to be expected on GitHub's machines, and printed at every run; there is nothing in the\n"
    "repository that its owner may not read."
)
SHOWN = ("visible", "after_due_date", "after_published", "hidden")


@click.group()
def package() -> None:
    """Pack an assignment for Gradescope or GitHub Classroom."""


@package.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.option("--out", type=_file, metavar="FILE.zip", help="The zip to write.  [default: ASSIGNMENT-gradescope.zip]")
@click.option(
    "--hidden",
    type=click.Choice(SHOWN),
    default="after_published",
    show_default=True,
    help="When students see how hidden checks came out.",
)
@click.option("--with-bonus", is_flag=True, help="Count bonus points.")
@click.option(
    "--student",
    type=click.Choice(["email", "sid"]),
    default="email",
    show_default=True,
    help="What is the student's id, where questions differ from student to student.",
)
@click.option(
    "--require", "requirements", multiple=True, metavar="REQUIREMENT", help="Install this, too: scipy==1.17.0."
)
@json_option
@click.pass_obj
def gradescope(course: Path | None, /, assignment: str, out: Path | None, as_json: bool, **options: Any) -> None:
    """Write ASSIGNMENT as an autograder for Gradescope.

    Upload the zip there: Configure Autograder. It grades with this version of grader in Gradescope's container, where
    hidden checks and solutions lie, too; which walls keep students' code from them is found out there, and printed for
    instructors with each submission. With too few of them nothing is run, and no score is given.
    """
    from grader.display import format_amount
    from grader.packages.gradescope import Settings, Shown, StudentField, collect, write_gradescope

    seat = Seat(course)
    spec = seat.course.load(assignment)
    policy = seat.course.policy_of(spec)
    late = policy.feedback == "after_due"
    settings = Settings(
        assignment=spec.id,
        hidden=Shown(options["hidden"]),
        feedback=Shown.AFTER_DUE_DATE if late else Shown.VISIBLE,
        with_bonus=options["with_bonus"],
        student=StudentField(options["student"]),
        language=seat.course.language,
    )
    contents = collect(spec, policy, settings, options["requirements"])
    target = out if out is not None else Path(f"{spec.id}-gradescope.zip")
    write_gradescope(target, contents)
    points = contents.points + contents.bonus if settings.with_bonus else contents.points
    if as_json:
        amounts = {"points": float(points), "public": contents.public, "hidden": contents.hidden}
        amounts |= {"memory_mb": contents.memory_mb}
        print_json({"format": 1, "file": str(target), "assignment": spec.id, **amounts, "notes": list(contents.notes)})
        return
    for note in contents.notes:
        click.echo(f"grader: {note}", err=True)
    click.echo(f"{target}: {contents.public} public and {contents.hidden} hidden checks")
    gigabytes = math.ceil(contents.memory_mb / 100) / 10
    click.echo(
        f"In Gradescope: {format_amount(points)} autograder points, a container with {gigabytes:g} GB of memory."
    )
    click.echo(ISOLATION_IN_GRADESCOPE)


@package.command("github-classroom")
@click.argument("assignment", shell_complete=complete_assignment)
@click.option("--out", type=_folder, metavar="DIR", help="The folder to write to.  [default: ASSIGNMENT-github]")
@click.option(
    "--force", is_flag=True, help="Overwrite files that were changed; a copy of them is kept beside the folder."
)
@json_option
@click.pass_obj
def github_classroom(course: Path | None, assignment: str, out: Path | None, force: bool, as_json: bool) -> None:
    """Write ASSIGNMENT as a starter repository for GitHub Classroom.

    It holds what `grader fetch` gives a student, and a workflow that runs the public checks at every push. Students can
    read and change all of it, so hidden checks, answers and solutions are not in it, and its points are no grade: grade
    the clones with `grader grade`.
    """
    from grader.display import format_points
    from grader.packages.github import make_repository
    from grader.stub import write_stub

    seat = Seat(course)
    spec = seat.course.load(assignment)
    found = make_repository(spec, language=seat.course.language)
    target = out if out is not None else Path(f"{spec.id}-github")
    written = write_stub(found.files, target, force=force)
    if as_json:
        files = {"files": sorted(found.files), "points": float(found.points), "checks": found.checks}
        print_json({"format": 1, "folder": str(target), "assignment": spec.id, **files, "notes": list(found.notes)})
        return
    for note in found.notes:
        click.echo(f"grader: {note}", err=True)
    if written.backup is not None:
        click.echo(f"What was there is in {written.backup}.")
    checks = f"{found.checks} public {'check' if found.checks == 1 else 'checks'}"
    click.echo(f"{target}: {checks}, {format_points(found.points)}")
    click.echo(ISOLATION_ON_GITHUB)


# What runs elsewhere.


@package.command("run-gradescope", hidden=True)
@click.option("--source", type=_folder, required=True)
@click.option("--submission", type=_folder, required=True)
@click.option("--metadata", type=_file, required=True)
@click.option("--results", type=_file, required=True)
def run_gradescope(source: Path, submission: Path, metadata: Path, results: Path) -> None:
    """Grade one submission in Gradescope's container."""
    from grader.packages import gradescope_results as made

    started = time.monotonic()
    results.unlink(missing_ok=True)  # nothing that a submission brought along shall pass for ours
    language = ENGLISH
    try:
        settings = made.read_settings(source)
        language = settings.language
        with speaking(settings.language):
            told = _run_gradescope(source, submission, metadata, settings, started)
            if not made.has_score(told):
                raise FaultError("the grade is pending: see the report above", "run the autograder again")
    except BaseException:
        with speaking(language):
            made.write_results(results, made.fail_results(time.monotonic() - started))
        raise
    made.write_results(results, told)


def _run_gradescope(
    source: Path, submission: Path, metadata: Path, settings: Settings, started: float
) -> dict[str, object]:
    """Return Gradescope's results of a submission; what is the student's to mend is told in them."""
    from grader.packages import gradescope_results as made
    from grader.packages.gradescope import ASSIGNMENTS
    from grader.packages.running import grade_folder
    from grader.report import Reader
    from grader.spec import load_assignment

    student = made.find_student(metadata, settings.student)
    try:
        spec = load_assignment(source / ASSIGNMENTS / settings.assignment)
        graded = grade_folder(spec, submission, student=student, secrets=[source], language=settings.language)
        told = made.build_results(graded.report(Reader.STUDENT), settings, time.monotonic() - started)
    except SpecError as error:  # ours, not the student's
        raise FaultError(error.message, error.hint) from None
    except InputError as error:
        return made.refuse_results(error, time.monotonic() - started)
    _print_for_instructors(graded)
    return told


def _print_for_instructors(graded: GradedHere) -> None:
    from grader.report import Reader, to_text

    environment = graded.grade.environment
    tier, walls = environment.get("isolation", "unknown"), environment.get("walls", "")
    click.echo(f"Isolation tier: {tier}{f' ({walls})' if walls else ''}")
    click.echo(to_text(graded.report(Reader.INSTRUCTOR), width=100))


@package.command("run-github-classroom", hidden=True)
@click.option("--source", type=_folder, required=True)
@click.option("--submission", type=_folder, required=True)
def run_github_classroom(source: Path, submission: Path) -> None:
    """Run the public checks in a workflow of GitHub."""
    from grader.packages.github import read_language

    with speaking(read_language(source)):
        _run_github_classroom(source, submission)


def _run_github_classroom(source: Path, submission: Path) -> None:
    from grader.packages import github_results as made
    from grader.packages.running import grade_folder
    from grader.report import Reader, to_text
    from grader.spec import load_assignment

    result = made.fail_result()
    try:
        (folder,) = (source / "assignments").iterdir()
        spec = load_assignment(folder)
        try:
            graded = grade_folder(spec, submission, language=spoken())
        except InputError as error:
            if isinstance(error, SpecError):
                raise
            result = made.refuse_result(error, float(spec.points))
            raise
        report = graded.report(Reader.STUDENT)
        result = made.build_result(report)
        with _no_commands():
            click.echo(to_text(report, width=100))
            click.echo(f"Isolation tier: {graded.grade.environment.get('isolation', 'unknown')}")
        _append("GITHUB_STEP_SUMMARY", made.write_summary(report))
    except GraderError as error:
        with _no_commands():
            click.echo(f"grader: {error.message}\n  {error.hint or ''}")
    finally:
        _append("GITHUB_OUTPUT", f"result={made.encode_result(result)}\n")


@contextmanager
def _no_commands() -> Iterator[None]:
    """Let nothing that is printed meanwhile be taken for a command of the workflow: students' code prints, too."""
    word = secrets.token_hex(16)
    click.echo(f"::stop-commands::{word}")
    try:
        yield
    finally:
        click.echo(f"::{word}::")


def _append(name: str, text: str) -> None:
    from grader.packages.github_results import append

    if path := os.environ.get(name):
        append(Path(path), text)
