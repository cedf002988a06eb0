"""Is a report what grading gives today? A stored submission is graded again and its report compared, byte for byte."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.comparison import Difference
from grader.display import clean_line
from grader.engine import Engine
from grader.errors import InputError
from grader.gradebook import Entry, Gradebook
from grader.grading import Setup
from grader.regrading import Regrade, regrade
from grader.report import Reader, build_report, to_json
from grader.report.context import Context
from grader.reporting import describe_entry
from grader.scoring import Grade, Status, apply_marks
from grader.spec import Assignment, Course

# What counts in the end rests on other submissions, too, and on what people decide; what stands beside the grade, on
# the course as it is today.
NOT_COMPARED = {"final": None, "context": None}
_LANGUAGE = "language"  # reports of earlier versions do not say it


@dataclass(frozen=True, slots=True)
class Told:
    """A report that was given out: of which submission, and its text; None stands for the newest in the gradebook.

    What rests on more than the submission and its checks is no part of the text.
    """

    entry: Entry
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a submission that was graded again.

    ``same``: its report is, byte for byte. ``known``: the report was one that the gradebook holds; one that is not has
    been changed since, or is of another gradebook. ``assignment_changed``: so has something in the assignment's folder.
    """

    regrade: Regrade
    same: bool
    known: bool
    assignment_changed: bool

    @property
    def entry(self) -> Entry:
        """The submission."""
        return self.regrade.entry

    @property
    def fault(self) -> str | None:
        """Why there is nothing to compare: it could not be graded again."""
        return self.regrade.after.fault if self.regrade.after.status is Status.PENDING else None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What is not as it was, check by check."""
        return self.regrade.differences

    @property
    def drift(self) -> dict[str, tuple[str, str]]:
        """What has changed in the environment: each as it was and as it is."""
        return self.regrade.drift


def find_told(gradebook: Gradebook, reports: Sequence[Any]) -> list[Told]:
    """Return whose reports these are, as JSON data, in their order.

    Raises:
        InputError: one of them is no report, or of no submission in the gradebook.
    """
    told = []
    for number, report in enumerate(reports, 1):
        submission = report.get("submission") if isinstance(report, dict) else None
        if not isinstance(submission, dict):
            hint = "give what `grader grade --json`, `submit --json` or `show --json` printed"
            raise InputError(f"document {number} is no report", hint)
        entry_id = submission.get("id")
        if not isinstance(entry_id, str):
            hint = "`grader check` hands nothing in, so there is nothing to grade again"
            raise InputError(f"report {number} is of nothing that was handed in", hint)
        entry = gradebook.entry(entry_id)
        if submission.get("digest") != entry.digest:
            message = f"report {number} names submission {clean_line(entry_id, 60)} with other files than it has"
            raise InputError(message, "the report was changed, or is of another gradebook")
        told.append(Told(entry, _write_text(report)))
    return told


def replay(
    engine: Engine, gradebook: Gradebook, course: Course, told: Sequence[Told], setup: Setup
) -> Iterator[Replay]:
    """Grade submissions again with today's checks, and compare; yields each as it is done, and keeps nothing.

    Raises:
        InputError: one is of an assignment that the course has no more, or has no grade.
        FaultError: this machine cannot grade.
    """
    for one in told:
        if gradebook.grade(one.entry) is None:
            raise InputError(f"submission {one.entry.id} has no grade yet", "`grader regrade` makes one")
    by_assignment: dict[str, list[Told]] = {}
    for one in told:
        by_assignment.setdefault(one.entry.assignment, []).append(one)
    for assignment_id, own in by_assignment.items():
        assignment = course.load(assignment_id)
        entries = [one.entry for one in own]
        waiting = {entry.id: [one for one in own if one.entry.id == entry.id] for entry in entries}
        for regraded in regrade(engine, gradebook, assignment, list({e.id: e for e in entries}.values()), setup):
            for one in waiting[regraded.entry.id]:
                yield _compare(gradebook, assignment, course.language, one, regraded)


def _compare(gradebook: Gradebook, assignment: Assignment, language: str, told: Told, regraded: Regrade) -> Replay:
    entry, after = told.entry, regraded.after
    write = functools.partial(_write_reports, gradebook, assignment, language, entry)
    newest = gradebook.graded_with(entry)
    assert newest is not None
    texts = {text: grade for grade in gradebook.grades(entry) for text in write(grade)}
    before = newest[0] if told.text is None else texts.get(told.text)
    again = write(after)
    wanted = [told.text] if told.text is not None else write(newest[0])
    return Replay(
        Regrade(entry, before or newest[0], after, regraded.assignment_digest),
        same=bool(set(wanted) & set(again)),
        known=before is not None,
        assignment_changed=newest[1] != regraded.assignment_digest,
    )


def _write_reports(
    gradebook: Gradebook, assignment: Assignment, language: str, entry: Entry, grade: Grade
) -> list[str]:
    """Return a grade's report as each reader has it: with people's marks and without, with feedback and without."""
    grades = (grade, apply_marks(grade, gradebook.marks(entry=entry), assignment))
    early = Context(feedback_from=entry.submitted_at)
    reports = [
        build_report(one, describe_entry(entry), reader, context=context, language=language)
        for one in grades
        for reader in Reader
        for context in (None, early)
    ]
    return list(dict.fromkeys(_write_text(to_json(report)) for report in reports))


def _write_text(report: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in report.items() if name != _LANGUAGE} | NOT_COMPARED)
