"""Work on its way into the gradebook: it is stored, then graded, then its grade is added.

Nothing runs before it is stored, and what is graded is what was stored. Of any number of submissions only a line each
is kept in memory. A fault of ours costs nobody else the grade.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

from grader.checks import read_checks
from grader.comparison import Trend, tell_trend
from grader.engine import Engine
from grader.errors import GradebookError, GraderError, InputError
from grader.gradebook import Entry, Gradebook
from grader.grading import Setup, grade_stream, pending_grade
from grader.language import speaking
from grader.roster import Roster
from grader.scoring import Grade, Status
from grader.settlement import find_members
from grader.spec import Assignment
from grader.submission import Submission
from grader.variants import fill_assignment

MOST_FAILURES = 20  # of the gradebook in a row, before no more is tried: each may have waited half a minute


@dataclass(frozen=True, slots=True)
class Work:
    """One student's work for one assignment, wherever it lies: it is read when ``read`` is called, and not kept.

    ``submitted_at`` is when it came, where that is known; else it comes when it is stored. ``marked_late`` says that
    the LMS has it as late. ``in_order`` says that the time tells what came after what: then work that is the same as an
    earlier attempt, and came after the newest one, is another attempt.
    """

    student: str
    assignment: Assignment
    where: str
    read: Callable[[], Submission]
    submitted_at: datetime | None = None
    marked_late: bool = False
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of one student's work.

    ``kept``: it had this grade already, and nothing changed. ``refused`` is a newer grade that does not count in its
    place; see ``keep_grade``. Without a ``grade`` the ``error`` says why: an InputError where the work could not be
    read, else a fault of ours, with which no grade could be stored. Without an ``entry`` the work is not in the
    gradebook. ``notes`` say what was taken of a notebook and what was not, where somebody should know.
    """

    work: Work
    entry: Entry | None = None
    grade: Grade | None = None
    kept: bool = False
    error: GraderError | None = None
    refused: Grade | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """Work that is on disk for good, and what should be known of how it was read."""

    entry: Entry
    notes: tuple[str, ...] = ()


FindEnvironment = Callable[[], Mapping[str, str]]


def store_work(
    gradebook: Gradebook,
    work: Work,
    *,
    by: str = "",
    unless_same: bool = False,
    find_roster: Callable[[], Roster | None] | None = None,
) -> Stored:
    """Read work and store it; when this returns it is on disk for good. See ``Gradebook.submit``.

    Where students work in groups it counts for the student's whole group, as the roster has it: ``find_roster`` gives
    it, or else the gradebook.

    Raises:
        InputError: it cannot be read, or the student's id cannot be used.
        GradebookError: it cannot be stored.
    """
    submission = work.read()
    members: tuple[str, ...] = ()
    if work.assignment.groups:
        members = find_members((find_roster or gradebook.roster)(), work.assignment, work.student)
    entry = gradebook.submit(
        work.student,
        work.assignment.id,
        submission,
        work.submitted_at or datetime.now(UTC),
        by=by,
        members=members,
        unless_same=unless_same,
        anew=work.in_order,
    )
    return Stored(entry, submission.notes)


def record_work(
    engine: Engine,
    gradebook: Gradebook,
    work: Iterable[Work],
    setup: Setup,
    find_environment: FindEnvironment | None = None,
    *,
    by: str = "",
) -> Iterator[Recorded]:
    """Store all work, then grade it; yields each one as its grade is stored, or as it is known that it gets none.

    Work that is the same as one of the student's submissions is no new attempt, unless it is known to have come after
    all of them, and differs from the last. It keeps the grade that it got from the
    same assignment in the same environment, which ``find_environment`` tells; without that all is graded again.

    Raises:
        FaultError: this machine cannot grade, or the gradebook fails again and again; what was stored stays.
    """
    stored: dict[str, list[Recorded]] = {}
    for one in _store_all(gradebook, work, by):
        if one.entry is None:
            yield one
        else:
            stored.setdefault(one.work.assignment.id, []).append(one)
    to_grade: dict[str, list[Recorded]] = {}
    for one in _find_kept(gradebook, stored, find_environment):
        if one.kept:
            yield one
        else:
            to_grade.setdefault(one.work.assignment.id, []).append(one)
    for own in to_grade.values():
        known = {one.entry.id: one for one in own if one.entry is not None}
        entries = [one.entry for one in own if one.entry is not None]
        for graded in grade_stored(engine, gradebook, own[0].work.assignment, entries, setup, by=by):
            yield replace(known[graded.entry.id], grade=graded.grade, error=graded.error, refused=graded.refused)


def _store_all(gradebook: Gradebook, work: Iterable[Work], by: str) -> Iterator[Recorded]:
    failures = 0
    fault: GradebookError | None = None
    find_roster = cache(gradebook.roster)  # it is read once for a class, and only where there are groups
    for one in work:
        if fault is not None and failures >= MOST_FAILURES:
            yield Recorded(one, error=fault)
            continue
        try:
            stored = store_work(gradebook, one, by=by, unless_same=True, find_roster=find_roster)
        except GradebookError as error:
            fault, failures = error, failures + 1
            yield Recorded(one, error=error)
        except GraderError as error:
            yield Recorded(one, error=error)
        else:
            failures = 0
            yield Recorded(one, stored.entry, notes=stored.notes)


