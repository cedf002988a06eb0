"""A made-up class that took the course that ships: real rows of a gradebook, scored by the real rules, nothing run.

Students differ in how able they are, checks in how hard; some show known mistakes, some come late, try again, or stay
away. The same seed makes the same class.
"""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from grader.answers import Answers, Value
from grader.checks import Check, read_checks
from grader.diagnosis import find_diagnoses
from grader.gradebook import Gradebook
from grader.gradebook.blobs import write_blob
from grader.gradebook.database import make_engine
from grader.gradebook.rows import grade_to_row, time_to_text
from grader.gradebook.schema import DATABASE, GRADES, SUBMISSIONS
from grader.grading import list_solutions
from grader.questions import ChoiceQuestion, MultipleChoiceQuestion, NumericQuestion
from grader.resources import find_data
from grader.results import CheckResult, Frame, Outcome, Run
from grader.roster import Roster, RosterStudent
from grader.scoring import Grade, score_submission
from grader.spec import Assignment, Course, load_course
from grader.submission import Submission, pack
from grader.variants import fill_assignment

START = datetime(2026, 10, 5, 8, tzinfo=UTC)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gaia", "Hana", "Ilse", "Jomo", "Kim", "Lea", "Max", "Noor", "Ole")
SURNAMES = ("Lovelace", "Okafor", "Marsh", "Núñez", "Şahin", "Varga", "Weiß", "Xu", "Yilmaz", "Zhao")


@dataclass
class _Writer:
    """Collects the rows of one assignment."""

    assignment: Assignment
    checks: Sequence[Check]
    due: datetime
    digests: Sequence[str]
    dice: random.Random
    blobs: dict[str, tuple[Submission, str]]


def make_course(folder: Path, assignments: int = 10) -> Course:
    """Write the course that ships to a folder, with a week for each assignment and a policy, and load it."""
    shipped = load_course(find_data("assignments"))
    names = shipped.assignments[:assignments]
    rules = "policy:\n  late: {penalty: 10 % per day, cut_off: 7 d}\n  attempts: {counts: best}\n"
    folder.mkdir(parents=True)
    listed = "".join(f"  - {name}\n" for name in names)
    (folder / "course.yaml").write_text(
        f"title: {shipped.title}\ntime_zone: Europe/Berlin\n{rules}assignments:\n{listed}"
    )
    for number, name in enumerate(names, start=1):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(shipped.directory / name, folder / name, ignore=ignored)
        path = folder / name / "assignment.yaml"
        due = START + number * timedelta(days=5.5)
        text = path.read_text()
        path.write_text(text.replace(f"id: {name}\n", f"id: {name}\ndue: {due:%Y-%m-%d}T18:00\n", 1))
    return load_course(folder)


def make_class(
    course: Course, state: Path, students: int = 30, *, seed: int = 1, roster: bool = True, regraded: bool = True
) -> None:
    """Fill the gradebook in ``state`` with a class; ``regraded``: the second assignment was changed half-way."""
    dice = random.Random(seed)
    people = [_make_student(number) for number in range(students)]
    with Gradebook.open(state) as gradebook:
        if roster:
            gradebook.set_roster(Roster(tuple(people)), "kim", START)
    able = {student.id: dice.gauss(0.3, 1.1) for student in people}
    with closing(_Database(state)) as database:
        for number, name in enumerate(course.assignments):
            assignment = course.load(name)
            due = course.due_of(assignment)
            assert due is not None
            digests = (
                [assignment.digest] if not (regraded and number == 1) else ["sha256:" + "0" * 64, assignment.digest]
            )
            writer = _Writer(assignment, read_checks(assignment), due, digests, dice, {})
            database.add(writer, able)


def _make_student(number: int) -> RosterStudent:
    name = f"{NAMES[number % len(NAMES)]} {SURNAMES[number // len(NAMES) % len(SURNAMES)]}"
    return RosterStudent(f"s{number:04}", name, f"s{number:04}@example.org", section="AB"[number % 2])


