"""Submissions of the gradebook are graded again: what would change is told before any of it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.checks import read_checks
from grader.comparison import Difference, Trend, compare_environments, compare_grades, tell_trend
from grader.engine import Engine
from grader.errors import GradebookError
from grader.gradebook import Entry, Gradebook
from grader.grading import Setup, grade_submissions
from grader.scoring import Grade
from grader.spec import Assignment
from grader.submission import Submission


@dataclass(frozen=True, slots=True)
class Regrade:
    """A submission that was graded again: the grade that it has, and the new one, which is not kept yet.

    ``after`` is None where its stored files cannot be read; ``fault`` says why then.
    """

    entry: Entry
    before: Grade | None
    after: Grade | None
    fault: str | None = None

    @property
    def trend(self) -> Trend:
        """Where its score would go."""
        return Trend.PENDING if self.after is None else tell_trend(self.before, self.after)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the two grades tell apart, check by check; empty where there is only one."""
        return () if self.before is None or self.after is None else compare_grades(self.before, self.after)

    @property
    def drift(self) -> dict[str, tuple[str, str]]:
        """What is different in the environment: versions, devices, isolation; each as it was and as it is."""
        if self.before is None or self.after is None:
            return {}
        return compare_environments(self.before.environment, self.after.environment)


def regrade(
    engine: Engine, gradebook: Gradebook, assignment: Assignment, entries: Sequence[Entry], setup: Setup
) -> Iterator[Regrade]:
    """Grade submissions of an assignment again, with today's checks; yields each as it is done, and keeps nothing.

    Raises:
        FaultError: this machine cannot grade.
    """
    loaded: list[tuple[Entry, Submission]] = []
    for entry in entries:
        try:
            loaded.append((entry, gradebook.load(entry)))
        except GradebookError as error:
            yield Regrade(entry, gradebook.grade(entry), None, error.message)
    submissions = [submission for _, submission in loaded]
    students = [entry.student for entry, _ in loaded]
    checks = read_checks(assignment)
    for number, after in grade_submissions(engine, assignment, checks, submissions, setup, students):
        entry = loaded[number][0]
        yield Regrade(entry, gradebook.grade(entry), after)


def keep(
    gradebook: Gradebook,
    regraded: Regrade,
    assignment_digest: str,
    at: datetime,
    *,
    by: str,
    why: str,
    lower: bool = False,
) -> bool:
    """Let the new grade count from now on, and say whether it does: a new row, the earlier ones stay.

    A score that a student has been told never falls, unless ``lower``; and a fault of ours never takes the place of a
    grade.
    """
    if regraded.after is None:
        return False
    if regraded.trend is Trend.FALLS and not lower:
        return False
    if regraded.trend is Trend.PENDING and regraded.before is not None:
        return False
    gradebook.add_grade(regraded.entry, regraded.after, assignment_digest, at, by=by, why=why)
    return True
