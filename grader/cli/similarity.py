"""The instructor's command similar: whose submissions are alike."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, json_option, refuse_pages_beside_json
from grader.cli.output import print_json, print_table, progress, waiting
from grader.cli.seat import Seat
from grader.errors import FaultError, GradebookError, InputError, SubmissionError
from grader.files import write_file

if TYPE_CHECKING:
    from grader.gradebook import Entry, Gradebook
    from grader.report.similar import PairView, Side, SimilarAssignment
    from grader.similarity import Comparison, Pair
    from grader.spec import Assignment

MOST_PAGES = 1000  # for all assignments together: so many rows still make a page under 2 MB
MOST_OF_ONE = 200
_PAGE = re.compile(r"[a-z0-9-]+-\d{3}\.html")


@dataclass(frozen=True)
class Compared:
    """What came of comparing an assignment: ``entries`` are its submissions by id.

    ``lost`` submissions could not be read. ``handout`` is the code that students were given, ``given`` its hashes.
    ``names`` are what the roster calls the students.
    """

    assignment: Assignment
    comparison: Comparison
    entries: Mapping[str, Entry]
    lost: int
    handout: Mapping[str, str]
    given: frozenset[int]
    names: Mapping[str, str]

    def side(self, entry: Entry) -> Side:
        """Return a submission as pages name it."""
        from grader.report.similar import Side

        names = tuple(self.names[student] for student in entry.students if student in self.names)
        return Side(entry.students, entry.id, entry.number, entry.submitted_at, names)


@click.command()
@click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...", shell_complete=complete_assignment)
@click.option(
    "--out",
    type=GivenPath(file_okay=False),
    default=Path("report") / "similar",
    show_default=True,
    metavar="DIR",
    help="The folder to write to.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    metavar="X",
    help="From what share of their code on pairs are listed, from 0 to 1.",
)
@click.option("--all-attempts", "every_attempt", is_flag=True, help="Compare every attempt, not only those that count.")
@json_option
@click.pass_obj
def similar(
    course: Path | None, assignments: tuple[str, ...], out: Path, threshold: float, every_attempt: bool, as_json: bool
) -> None:
    """Find submissions with code alike, to see them side by side.

    What is alike once names, comments and formatting are taken away is listed, for you to read: a likeness proves
    nothing. What students were given and what many have does not count. Everything stays on this machine.
    """
    from grader.report.similar import SimilarAssignment, to_similar_json

    refuse_pages_beside_json(as_json)
    seat = Seat(course)
    specs = _choose(seat, assignments)
    least = _read_threshold(threshold)
    with seat.open_gradebook() as gradebook:
        compared = [_compare(seat, gradebook, spec, least, every_attempt=every_attempt) for spec in specs]
        if as_json:
            plain = [SimilarAssignment(one.assignment.id, one.assignment.title, one.comparison) for one in compared]
            print_json(to_similar_json(seat.course.title, plain, least, every_attempt=every_attempt))
        else:
            shown = _write_pairs(gradebook, compared, out)
            _write_index(out, seat.course.title, shown, least, every_attempt=every_attempt)
            _write_table(out, compared, shown)
            _print_found(out, compared, shown)
    if any(one.lost for one in compared):
        raise click.exceptions.Exit(FaultError.exit_code)


def _read_threshold(threshold: float) -> Fraction:
    if math.isnan(threshold):  # it is in every range
        raise InputError("--threshold is not a number", "give a share from 0 to 1")
    return Fraction(threshold).limit_denominator(10_000)


def _choose(seat: Seat, names: Sequence[str]) -> list[Assignment]:
    """Return the assignments that were asked for, or all that ask for code."""
    specs = [seat.course.load(name) for name in dict.fromkeys(names or seat.course.assignments)]
    coded = [spec for spec in specs if spec.code_questions]
    if names and len(coded) < len(specs):
        (quiz, *_) = (spec.id for spec in specs if not spec.code_questions)
        raise InputError(f"{quiz} asks for no code: there is nothing to compare", "name assignments that do")
    return coded


def _compare(
    seat: Seat, gradebook: Gradebook, spec: Assignment, threshold: Fraction, *, every_attempt: bool
) -> Compared:
    from grader.roster import Roster
    from grader.scoring import find_teammates
    from grader.similarity import Code, compare, read_given, take_prints

    entries = _list_entries(seat, gradebook, spec, every_attempt=every_attempt)
    roster = gradebook.roster() or Roster()
    handout = _collect_handout(spec)
    given = read_given(handout)
    prints = []
    lost = 0
    with progress(len(entries), f"Reading {spec.id}") as advance:
        for entry in entries:
            mates = [find_teammates(spec, one, roster) for one in entry.students] if spec.groups else []
            party = frozenset(entry.students).union(*mates)
            try:
                files = _read_code(gradebook, spec, entry)
            except GradebookError as error:  # a damaged file keeps nobody from seeing the rest
                click.echo(f"grader: {error.message}; it is left out", err=True)
                lost += 1
            else:
                prints.append(take_prints(Code(entry.id, entry.students, files, party), given))
            advance()
    with waiting(f"Comparing {spec.id}"):
        comparison = compare(prints, threshold)
    names = {student.id: student.name for student in roster.students if student.name}
    return Compared(spec, comparison, {entry.id: entry for entry in entries}, lost, handout, given, names)


def _list_entries(seat: Seat, gradebook: Gradebook, spec: Assignment, *, every_attempt: bool) -> list[Entry]:
    """Return the submissions to compare: those that count, or all that differ from the same student's others."""
    from grader.settlement import settle_assignment

    if every_attempt:
        # What was handed in twice is compared once, under its first attempt.
        first = {(entry.students, entry.digest): entry for entry in reversed(gradebook.entries(assignment=spec.id))}
        return sorted(first.values(), key=lambda entry: entry.id)
    settled = settle_assignment(seat.course, gradebook, spec).values()
    return list({one.entry.id: one.entry for one in settled if one.entry is not None}.values())


