"""The grade that counts for a student: of one attempt, less what lateness costs, unless somebody decided otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from grader.decisions import Extension, HintTaken, Mark, Override
from grader.display import join_first
from grader.errors import InputError
from grader.fields import amount
from grader.language import _, plural
from grader.policy import LatePolicy, Penalty, Policy, format_duration
from grader.scoring.attempts import Attempt, Standing, count_used, judge_attempts
from grader.scoring.grades import ZERO, Grade, QuestionGrade, Status
from grader.scoring.lateness import ON_TIME, count_units, due_date, is_cut_off, measure_lateness, penalise
from grader.scoring.marks import apply_marks
from grader.spec import Assignment

_SETTLED = (Status.GRADED, Status.NEEDS_REVIEW)
_MOST_NAMED = 10
TIMES = "\u00d7"


@dataclass(frozen=True, slots=True)
class AttemptGrade:
    """An attempt that counts, and what it earns.

    ``grade`` has people's marks in it, and is None while there is none; ``score`` and ``bonus`` are less what lateness
    costs, and the score first less ``hint_cost``, that of the ``hints`` that were taken before. ``most`` is what a
    grade's score and bonus together can come to, once all that waits has been decided.
    """

    attempt: Attempt
    number: int
    grade: Grade | None
    lateness: timedelta
    score: Fraction
    bonus: Fraction
    most: Fraction
    hint_cost: Fraction = ZERO
    hints: int = 0

    @property
    def status(self) -> Status | None:
        """How far its grade has come; None while it has none."""
        return None if self.grade is None else self.grade.status

    @property
    def total(self) -> Fraction:
        """Score and bonus together."""
        return self.score + self.bonus


@dataclass(frozen=True, slots=True)
class FinalGrade:
    """What counts for a student and an assignment: ``score`` of ``points``, and ``bonus`` on top.

    ``attempt`` is the one that counts, the ``number``-th; None where nothing was handed in. Its own amounts are
    ``raw_score`` and ``raw_bonus``; ``penalty`` shows how lateness made the score of them. ``grade`` has people's marks
    in it. ``status`` is None where there is no grade: nothing was handed in, or it has not been graded yet. Only with
    the status ``graded`` are the amounts settled. An ``override`` settles them whatever else there is. ``used``
    attempts are used up; ``notes`` say what else there is to know, in sentences for the student, too. ``rivals`` wait
    for something, and may then count in place of the attempt.
    """

    student: str
    assignment: str
    status: Status | None
    score: Fraction
    points: Fraction
    bonus: Fraction = ZERO
    bonus_points: Fraction = ZERO
    attempt: Attempt | None = None
    number: int | None = None
    grade: Grade | None = None
    raw_score: Fraction = ZERO
    raw_bonus: Fraction = ZERO
    due: datetime | None = None
    lateness: timedelta = ON_TIME
    units: int = 0
    penalty: str | None = None
    override: Override | None = None
    used: int = 0
    limit: int | None = None
    notes: tuple[str, ...] = ()
    rivals: tuple[Attempt, ...] = ()

    @property
    def total(self) -> Fraction:
        """Score and bonus together."""
        return self.score + self.bonus


def settle(
    assignment: Assignment,
    student: str,
    attempts: Sequence[Attempt],
    policy: Policy,
    due: datetime | None,
    *,
    section: str | None = None,
    extensions: Iterable[Extension] = (),
    overrides: Iterable[Override] = (),
    marks: Iterable[Mark] = (),
    hints: Iterable[HintTaken] = (),
) -> FinalGrade:
    """Return the grade that counts for a student.

    Args:
        assignment: what was asked.
        student: for whom it counts.
        attempts: the submissions that count for the student, the whole group's where they hand in together.
        policy: the assignment's, as ``Course.policy_of`` gives it.
        due: its due date for everybody, as ``Course.due_of`` gives it.
        section: the student's section, for extensions.
        extensions: those of the course; only what concerns the student and the assignment is looked at. So it is of
            overrides, and of marks.
        overrides: the newest of the student counts, and none where that takes it back.
        marks: people's marks for questions of the submissions.
        hints: those that the student took. They cost what the assignment says, from the next attempt on.
    """
    own_due = due_date(due, extensions, assignment.id, student, section)
    standings = judge_attempts(attempts, policy.attempts)
    given: dict[str, list[Mark]] = {}
    for mark in marks:
        given.setdefault(mark.submission, []).append(mark)
    taken = tuple(hints)
    counting = [
        _grade_attempt(standing, given.get(standing.attempt.submission, ()), taken, assignment, own_due, policy.late)
        for standing in standings
        if standing.counts
    ]
    chosen = choose_attempt(counting, policy.attempts.counts)
    final = FinalGrade(
        student=student,
        assignment=assignment.id,
        status=None,
        score=ZERO,
        points=assignment.points,
        due=own_due,
        used=count_used(attempts, policy.attempts),
        limit=policy.attempts.limit,
        notes=tuple(_explain_attempts(standings, chosen, counting, student, policy)),
    )
    if chosen is not None:
        final = _count(final, chosen, counting, policy)
    return _apply_override(final, overrides)


def _grade_attempt(
    standing: Standing,
    marks: Sequence[Mark],
    hints: Sequence[HintTaken],
    assignment: Assignment,
    due: datetime | None,
    policy: LatePolicy,
) -> AttemptGrade:
    attempt = standing.attempt
    lateness = measure_lateness(attempt.submitted_at, due)
    if attempt.grade is None:
        # What it can come to is not known: only checks say what bonus there is.
        return AttemptGrade(attempt, standing.number, None, lateness, ZERO, ZERO, ZERO)
    grade = apply_marks(attempt.grade, marks, assignment)
    before = [hint for hint in hints if hint.at <= attempt.submitted_at]
    cost, most_cost = (charge_hints(grade, before, assignment, most=most) for most in (False, True))
    return AttemptGrade(
        attempt=attempt,
        number=standing.number,
        grade=grade,
        lateness=lateness,
        score=penalise(grade.score - cost, grade.points, lateness, policy),
        bonus=penalise(grade.bonus, grade.bonus_points, lateness, policy),
        most=penalise(_most(grade) - most_cost, grade.points, lateness, policy)
        + penalise(_most_bonus(grade), grade.bonus_points, lateness, policy),
        hint_cost=cost,
        hints=len(before),
    )


def charge_hints(grade: Grade, hints: Iterable[HintTaken], assignment: Assignment, *, most: bool = False) -> Fraction:
    """Return what hints take from a grade's score: from each question no more than it earned.

    With ``most`` what waits to be decided is taken to be earned. A hint that is no longer there costs nothing.
    """
    taken = tuple(hints)
    if not taken:
        return ZERO
    steps = {question.id: question.hints for question in assignment.questions}
    costs: dict[str, Fraction] = {}
    for hint in taken:
        own = steps.get(hint.question, ())
        if 0 < hint.step <= len(own):
            costs[hint.question] = costs.get(hint.question, ZERO) + own[hint.step - 1].cost
    return sum((min(costs.get(one.id, ZERO), _most_of(one) if most else one.score) for one in grade.questions), ZERO)


def _most(grade: Grade) -> Fraction:
    return sum(map(_most_of, grade.questions), ZERO)


def _most_of(question: QuestionGrade) -> Fraction:
    waits = question.status in (Status.NEEDS_REVIEW, Status.PENDING)
    return question.points if waits else question.score


def _most_bonus(grade: Grade) -> Fraction:
    pending = (question.status is Status.PENDING for question in grade.questions)
    return grade.bonus_points if any(pending) else grade.bonus


def choose_attempt(counting: Sequence[AttemptGrade], counts: Literal["last", "best", "first"]) -> AttemptGrade | None:
    """Return the attempt whose score is the student's, of those that count, the oldest first.

    ``first`` and ``last`` go by the order alone: where that attempt has no grade yet, or a pending one, so has the
    student. Falling back to another one would show a score that the policy does not give, and that could only change.
    ``best`` is the one with the most points, late or not, bonus included, and the earlier of two alike; what is pending
    or not graded can only raise it, and takes no part.
    """
    if not counting:
        return None
    if counts == "first":
        return counting[0]
    known = [one for one in counting if one.status in _SETTLED]
    if counts == "last" or not known:
        return counting[-1]
    return max(known, key=lambda one: (one.total, one.score, -one.number))


def _count(final: FinalGrade, chosen: AttemptGrade, counting: Sequence[AttemptGrade], policy: Policy) -> FinalGrade:
    """Return the final grade with an attempt's amounts in it."""
    attempt, grade = chosen.attempt, chosen.grade
    final = replace(final, attempt=attempt, number=chosen.number, lateness=chosen.lateness)
    if grade is None:
        return final
    rivals = _find_rivals(chosen, counting, policy)
    unread = any(one.status is Status.NEEDS_REVIEW for one in rivals)
    return replace(
        final,
        # An answer that nobody has read yet, in an attempt that may turn out to be the best, is work for a person.
        status=Status.NEEDS_REVIEW if unread and grade.status is Status.GRADED else grade.status,
        grade=grade,
        score=chosen.score,
        points=grade.points,
        bonus=chosen.bonus,
        bonus_points=grade.bonus_points,
        raw_score=grade.score,
        raw_bonus=grade.bonus,
        units=count_units(chosen.lateness, policy.late),
        penalty=_explain_penalty(chosen, grade, policy.late),
        rivals=tuple(one.attempt for one in rivals),
    )


