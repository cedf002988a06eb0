"""The figures of an earlier term, as ``grader report --json`` printed them, beside those of now."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grader.display import clean_line
from grader.errors import InputError
from grader.tables import read_text

MAX_BYTES = 100_000_000
_HINT = "give a file that `grader report --json` printed"
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Amount = Annotated[float, Field(allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]
_ROUNDING = 1e-3  # amounts in the file are rounded to four decimals


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CheckRate(_Model):
    """How many passed a check."""

    question: str
    id: str
    title: str
    pass_rate: _Share | None


class DiagnosisRate(_Model):
    """How many showed a known mistake."""

    mistake: str
    title: str
    share: _Share | None


class AssignmentTerm(_Model):
    """The figures of one assignment. What files of earlier versions do not have is None."""

    id: str
    title: str
    points: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    graded: _Count
    submitted: _Count | None = None
    late: _Count | None = None
    full_marks: _Count | None = None
    mean: _Amount | None
    median: _Amount | None
    checks: tuple[CheckRate, ...]
    diagnoses: tuple[DiagnosisRate, ...] | None = None


class Term(_Model):
    """The figures of a course in one term; of its students only how many there are is of use."""

    format: Literal[1]
    course: str
    as_of: str | None = None
    assignments: tuple[AssignmentTerm, ...]
    students: tuple[Any, ...] | None = None

    @property
    def size(self) -> int | None:
        """How many students it had; None where the file does not say."""
        return None if self.students is None else len(self.students)


@dataclass(frozen=True, slots=True)
class Pair:
    """A share then and now, from 0 to 1; None where there was nothing to count.

    ``graded`` is how many submissions of its assignment were graded then, and how many are now.
    """

    title: str
    before: Fraction | None
    now: Fraction | None
    graded: tuple[int, int]
    assignment: str = ""

    @property
    def change(self) -> Fraction | None:
        """By how much the share changed; None where one of the two is missing."""
        return None if self.before is None or self.now is None else self.now - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two terms side by side, matched by ids. ``only_then`` and ``only_now`` name what has no counterpart.

    ``sizes`` are how many students there were then, where that is known, and how many there are now.
    """

    then: str
    as_of: str | None
    sizes: tuple[int | None, int | None]
    means: tuple[Pair, ...]
    medians: tuple[Pair, ...]
    checks: tuple[Pair, ...]
    diagnoses: tuple[Pair, ...]
    only_then: tuple[str, ...]
    only_now: tuple[str, ...]

    @property
    def fewest(self) -> int | None:
        """The smallest number of graded submissions that a compared mean rests on, then or now; None without one."""
        return min((one for pair in self.means if pair.change is not None for one in pair.graded), default=None)


def read_term(path: Path) -> Term:
    """Return the figures in a file.

    Raises:
        InputError: it cannot be read, is no such file, or has figures that cannot be.
    """
    text = read_text(path, MAX_BYTES, _HINT)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not JSON", _HINT) from None
    if isinstance(data, dict) and data.get("format") not in (1, None):
        raise InputError(f"{path} has format {clean_line(str(data['format']), 20)}", "this version reads format 1")
    term = _to_term(data, str(path))
    _check_figures(term, str(path))
    return term


def to_term(data: Any) -> Term:
    """Return the figures in what ``to_class_json`` made."""
    return _to_term(data, "the report")


def _to_term(data: Any, where: str) -> Term:
    try:
        return Term.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        message = f"{where} is no class report: {clean_line(place, 80)}: {clean_line(first['msg'], 120)}"
        raise InputError(message, _HINT) from None


