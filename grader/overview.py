"""How one student stands in a course: what is due when, what can still be done, and what others changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from grader.decisions import Extension
from grader.display import clean_line, format_moment
from grader.gradebook import Change, Gradebook
from grader.language import _, later
from grader.roster import Roster
from grader.scoring import FinalGrade, NextAttempt, Status, due_date, find_next_attempt
from grader.settlement import Settled, explain_closed, settle_student
from grader.spec import Assignment, Course

LONGEST_REASON = 200
# The gradebook's trail is in English; these are all of its words that a student is told.
TAKEN_BACK = later("taken back")
_STATUSES = (later("needs review"), later("pending"))


@dataclass(frozen=True, slots=True)
class Overview:
    """One student and one assignment, as of a moment.

    ``due`` is the student's own due date. ``closed`` says why nothing handed in now would count, None while something
    would. ``best`` is the highest score of any attempt. ``changes`` are what others did about the student's work since
    the last attempt, in sentences, the oldest first.
    """

    assignment: Assignment
    due: datetime | None
    following: NextAttempt
    closed: str | None
    best: Fraction | None = None
    final: FinalGrade | None = None
    changes: tuple[str, ...] = ()

    @property
    def attempts_left(self) -> int | None:
        """How many more attempts would count; None where there is no limit."""
        limit = self.following.limit
        if self.closed is not None and self.following.opens_at is None:
            return 0
        return None if limit is None else max(0, limit - self.following.used)


def review_assignment(
    course: Course, gradebook: Gradebook | None, assignment: Assignment, student: str, now: datetime
) -> Overview:
    """Return how a student stands in an assignment; without a gradebook nothing was ever handed in.

    Raises:
        SpecError: the due date or the policy make no sense.
        GradebookError: the gradebook cannot be read.
    """
    policy, due = course.policy_of(assignment), course.due_of(assignment)
    if gradebook is None:
        following = find_next_attempt((), policy.attempts, now)
        return Overview(assignment, due, following, explain_closed(policy, due, following, now))
    settled = settle_student(course, gradebook, assignment, student)
    following = find_next_attempt(settled.attempts, policy.attempts, now)
    return Overview(
        assignment=assignment,
        due=settled.final.due,
        following=following,
        closed=explain_closed(policy, settled.final.due, following, now),
        best=_find_best(settled),
        final=settled.final,
        changes=tuple(_list_changes(course, gradebook, assignment, student, settled)),
    )


def _find_best(settled: Settled) -> Fraction | None:
    grades = [attempt.grade for attempt in settled.attempts if attempt.grade is not None]
    return max((grade.score for grade in grades if grade.status is not Status.PENDING), default=None)


def _list_changes(
    course: Course, gradebook: Gradebook, assignment: Assignment, student: str, settled: Settled
) -> Iterator[str]:
    """Yield what changed after the last attempt, for which there must be one."""
    if not settled.attempts:
        return
    since = settled.attempts[-1].submitted_at
    trail = gradebook.trail(student, assignment.id)
    several = len(settled.attempts) > 1
    numbers = {one.submission: number for number, one in enumerate(settled.attempts, 1)} if several else {}
    told = [(change.at, _describe_change(change, trail, numbers)) for change in trail if change.at > since]
    told += _describe_extension(course, gradebook, assignment, student, since)
    for _at, sentence in sorted(pair for pair in told if pair[1]):
        yield sentence


def _describe_change(change: Change, trail: Sequence[Change], numbers: Mapping[str, int]) -> str:
    """Return what a line of the trail tells the student; nothing of what is the student's own doing.

    ``numbers`` are those of the attempts, where there are several. Why something was decided is for those who decided
    it, as in reports.
    """
    if change.what == "grade":
        before = [one for one in trail if one.what == "grade" and one.submission == change.submission]
        before = before[: before.index(change)]
        if not before or before[-1].detail == change.detail:
            return ""
        told = {"score": _tell_score(change.detail), "earlier": _tell_score(before[-1].detail)}
        if (number := numbers.get(change.submission or "")) is not None:
            return _("attempt {number} graded again, {score} (before: {earlier})", number=number, **told)
        return _("graded again, {score} (before: {earlier})", **told)
    if change.what == "mark":
        return _tell_mark(clean_line(change.detail, LONGEST_REASON))  # its comment is in the report
    if change.what == "override":
        if change.detail == TAKEN_BACK:
            return _("the score that was decided is taken back")
        return _("decided, score {score}", score=change.detail.removeprefix("score "))
    return ""


def _tell_score(detail: str) -> str:
    """Return a grade in the trail's words (``9 of 10 + 1, needs review``) in the reader's language."""
    score, _of, points = detail.partition(" of ")
    points, comma, status = points.partition(", ")
    told = _("{score} of {points}", score=score, points=points)
    return f"{told}{comma}{_(status)}"


def _tell_mark(detail: str) -> str:
    question, colon, score = detail.rpartition(": ")
    return _("marked, {score}", score=f"{question}{colon}{_(score) if score == TAKEN_BACK else score}")


def _describe_extension(
    course: Course, gradebook: Gradebook, assignment: Assignment, student: str, since: datetime
) -> list[tuple[datetime, str]]:
    """Return that the student's due date is another one than it was at a moment, if it is."""
    section = next((one.section for one in (gradebook.roster() or Roster()).students if one.id == student), None)
    extensions = gradebook.extensions(assignment.id)
    before = [one for one in extensions if one.at <= since]

    def find(known: Sequence[Extension]) -> datetime | None:
        return due_date(course.due_of(assignment), known, assignment.id, student, section)

    now = find(extensions)
    if now is None or now == find(before):
        return []
    return [(extensions[-1].at, _("due {moment} instead", moment=format_moment(now, now.tzinfo)))]
