"""A packed assignment grades one submission, where it was unpacked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checks import read_checks
from grader.engine import Examiner
from grader.errors import FaultError
from grader.grading import Setup, grade_submissions
from grader.language import ENGLISH
from grader.report import Reader, Report, SubmissionInfo, build_report
from grader.reporting import gather_local_context
from grader.scoring import Grade
from grader.spec import Assignment
from grader.submission import Submission, read_submission
from grader.variants import fill_assignment


@dataclass(frozen=True, slots=True)
class GradedHere:
    """What came of a submission; ``seconds`` is how long that took."""

    assignment: Assignment
    submission: Submission
    grade: Grade
    seconds: float
    language: str = ENGLISH

    def report(self, reader: Reader) -> Report:
        """Return the report as ``reader`` sees it; all checks that are packed have been run."""
        context = gather_local_context(self.assignment, self.submission, self.grade)
        info = SubmissionInfo(digest=self.submission.digest)
        return build_report(self.grade, info, reader, context=context, language=self.language)


def grade_folder(
    assignment: Assignment,
    folder: Path,
    *,
    student: str | None = None,
    secrets: Sequence[Path] = (),
    language: str = ENGLISH,
) -> GradedHere:
    """Grade the submission in a folder with all checks; no student's code may read ``secrets``.

    ``language`` is the course's.

    Raises:
        SubmissionError: it is no submission.
        SpecError: the assignment or its checks are wrong.
        FaultError: nothing can be graded here, or nobody knows whose variants it answers.
    """
    started = time.monotonic()
    submission = read_submission(folder, assignment)
    own = _fill(assignment, student or submission.drawn_for)
    with Examiner() as examiner:
        setup = Setup(secrets=tuple(secrets), language=language)
        ((_, grade),) = grade_submissions(examiner, own, read_checks(own), [submission], setup)
    return GradedHere(own, submission, grade, time.monotonic() - started, language)


def _fill(assignment: Assignment, student: str | None) -> Assignment:
    if not assignment.has_variants:
        return assignment
    if student is None:
        raise FaultError(
            "the questions differ from student to student, and nothing says whose these are",
            "see that every student in Gradescope has the field that --student names",
        )
    return fill_assignment(assignment, student)