def _find_rivals(chosen: AttemptGrade, counting: Sequence[AttemptGrade], policy: Policy) -> list[AttemptGrade]:
    """Return the attempts that wait for something, and may then count in place of the chosen one."""
    if policy.attempts.counts != "best":
        return []
    open_ones = [one for one in counting if one is not chosen and one.status is not Status.GRADED]
    ungraded = [one for one in open_ones if one.grade is None and not is_cut_off(one.lateness, policy.late)]
    return [one for one in open_ones if one in ungraded or one.most > chosen.total]


def _explain_penalty(chosen: AttemptGrade, grade: Grade, policy: LatePolicy) -> str | None:
    """Return the arithmetic of lateness, None for what is on time."""
    lateness = chosen.lateness
    if lateness <= ON_TIME:
        return None
    late = format_duration(lateness)
    if is_cut_off(lateness, policy):
        cut_off = format_duration(policy.cut_off or ON_TIME)
        return _("late by {late}: after the cut-off of {cut_off}, nothing counts", late=late, cut_off=cut_off)
    if policy.penalty is None or not count_units(lateness, policy):
        if policy.penalty and policy.grace:
            return _("late by {late}: within the grace of {grace}", late=late, grace=format_duration(policy.grace))
        return _("late by {late}: the policy takes nothing off", late=late)
    told = {"late": late, "sum": _sum_up(chosen, grade, policy, policy.penalty)}
    if not grade.bonus:
        return _("late by {late}: {sum}", **told)
    bonus, left = amount(grade.bonus), amount(chosen.bonus)
    return _("late by {late}: {sum}; bonus {bonus}, so {left}", **told, bonus=bonus, left=left)


