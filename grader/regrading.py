"""Submissions of the gradebook are graded again: what would change is told before any of it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.comparison import Difference, Trend, compare_environments, compare_grades, tell_trend
from grader.engine import Engine
from grader.gradebook import Entry, Gradebook
from grader.grading import Setup
from grader.recording import grade_again, keep_grade
from grader.scoring import Grade, Status
from grader.spec import Assignment


@dataclass(frozen=True, slots=True)
class Regrade:
    """A submission that was graded again: the grade that it has, and the new one, which is not kept yet.

    ``assignment_digest`` is that of the assignment that the new one is by.
    """

    entry: Entry
    before: Grade | None
    after: Grade
    assignment_digest: str

    @property
    def trend(self) -> Trend:
        """Where its score would go."""
        return tell_trend(self.before, self.after)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the two grades tell apart, check by check; empty where there is only one that counts."""
        if self.before is None or self.after.status is Status.PENDING:
            return ()
        return compare_grades(self.before, self.after)

    @property
    def drift(self) -> dict[str, tuple[str, str]]:
        """What is different in the environment: versions, devices, isolation; each as it was and as it is."""
        if self.before is None or Status.PENDING in (self.before.status, self.after.status):
            return {}
        return compare_environments(self.before.environment, self.after.environment)


def regrade(
    engine: Engine, gradebook: Gradebook, assignment: Assignment, entries: Sequence[Entry], setup: Setup
) -> Iterator[Regrade]:
    """Grade submissions of an assignment again, with today's checks; yields each as it is done, and keeps nothing.

    Raises:
        FaultError: this machine cannot grade.
    """
    for entry, after, digest in grade_again(engine, gradebook, assignment, entries, setup):
        yield Regrade(entry, gradebook.grade(entry), after, digest)


def keep(gradebook: Gradebook, regraded: Regrade, *, by: str, why: str, lower: bool = False) -> bool:
    """Let the new grade count from now on, and say whether it does; see ``keep_grade``."""
    entry, after = regraded.entry, regraded.after
    return keep_grade(gradebook, entry, after, regraded.assignment_digest, by=by, why=why, lower=lower) is after
