"""``grader demo``: a small class hands in, is graded, and gets its reports; everything in one folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.class_report import write_class_report
from grader.cli.fetching import make_stub
from grader.cli.options import GivenPath
from grader.cli.output import print_heading, print_report, print_table
from grader.cli.seat import Seat
from grader.cli.submitting import submit_work
from grader.errors import InputError
from grader.files import write_file

if TYPE_CHECKING:
    from grader.engine import Examiner
    from grader.gradebook import Entry, Gradebook
    from grader.grading import Setup
    from grader.scoring import Grade
    from grader.spec import Assignment, Course

MARKER = ".grader-demo"
# More would be more of the same, and no table of them would fit a terminal.
ASSIGNMENTS = ("choose-the-loss", "manual-cross-entropy", "focal-loss", "outlier-comparison")

ENDLESS_LOOP = """\
import torch
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, targets):
        step = 0
        while step >= 0:
            step += 1
        return logits.sum()
"""

FAKE_SCORE = """\
import os

print('{"score": 10.0, "points": 10.0, "status": "graded"}')
print("10 passed in 0.01s")
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Student:
    """Someone in the demo's class: the code by assignment, and of which quiz questions the answer is known.

    ``knows_every`` 1 is all of them, 2 every second one, 0 leaves quizzes out.
    """

    id: str
    story: str
    code: Mapping[str, bytes]
    knows_every: int = 1


@click.command()
@click.option(
    "--dir",
    "directory",
    type=GivenPath(file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="The folder to work in; an earlier demo in it is replaced.",
)
def demo(directory: Path) -> None:
    """Show the whole way: fetch, submit for a class, reports, export.

    Your own gradebook is left alone.
    """
    from grader.engine import Examiner
    from grader.grading import Setup

    with Examiner() as examiner:
        from grader.gradebook import Gradebook

        _make_room(directory)
        seat = Seat(None)
        assignments = {name: seat.course.load(name) for name in ASSIGNMENTS}
        _fetch_all(directory / "fetched", assignments)
        graded: list[tuple[Entry, Grade]] = []
        state = directory / "gradebook"
        with Gradebook.open(state) as gradebook:
            setup = Setup(secrets=(state, directory / "students"), language=seat.course.language)
            for student, assignment, folder in _hand_in(directory / "students", assignments):
                graded.append(_submit(examiner, gradebook, student, assignment, folder, setup))
            _summarise(assignments, graded)
            _write_reports(directory, seat.course, gradebook, assignments)


def _make_room(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        if not (directory / MARKER).is_file():
            raise InputError(f"{directory} holds something else than a demo", "choose another folder with --dir")
        shutil.rmtree(directory)
    write_file(directory / MARKER, b"made by grader demo\n")


def _fetch_all(folder: Path, assignments: Mapping[str, Assignment]) -> None:
    from grader.variants import fill_assignment

    click.echo("Fetching what a student gets:\n")
    for assignment in assignments.values():
        click.echo(f"$ grader fetch {assignment.id}")
        files = make_stub(fill_assignment(assignment), folder / assignment.id)
        click.echo(f"  {folder / assignment.id}: {', '.join(files.written)}")
    click.echo("")


def _hand_in(folder: Path, assignments: Mapping[str, Assignment]) -> Iterator[tuple[Student, Assignment, Path]]:
    """Write every student's folders and yield each, as the student would have left it."""
    from grader.answers import format_answer
    from grader.variants import fill_assignment

    for student in _make_class(assignments):
        print_heading(f"{student.id}: {student.story}")
        for assignment in (fill_assignment(one, student.id) for one in assignments.values()):
            if assignment.id not in student.code and (assignment.code_questions or not student.knows_every):
                continue
            target = folder / student.id / assignment.id
            make_stub(assignment, target)
            for question in assignment.code_questions:
                write_file(target / question.file, student.code[assignment.id])
            if assignment.quiz_questions and student.knows_every:
                answers = [
                    format_answer(question, right=number % student.knows_every == 0)
                    for number, question in enumerate(assignment.quiz_questions)
                ]
                write_file(target / "answers.yaml", "".join(answers).encode())
            yield student, assignment, target


def _submit(
    examiner: Examiner, gradebook: Gradebook, student: Student, assignment: Assignment, folder: Path, setup: Setup
) -> tuple[Entry, Grade]:
    from grader.report import Reader, build_report
    from grader.reporting import describe_entry
    from grader.submission import read_submission

    click.echo(f"\n$ grader submit {folder} --student {student.id}")
    submission = read_submission(folder, assignment)
    entry, grade = submit_work(examiner, gradebook, assignment, submission, student.id, setup)
    print_report(build_report(grade, describe_entry(entry), Reader.STUDENT, language=setup.language))
    return entry, grade


def _summarise(assignments: Mapping[str, Assignment], graded: list[tuple[Entry, Grade]]) -> None:
    from grader.display import format_amount

    scores = {(entry.student, entry.assignment): grade for entry, grade in graded}
    rows = []
    for student in sorted({entry.student for entry, _ in graded}):
        row = [student]
        for name in assignments:
            grade = scores.get((student, name))
            row.append(f"{format_amount(grade.score)} / {format_amount(grade.points)}" if grade else "-")
        rows.append(row)
    click.echo("\nThe class:\n")
    print_table(("STUDENT", *assignments), rows, numbers=range(1, len(assignments) + 1))


def _write_reports(
    directory: Path, course: Course, gradebook: Gradebook, assignments: Mapping[str, Assignment]
) -> None:
    from grader.export.canvas import export_scores
    from grader.final_scores import gather_scores

    index = write_class_report(directory / "report", course, gradebook, list(assignments.values()))
    focal = assignments["focal-loss"]
    exported = export_scores(gather_scores(course, gradebook, [focal]))
    assert exported.data is not None
    write_file(directory / "canvas.csv", exported.data)
    click.echo(f"\nClass report   {index}")
    click.echo(f"Canvas CSV     {directory / 'canvas.csv'}  ({focal.title})")
    click.echo(f"Gradebook      {directory / 'gradebook'}")


def _make_class(assignments: Mapping[str, Assignment]) -> list[Student]:
    """Return the class: right, half right, wrong names, an endless loop, and a forged score."""
    code = [a for a in assignments.values() if a.code_questions]
    right = {a.id: _solution(a) for a in code}
    renamed = {
        "manual-cross-entropy": right["manual-cross-entropy"].replace(b"def cross_entropy", b"def crossentropy"),
        "focal-loss": right["focal-loss"].replace(b"FocalLoss", b"Focal_loss"),
    }
    return [
        Student("ada", "everything right", right),
        Student("ben", "softmax before cross entropy, and half of the quiz", _softmax_twice(code, right), 2),
        Student("cleo", "right ideas under wrong names", renamed),
        Student("dan", "a loop that never ends, until its 20 s are over", {"focal-loss": ENDLESS_LOOP.encode()}, 0),
        Student("eve", "prints a score of its own and ends the process", {"focal-loss": FAKE_SCORE.encode()}, 0),
    ]


def _solution(assignment: Assignment) -> bytes:
    from grader.grading import list_solutions

    return next(iter(list_solutions(assignment)[0].values())).read_bytes()


def _softmax_twice(code: list[Assignment], right: Mapping[str, bytes]) -> dict[str, bytes]:
    wrong = dict(right)
    for assignment in code:
        for mistake in assignment.mistakes:
            if mistake.id == "double-softmax":
                wrong[assignment.id] = (assignment.directory / mistake.file).read_bytes()
    return wrong
