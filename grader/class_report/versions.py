"""Before and after a change of an assignment: grades rest on the version of it that they were made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from grader.gradebook import Grading
from grader.scoring import Grade, Status
from grader.settlement import Settled
from grader.statistics import CheckFigures, check_figures, mean


@dataclass(frozen=True, slots=True)
class Version:
    """What came of the submissions that count, graded with one version of the assignment.

    ``digest`` is the version's, ``number`` counts from the first that was used, 1. ``graded`` submissions have a grade
    with it, and for ``counting`` of them it is the newest. Scores are those of the checks and answers: no lateness.
    """

    number: int
    digest: str
    since: datetime
    graded: int
    counting: int
    mean: Fraction | None
    checks: Mapping[tuple[str, str], CheckFigures]


@dataclass(frozen=True, slots=True)
class VersionChange:
    """The submissions that were graded with two versions, one after the other; the means are those of the same."""

    before: int
    after: int
    both: int
    mean_before: Fraction
    mean_after: Fraction
    rose: int
    fell: int


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of an assignment, in the order in which they were first used, and what each change changed."""

    versions: tuple[Version, ...]
    changes: tuple[VersionChange, ...]

    @property
    def checks(self) -> list[CheckFigures]:
        """Every check that a version has, as the newest one names it."""
        return list({key: check for version in self.versions for key, check in version.checks.items()}.values())


def find_versions(settled: Mapping[str, Settled], gradings: Sequence[Grading]) -> Versions | None:
    """Return how the submissions that count did with each version of the assignment; None where there was but one."""
    counting = {one.entry.id: one for one in settled.values() if one.entry is not None}
    by_version: dict[str, dict[str, Grade]] = {}
    since: dict[str, datetime] = {}
    newest: dict[str, str] = {}
    for grading in gradings:
        if grading.submission not in counting:
            continue
        grade = grading.grade or _newest_grade(counting[grading.submission])
        if grade is None:
            continue
        by_version.setdefault(grading.assignment_digest, {})[grading.submission] = grade
        since.setdefault(grading.assignment_digest, grading.graded_at)
        if grading.grade is None:
            newest[grading.submission] = grading.assignment_digest
    if len(by_version) < 2:
        return None
    versions = tuple(
        Version(
            number=number,
            digest=digest,
            since=since[digest],
            graded=len(grades),
            counting=sum(newest.get(submission) == digest for submission in grades),
            mean=mean([grade.score for grade in grades.values() if grade.status is Status.GRADED]),
            checks={(check.question, check.id): check for check in check_figures(list(grades.values()))},
        )
        for number, (digest, grades) in enumerate(by_version.items(), start=1)
    )
    changes = [
        _compare(first.number, second.number, by_version[first.digest], by_version[second.digest])
        for first, second in pairwise(versions)
    ]
    return Versions(versions, tuple(change for change in changes if change is not None))


def _newest_grade(settled: Settled) -> Grade | None:
    assert settled.entry is not None
    return next((one.grade for one in settled.attempts if one.submission == settled.entry.id), None)


def _compare(before: int, after: int, first: Mapping[str, Grade], second: Mapping[str, Grade]) -> VersionChange | None:
    pairs = [
        (first[submission].score, second[submission].score)
        for submission in first.keys() & second.keys()
        if first[submission].status is second[submission].status is Status.GRADED
    ]
    means = mean([old for old, _ in pairs]), mean([new for _, new in pairs])
    if means[0] is None or means[1] is None:
        return None
    rose, fell = sum(new > old for old, new in pairs), sum(new < old for old, new in pairs)
    return VersionChange(before, after, len(pairs), means[0], means[1], rose, fell)
