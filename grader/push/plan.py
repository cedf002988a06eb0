"""What would change in an LMS, worked out before anything is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from grader.display import format_amount
from grader.errors import InputError
from grader.export.scores import Column, Missing
from grader.roster import Claims, RosterStudent


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the LMS's course: the LMS's own id, what it says of who that is, and the score that it holds.

    ``locked`` says why it would not take another.
    """

    key: str
    claims: Claims
    now: Fraction | None = None
    locked: str | None = None


def read_claims(user: Mapping[str, object], lms_ids: Mapping[str, str], *, id: str, username: str, name: str) -> Claims:  # noqa: A002
    """Return who a user of an LMS is by what it says; ``id``, ``username`` and ``name`` are its fields for those."""

    def text(field: str) -> str | None:
        value = user.get(field)
        return value if isinstance(value, str) and value else None

    login = text(username)
    return Claims(text(id), lms_ids, text("email"), (login,) if login else (), name=text(name))


@dataclass(frozen=True, slots=True)
class Change:
    """A score to write: for whom, by the LMS's id, what it holds ``now`` and what it is to hold ``then``."""

    student: str
    key: str
    now: Fraction | None
    then: Fraction


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody of whom nothing is written, and why. ``graded``: there is a final score that the LMS does not get."""

    student: str
    message: str
    graded: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """An assignment of the LMS: its title, its maximum, to how many decimals it keeps a score, and its people.

    ``takes_more``: it keeps a score above its maximum.
    """

    title: str
    maximum: Fraction
    decimals: int
    people: Sequence[Person]
    takes_more: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written, for whom nothing is, and who holds the right score already."""

    changes: tuple[Change, ...]
    left_out: tuple[LeftOut, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def make_plan(column: Column, students: Sequence[RosterStudent], target: Target, *, scale: bool = False) -> Plan:
    """Compare final scores with what the LMS holds; only what differs is a change.

    With ``scale`` scores are scaled to the LMS's maximum where it is another than ours.

    Raises:
        InputError: the maximum is another, and ``scale`` is not given.
    """
    factor = _find_factor(column, target, scale)
    people = _match(students, target.people)
    changes, unchanged = [], []
    left_out = list(_list_strangers(target.people, people, column))
    for student in students:
        score = column.scores.get(student.id)
        reason = _find_reason(column, student.id, people.get(student.id, []))
        if score is None or reason is not None:
            left_out.append(LeftOut(student.id, reason or "no final score", graded=score is not None))
            continue
        (person,) = people[student.id]
        then = round_half_up(score * factor, target.decimals)
        if person.now is not None and round_half_up(person.now, target.decimals) == then:
            unchanged.append(student.id)
        elif person.locked is not None:
            left_out.append(LeftOut(student.id, person.locked, graded=True))
        elif then > target.maximum and not target.takes_more:
            more = f"{format_amount(then)} is over the maximum of {format_amount(target.maximum)}, which the LMS drops"
            left_out.append(LeftOut(student.id, more, graded=True))
        else:
            changes.append(Change(student.id, person.key, person.now, then))
    return Plan(tuple(changes), tuple(left_out), tuple(unchanged), target.notes)


def _find_factor(column: Column, target: Target, scale: bool) -> Fraction:
    if column.points == target.maximum or (scale and column.points > 0):
        return target.maximum / column.points if column.points else Fraction(1)
    message = (
        f"{target.title!r} is worth {format_amount(target.maximum)} there, and {format_amount(column.points)} here"
    )
    raise InputError(message, "change the maximum there, or give --scale")


def _match(students: Sequence[RosterStudent], people: Iterable[Person]) -> dict[str, list[Person]]:
    """Return whom of the LMS's people each student can be: by ids, e-mail address and user name, never by name."""
    index: dict[tuple[str, str], set[str]] = {}
    for student in students:
        for key in _list_keys(student):
            index.setdefault(key, set()).add(student.id)
    found: dict[str, list[Person]] = {}
    for person in people:
        for key in _list_questions(person.claims):
            if len(own := index.get(key, set())) == 1:
                found.setdefault(next(iter(own)), []).append(person)
                break
    return found


def _list_keys(student: RosterStudent) -> Iterator[tuple[str, str]]:
    """Yield what a student is found by."""
    yield "id", _fold(student.id)
    yield "username", _fold(student.lms_ids.get("username", student.id))
    if student.email:
        yield "email", _fold(student.email)
    for column, value in student.lms_ids.items():
        yield f"column {column}", _fold(value)
        yield "any id", _fold(value)


def _list_questions(claims: Claims) -> Iterator[tuple[str, str]]:
    """Yield what an LMS says of somebody, the surest first."""
    if claims.id:
        yield "id", _fold(claims.id)
    for column, value in claims.lms_ids.items():
        yield f"column {column}", _fold(value)
    if claims.id:
        yield "any id", _fold(claims.id)
    if claims.email:
        yield "email", _fold(claims.email)
    for username in claims.usernames:
        yield "username", _fold(username)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _find_reason(column: Column, student: str, people: Sequence[Person]) -> str | None:
    if column.scores.get(student) is None:
        return str(column.missing.get(student, Missing.NOT_SUBMITTED))
    if not people:
        return "not in the LMS's course, by id, e-mail address or user name"
    if len(people) > 1:
        return f"{len(people)} people in the LMS's course can be meant: {', '.join(person.key for person in people)}"
    return None


def _list_strangers(people: Iterable[Person], known: Mapping[str, Sequence[Person]], column: Column) -> list[LeftOut]:
    """Return those whom the LMS has a score of, though nobody here is meant."""
    mine = {person.key for own in known.values() for person in own}
    strangers = [person for person in people if person.key not in mine and person.now is not None]
    return [LeftOut(person.claims.stated, "in the LMS's course, and nobody here") for person in strangers]


def round_half_up(amount: Fraction, decimals: int) -> Fraction:
    """Return an amount to some decimals, halves away from 0 upwards, as LMSs keep it."""
    unit = 10**decimals
    return Fraction((amount * unit + Fraction(1, 2)).__floor__(), unit)


def format_decimal(amount: Fraction, decimals: int) -> str:
    """Return an amount of at least 0 with a point and so many decimals, whatever the language: ``7.50``."""
    whole = (round_half_up(amount, decimals) * 10**decimals).__floor__()
    return f"{whole // 10**decimals}.{whole % 10**decimals:0{decimals}d}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the LMS holds after writing; ``error`` is what it said, where it said something."""

    change: Change
    holds: Fraction | None
    error: str | None = None
    decimals: int = 2

    @property
    def stuck(self) -> bool:
        """Does it hold what was written?"""
        return self.holds is not None and round_half_up(self.holds, self.decimals) == self.change.then