def _sum_up(chosen: AttemptGrade, grade: Grade, policy: LatePolicy, penalty: Penalty) -> str:
    """Return what the started days or hours cost, and what is left of the score."""
    units = count_units(chosen.lateness, policy)
    taken = units * penalty.share * grade.points
    earned = grade.score - chosen.hint_cost
    told = {
        "times": TIMES,
        "share": amount(100 * penalty.share),
        "points": amount(grade.points),
        "taken": amount(taken),
    }
    if penalty.unit == "day":
        cost = plural(
            "{number} started day {times} {share} % of {points} points = {taken}",
            "{number} started days {times} {share} % of {points} points = {taken}",
            units,
            **told,
        )
    else:
        cost = plural(
            "{number} started hour {times} {share} % of {points} points = {taken}",
            "{number} started hours {times} {share} % of {points} points = {taken}",
            units,
            **told,
        )
    rest = f"{amount(earned)} - {amount(taken)}"
    left = amount(chosen.score)
    if chosen.score == earned - taken:
        return f"{cost}; {rest} = {left}"
    if earned <= 0:
        return _("{cost}; 0 points stay 0", cost=cost)
    if policy.floor:
        floor = amount(100 * policy.floor)
        told = {"cost": cost, "rest": rest, "floor": floor, "earned": amount(earned), "left": left}
        return _("{cost}; {rest} is below {floor} % of {earned}, so {left}", **told)
    return _("{cost}; {rest} is below 0, so 0", cost=cost, rest=rest)