def _collect_handout(spec: Assignment) -> dict[str, str]:
    """Return the code that students were given: starters, public checks, and the blocks of code in the prompts."""
    from grader.checks import CHECK_FOLDERS
    from grader.report.markup import parse_markdown
    from grader.results import Visibility

    folder = spec.directory / CHECK_FOLDERS[Visibility.PUBLIC]
    handout = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.rglob("*.py"))}
    for question in spec.questions:
        blocks = [token.content for token in parse_markdown(question.prompt) if token.type in ("fence", "code_block")]
        handout |= {f"{question.id} {number}": block for number, block in enumerate(blocks, 1)}
    for question in spec.code_questions:
        handout[question.file] = f"{handout.get(question.file, '')}{question.starter}\n"
    return handout


def _read_code(gradebook: Gradebook, spec: Assignment, entry: Entry) -> dict[str, str]:
    """Return a submission's Python files: those that are asked for first. What is no text is read as far as it goes."""
    submission = gradebook.load(entry)
    asked = [question.file for question in spec.code_questions if question.file in submission.files]
    files = {}
    for name in dict.fromkeys([*asked, *(name for name in submission.files if name.endswith(".py"))]):
        try:
            files[name] = submission.text(name) or ""
        except SubmissionError:
            files[name] = submission.files[name].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return files


# Pages.


def _write_pairs(gradebook: Gradebook, compared: Sequence[Compared], out: Path) -> list[SimilarAssignment]:
    """Write the pages of the pairs, and return what the page of all pairs shows."""
    from grader.report.similar import SimilarAssignment

    most = min(MOST_OF_ONE, max(1, MOST_PAGES // max(1, len(compared))))
    shown = []
    with progress(sum(len(one.comparison.pairs[:most]) for one in compared), "Writing pairs") as advance:
        for one in compared:
            views = []
            for number, pair in enumerate(one.comparison.pairs[:most], 1):
                views.append(_write_pair(gradebook, one, pair, f"pairs/{one.assignment.id}-{number:03d}.html", out))
                advance()
            shown.append(SimilarAssignment(one.assignment.id, one.assignment.title, one.comparison, tuple(views)))
    _remove_others(out / "pairs", {Path(view.link).name for one in shown for view in one.views})
    return shown


def _remove_others(folder: Path, names: AbstractSet[str]) -> None:
    """Remove the pages of an earlier run that this one has not: nobody should come upon them."""
    for path in folder.glob("*.html"):
        if path.name not in names and _PAGE.fullmatch(path.name):
            with contextlib.suppress(OSError):
                path.unlink()


def _write_pair(gradebook: Gradebook, one: Compared, pair: Pair, link: str, out: Path) -> PairView:
    from grader.report.similar import PairView, count_lines, to_pair_html
    from grader.similarity import count_same_lines, find_parts

    entries = one.entries[pair.first.id], one.entries[pair.second.id]
    first, second = (_read_code(gradebook, one.assignment, entry) for entry in entries)
    parts = find_parts(pair, first, second, one.given | one.comparison.common)
    left, right = map(one.side, entries)
    same = count_same_lines(first, second, one.handout)
    view = PairView(pair, (left, right), link, count_lines(parts), same)
    write_file(out / link, to_pair_html(one.assignment.title, view, (first, second), parts).encode())
    return view


def _write_index(
    out: Path, title: str, shown: Sequence[SimilarAssignment], threshold: Fraction, *, every_attempt: bool
) -> None:
    from grader.report.similar import to_similar_html

    page = to_similar_html(title, shown, threshold, every_attempt=every_attempt)
    write_file(out / "index.html", page.encode())


def _write_table(out: Path, compared: Sequence[Compared], shown: Sequence[SimilarAssignment]) -> None:
    """Write all pairs as a table, those without a page included."""
    from grader.report.similar import to_similar_csv

    sides = {
        (one.assignment.id, found.id): one.side(one.entries[found.id])
        for one in compared
        for pair in one.comparison.pairs
        for found in (pair.first, pair.second)
    }
    write_file(out / "pairs.csv", to_similar_csv(shown, sides))


def _print_found(out: Path, compared: Sequence[Compared], shown: Sequence[SimilarAssignment]) -> None:
    rows = []
    for one, view in zip(compared, shown, strict=True):
        found = one.comparison
        if view.submitted or one.lost:
            numbers = (found.compared, len(found.short) + one.lost, found.pair_count, view.alike)
            rows.append((view.id, *map(str, numbers)))
    print_table(("ASSIGNMENT", "COMPARED", "NOT COMPARED", "PAIRS", "ALIKE"), rows, numbers=(1, 2, 3, 4))
    if any(one.alike for one in shown):
        click.echo("\nA likeness can have many reasons: read both sides before you conclude anything.")
    click.echo(f"{out / 'index.html'}")