def _check_figures(term: Term, where: str) -> None:
    """Raise InputError where figures cannot be: they were changed by hand, or are none of ours."""
    seen: set[str] = set()
    for one in term.assignments:
        place = f"{where}: assignment {clean_line(one.id, 80)!r}"
        if one.id in seen:
            raise InputError(f"{place} is there twice", _HINT)
        seen.add(one.id)
        for name, amount in (("mean", one.mean), ("median", one.median)):
            if amount is not None and not -_ROUNDING <= amount <= one.points + _ROUNDING:
                raise InputError(f"{place}: its {name} is {amount:g}, of {one.points:g} points", _HINT)
        most = one.graded if one.submitted is None else one.submitted
        counts = [("graded", one.graded, "submitted", most), ("late", one.late, "submitted", one.submitted)]
        counts.append(("full_marks", one.full_marks, "graded", one.graded))
        counts.append(("submitted", most, "students", term.size))
        for name, count, of, limit in counts:
            if count is not None and limit is not None and count > limit:
                raise InputError(f"{place}: {count} {name}, of {limit} {of}", _HINT)


def compare_terms(then: Term, now: Term) -> Comparison:
    """Return two terms side by side: assignments, checks and mistakes of the same ids."""
    before = {one.id: one for one in then.assignments}
    pairs = [(before[one.id], one) for one in now.assignments if one.id in before]
    diagnosed = [(old, new) for old, new in pairs if old.diagnoses is not None]
    return Comparison(
        then=clean_line(then.course),
        as_of=clean_line(then.as_of) if then.as_of else None,
        sizes=(then.size, now.size),
        means=tuple(_pair(_part(old.mean, old), _part(new.mean, new), old, new) for old, new in pairs),
        medians=tuple(_pair(_part(old.median, old), _part(new.median, new), old, new) for old, new in pairs),
        checks=tuple(pair for old, new in pairs for pair in _pair_checks(old, new)),
        diagnoses=tuple(pair for old, new in diagnosed for pair in _pair_diagnoses(old, new)),
        only_then=tuple(_name_missing(then.assignments, now.assignments, pairs, 0)),
        only_now=tuple(_name_missing(now.assignments, then.assignments, pairs, 1)),
    )


def _pair(
    before: float | None, now: float | None, old: AssignmentTerm, new: AssignmentTerm, title: str | None = None
) -> Pair:
    """Return a share of an assignment then and now; ``title`` names a part of it."""

    def exact(share: float | None) -> Fraction | None:
        return None if share is None else Fraction(str(share))

    name = new.title if title is None else f"{new.title}: {title}"
    return Pair(clean_line(name), exact(before), exact(now), (old.graded, new.graded), clean_line(new.id))


def _part(amount: float | None, of: AssignmentTerm) -> float | None:
    share = amount / of.points if amount is not None and of.points > 0 else math.inf
    return round(share, 4) if math.isfinite(share) else None


def _pair_checks(old: AssignmentTerm, new: AssignmentTerm) -> Iterable[Pair]:
    before = {(check.question, check.id): check for check in old.checks}
    for check in new.checks:
        if (check.question, check.id) in before:
            rate = before[check.question, check.id].pass_rate
            yield _pair(rate, check.pass_rate, old, new, check.title)


def _pair_diagnoses(old: AssignmentTerm, new: AssignmentTerm) -> Iterable[Pair]:
    """Yield the mistakes of both terms: one that nobody made any more, or made before, has a share of 0."""
    before = {one.mistake: one for one in old.diagnoses or ()}
    now = {one.mistake: one for one in new.diagnoses or ()}
    for mistake in [*now, *(one for one in before if one not in now)]:
        title = (now.get(mistake) or before[mistake]).title
        shares = [found[mistake].share if mistake in found else 0.0 for found in (before, now)]
        yield _pair(shares[0], shares[1], old, new, title)


def _name_missing(
    own: Sequence[AssignmentTerm],
    others: Sequence[AssignmentTerm],
    pairs: Sequence[tuple[AssignmentTerm, AssignmentTerm]],
    side: int,
) -> Iterable[str]:
    """Yield what one term has and the other has not: assignments, and checks of those that both have."""
    known = {one.id for one in others}
    for one in own:
        if one.id not in known:
            yield f"assignment “{clean_line(one.title)}” ({clean_line(one.id)})"
    for pair in pairs:
        mine, theirs = pair[side], pair[1 - side]
        checks = {(check.question, check.id) for check in theirs.checks}
        for check in mine.checks:
            if (check.question, check.id) not in checks:
                yield f"check “{clean_line(check.title)}” of {clean_line(mine.title)}"