def _explain_attempts(
    standings: Sequence[Standing],
    chosen: AttemptGrade | None,
    counting: Sequence[AttemptGrade],
    student: str,
    policy: Policy,
) -> Iterator[str]:
    """Yield what there is to know of the attempts, in sentences."""
    if chosen is None:
        yield _("Nothing was handed in.")
        return
    number = chosen.number
    if chosen.attempt.student not in (None, student):
        by = chosen.attempt.student
        yield _("Attempt {number}, by {student} for the group, counts.", number=number, student=by)
    if chosen.grade is None:
        yield _("Attempt {number} has not been graded yet.", number=number)
    elif chosen.hint_cost:
        earned, cost = chosen.grade.score, chosen.hint_cost
        yield plural(
            "{number} hint taken before attempt {attempt}: {sum} points.",
            "{number} hints taken before attempt {attempt}: {sum} points.",
            chosen.hints,
            attempt=number,
            sum=f"{amount(earned)} - {amount(cost)} = {amount(earned - cost)}",
        )
    if is_cut_off(chosen.lateness, policy.late):
        yield _("Attempt {number} came after the cut-off: it earns nothing.", number=number)
    reasons = dict.fromkeys(standing.reason for standing in standings if standing.reason)
    for reason in reasons:
        numbers = [standing.number for standing in standings if standing.reason == reason]
        yield plural(
            "Attempt {numbers} does not count: {reason}.",
            "Attempts {numbers} do not count: {reason}.",
            len(numbers),
            numbers=_list_numbers(numbers),
            reason=reason,
        )
    if rivals := _find_rivals(chosen, counting, policy):
        yield plural(
            "Attempt {numbers} does not count yet, and may raise the grade.",
            "Attempts {numbers} do not count yet, and may raise the grade.",
            len(rivals),
            numbers=_list_numbers([one.number for one in rivals]),
        )


def _list_numbers(numbers: Sequence[int]) -> str:
    return join_first([str(number) for number in numbers], _MOST_NAMED)


def _apply_override(final: FinalGrade, overrides: Iterable[Override]) -> FinalGrade:
    """Return the final grade with the newest override in it.

    What it gives counts in place of score and bonus together: above the points it is bonus.
    """
    own = [one for one in overrides if (one.student, one.assignment) == (final.student, final.assignment)]
    newest = max(enumerate(own), key=lambda pair: (pair[1].at, pair[0]), default=(0, None))[1]
    if newest is None or newest.score is None:
        return final
    most = final.points + final.bonus_points
    total = min(max(newest.score, ZERO), most)
    notes = final.notes
    if newest.score > most:
        given, most_told = amount(newest.score), amount(most)
        notes += (_("The override gives {given}, and no more than {most} can be earned.", given=given, most=most_told),)
    score = min(total, final.points)
    return replace(final, status=Status.GRADED, score=score, bonus=total - score, override=newest, notes=notes)


def check_override(score: Fraction, points: Fraction, bonus_points: Fraction = ZERO) -> Fraction:
    """Return a score that may count in place of the one that was worked out: up to the points and the bonus points.

    Raises:
        InputError: it is below 0, or above.
    """
    most = points + bonus_points
    if not 0 <= score <= most:
        bonus = f", {amount(bonus_points)} bonus points included" if bonus_points else ""
        raise InputError(f"a score of {amount(score)} is not possible", f"give one from 0 to {amount(most)}{bonus}")
    return score