def _find_kept(
    gradebook: Gradebook, stored: Mapping[str, Sequence[Recorded]], find_environment: FindEnvironment | None
) -> Iterator[Recorded]:
    """Yield all that is stored, with its grade where that still holds."""
    environment: Mapping[str, str] | None = None
    for one in (one for own in stored.values() for one in own):
        found = None
        if find_environment is not None and one.entry is not None:
            with suppress(GradebookError):  # of a grade that cannot be read is told when the new one is to be kept
                found = gradebook.graded_with(one.entry)
        if found is not None and find_environment is not None and environment is None:
            environment = find_environment()  # it may take seconds, so only where there is a grade to keep
        if found is not None and _still_holds(one.work.assignment, *found, environment):
            yield replace(one, grade=found[0], kept=True)
        else:
            yield one


def _still_holds(
    assignment: Assignment, grade: Grade, assignment_digest: str, environment: Mapping[str, str] | None
) -> bool:
    """Would grading once more only repeat this grade?"""
    if grade.status is Status.PENDING or grade.environment != environment:
        return False
    try:
        return assignment_digest == assignment.digest
    except InputError:  # a file has gone since; grading says which
        return False


@dataclass(frozen=True, slots=True)
class Graded:
    """A stored submission and the grade that it has now; without one, ``error`` says why none could be stored.

    ``refused`` is a newer grade that does not count in its place; see ``keep_grade``.
    """

    entry: Entry
    grade: Grade | None
    error: GraderError | None = None
    refused: Grade | None = None


def grade_stored(
    engine: Engine,
    gradebook: Gradebook,
    assignment: Assignment,
    entries: Sequence[Entry],
    setup: Setup,
    *,
    by: str = "",
) -> Iterator[Graded]:
    """Grade submissions that the gradebook holds for one assignment, and keep the grades; yields each as it is done.

    Where the fault is ours, the grade that is added is pending, and says so.

    Raises:
        FaultError: this machine cannot grade, or the gradebook fails again and again.
    """
    failures = 0
    for entry, grade, digest in grade_again(engine, gradebook, assignment, entries, setup):
        try:
            counts = keep_grade(gradebook, entry, grade, digest, by=by)
        except GradebookError as error:
            failures += 1
            yield Graded(entry, None, error)
            if failures >= MOST_FAILURES:
                raise
        else:
            failures = 0
            yield Graded(entry, counts, refused=None if counts is grade else grade)


def keep_grade(
    gradebook: Gradebook,
    entry: Entry,
    grade: Grade,
    assignment_digest: str,
    *,
    by: str = "",
    why: str = "",
    lower: bool = False,
) -> Grade:
    """Let a grade count from now on, unless it takes something from the student; returns the one that counts.

    A score that a student has been told does not fall when the same submission is graded again, unless ``lower``; and
    a fault of ours never takes the place of a grade. Then the earlier one goes on counting, and nothing is added.
    """
    counts = grade

    def stays(earlier: Grade) -> bool:
        nonlocal counts
        trend = tell_trend(earlier, grade)
        if earlier.status is Status.PENDING or not (trend is Trend.PENDING or (trend is Trend.FALLS and not lower)):
            return False
        counts = earlier
        return True

    # Asked while nobody else writes: of two who grade at once, the later one sees what the other has added.
    gradebook.add_grade(entry, grade, assignment_digest, datetime.now(UTC), by=by, why=why, unless=stays)
    return counts


def grade_again(
    engine: Engine, gradebook: Gradebook, assignment: Assignment, entries: Sequence[Entry], setup: Setup
) -> Iterator[tuple[Entry, Grade, str]]:
    """Grade submissions that the gradebook holds for one assignment, and add nothing to it.

    Yields each one as it is done, its grade, and the digest of the assignment that it was graded by. What cannot be
    loaded or graded through a fault of ours gets a pending grade that says so.

    Raises:
        FaultError: this machine cannot grade.
    """
    try:
        with speaking(setup.language):  # whatever keeps a grade back is told in it
            checks, digest = read_checks(assignment), assignment.digest
    except GraderError as error:
        for entry in entries:
            yield entry, _explain(assignment, error), ""
        return
    feed = _Feed(gradebook, assignment, entries, setup.language)
    for entry, grade in feed.take(grade_stream(engine, assignment, checks, feed, setup, len(entries))):
        yield entry, grade, digest


class _Feed:
    """Stored submissions, loaded one by one when they are asked for, with their students' variants."""

    def __init__(self, gradebook: Gradebook, assignment: Assignment, entries: Sequence[Entry], language: str) -> None:
        self._language = language
        self._gradebook = gradebook
        self._assignment = assignment
        self._entries = entries
        self._given: dict[int, Entry] = {}
        self._lost: deque[tuple[Entry, Grade]] = deque()

    def __iter__(self) -> Iterator[tuple[Assignment, Submission]]:
        number = 0
        for entry in self._entries:
            try:
                with speaking(self._language):
                    own = fill_assignment(self._assignment, entry.student)
                    submission = self._gradebook.load(entry)
            except GraderError as error:
                self._lost.append((entry, _explain(self._assignment, error)))
                continue
            self._given[number] = entry
            number += 1
            yield own, submission

    def take(self, graded: Iterable[tuple[int, Grade]]) -> Iterator[tuple[Entry, Grade]]:
        """Yield whose each grade is, and the pending grades of what could not be loaded."""
        for number, grade in graded:
            yield self._given.pop(number), grade
            while self._lost:
                yield self._lost.popleft()
        while self._lost:
            yield self._lost.popleft()


def _explain(assignment: Assignment, error: GraderError) -> Grade:
    return pending_grade(assignment, error.message)