class _Database:
    """Writes many rows at once: through ``Gradebook.submit`` each would be synced to the disk on its own."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._engine = make_engine(state / DATABASE, 30)

    def close(self) -> None:
        self._engine.dispose()

    def add(self, writer: _Writer, able: dict[str, float]) -> None:
        submissions, grades = [], []
        for student, ability in able.items():
            for number, (at, submission, found) in enumerate(_make_attempts(writer, student, ability), start=1):
                entry = f"{at:%Y%m%dT%H%M%SZ}-{writer.assignment.id}-{student}-{number}"
                submissions.append(
                    {
                        "id": entry,
                        "student": student,
                        "assignment": writer.assignment.id,
                        "number": number,
                        "digest": submission.digest,
                        "submitted_at": time_to_text(at),
                        "who": "kim",
                    }
                )
                for digest, grade in found:
                    row = {"submission": entry, "assignment_digest": digest, **grade_to_row(grade)}
                    grades.append(row | {"graded_at": time_to_text(at + timedelta(minutes=1)), "who": "kim"})
        for submission, digest in writer.blobs.values():
            name = digest.removeprefix("sha256:")
            write_blob(self._state / "blobs", self._state / "blobs" / name[:2] / name[2:], pack(submission))
        with self._engine.execution_options(writing=True).begin() as connection:
            if not submissions:
                return
            connection.execute(SUBMISSIONS.insert(), submissions)
            connection.execute(GRADES.insert(), grades)


Attempt = tuple[datetime, Submission, list[tuple[str, Grade]]]


def _make_attempts(writer: _Writer, student: str, ability: float) -> Iterator[Attempt]:
    """Yield what a student hands in for an assignment: when, which files, and its grades by version."""
    dice = writer.dice
    if dice.random() > 0.96 + 0.03 * ability or writer.due > NOW + 3 * WEEK:
        return
    at = writer.due - timedelta(hours=dice.expovariate(1 / 40)) + timedelta(hours=18 * (dice.random() < 0.1))
    for number in range(4):
        if at > NOW:
            return
        mistake = _choose_mistake(writer, ability + 0.5 * number)
        assignment = fill_assignment(writer.assignment, student)
        grade = _make_grade(writer, assignment, ability + 0.6 * number, mistake)
        found = [(writer.digests[-1], grade)]
        if len(writer.digests) > 1 and student < "s0015":  # graded before the change, too, when it was harder
            found.insert(0, (writer.digests[0], _make_grade(writer, assignment, ability - 0.8, mistake)))
        yield at, _make_files(writer, student, mistake), found
        if grade.score >= grade.points or dice.random() < 0.35:
            return
        at += timedelta(hours=dice.expovariate(1 / 6))


def _choose_mistake(writer: _Writer, ability: float) -> str | None:
    known = [mistake.id for mistake in writer.assignment.mistakes if mistake.caught_by]
    return writer.dice.choice(known) if known and writer.dice.random() < 1 / (1.5 + math.exp(ability)) else None


def _make_files(writer: _Writer, student: str, mistake: str | None) -> Submission:
    """Return the mistake's file, or the reference solution, with the student's name in a comment for some."""
    known = {one.id: one for one in writer.assignment.mistakes}
    files = {}
    for question in writer.assignment.code_questions[:1]:
        path = next(iter(list_solutions(writer.assignment)[0].values()))
        if mistake is not None:
            path = writer.assignment.directory / known[mistake].file
        author = f"# by {student}\n" if student < "s0030" else ""
        files[question.file] = author.encode() + path.read_bytes()
    files = files or {"answers.yaml": b"{}\n"}
    submission = Submission(files)
    writer.blobs.setdefault(submission.digest, (submission, submission.digest))
    return submission


def _make_grade(writer: _Writer, assignment: Assignment, ability: float, mistake: str | None) -> Grade:
    caught = {check for one in assignment.mistakes if one.id == mistake for check in one.caught_by}
    results = [_run_check(writer, check, ability, number, caught) for number, check in enumerate(writer.checks)]
    values = {question.id: _answer(writer.dice, question, ability) for question in assignment.quiz_questions}
    run = Run(tuple(results), environment={"grader": "0.1.0", "python": "3.11.2", "torch": "2.13.0", "isolation": "A"})
    answers = Answers(values)
    grade = score_submission(assignment, writer.checks, run, answers)
    code = {question.id: (mistake,) for question in assignment.code_questions[:1] if mistake is not None}
    return replace(grade, diagnoses=find_diagnoses(assignment, code, answers))


def _run_check(writer: _Writer, check: Check, ability: float, number: int, caught: set[str]) -> CheckResult:
    if check.needs_device == "cuda":
        return CheckResult(check.id, Outcome.NOT_RUN, deferred=True, device="cuda")
    hard = math.sin(1.7 * number + len(writer.assignment.id))  # the same for everybody
    passes = writer.dice.random() < 1 / (1 + math.exp(-1.6 * (ability + 1.2 - 1.5 * hard)))
    if check.id not in caught and passes:
        return CheckResult(check.id, Outcome.PASSED)
    outcome = Outcome.FAILED if writer.dice.random() < 0.9 else writer.dice.choice([Outcome.TIMED_OUT, Outcome.CRASHED])
    frame = Frame(f"{writer.assignment.id}.py", 12, "forward", "return loss.mean()")
    return CheckResult(check.id, outcome, "expected 0.2011, got 0.5532", "a\nb\n", (frame,), seconds=0.01)


def _answer(dice: random.Random, question: object, ability: float) -> Value:
    right = dice.random() < 1 / (1 + math.exp(-ability - 0.4))
    if isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
        pairs = list(zip(question.letters, question.choices, strict=True))
        good = tuple(letter for letter, choice in pairs if choice.correct)
        if not right:
            good = tuple(sorted({*good[1:], dice.choice([letter for letter, choice in pairs if not choice.correct])}))
        return good if isinstance(question, MultipleChoiceQuestion) else good[-1]
    if isinstance(question, NumericQuestion):
        return question.number if right else 0.0
    return "Because it is robust."
