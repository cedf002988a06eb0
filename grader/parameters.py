"""The parameters of a question's variants: from what each is drawn, and what a student draws.

A draw is a hash of who asks for what, so it is the same on every machine and in every version of Python, and it does
not change when another parameter is added. Neither ``random`` nor floating-point arithmetic takes part in it.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Self, TypeGuard

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict, WithJsonSchema, model_validator

from grader.errors import Problem
from grader.formulas import Formula, Value, check_formula, check_template, name_fault, place
from grader.validation import kind_of
from grader.yaml_source import Document, Location

MAX_COUNT = 1_000
MAX_SIZE = 10**9
_MAX_NUMBER = 10**15
_TAG = b"grader variant 1"  # another one would give every student other questions


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _entries(given: object) -> tuple[Value, ...]:
    if not isinstance(given, list | tuple) or not given:
        raise ValueError(f"must be a list of what may be drawn, such as [1.0, 1.5], not {kind_of(given)}")
    for number, entry in enumerate(given):
        if not all(_is_plain(value) for value in (entry if isinstance(entry, list) else [entry])):
            raise ValueError("must hold finite numbers, text, true, false, or lists of them")
        if entry in given[:number]:
            raise ValueError(f"holds {entry!r} twice")
    return tuple(given)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool) or (_is_number(value) and math.isfinite(value))


def _range(given: object) -> tuple[Fraction, Fraction]:
    """Return the ends of a range as the author wrote them: 0.1 is 1/10, not the nearest binary fraction."""
    if not isinstance(given, list | tuple) or len(given) != 2 or not all(map(_is_number, given)):
        raise ValueError("must be [lowest, highest], such as [2, 9]")
    if not all(abs(end) <= _MAX_NUMBER for end in given):  # so is no NaN
        raise ValueError("must lie between -1e15 and 1e15")
    low, high = (Fraction(Decimal(repr(end))) for end in given)
    if low > high:
        raise ValueError(f"must be [lowest, highest]: {given[0]} is more than {given[1]}")
    return low, high


def _whole_range(given: object) -> tuple[Fraction, Fraction]:
    low, high = _range(given)
    if low.denominator != 1 or high.denominator != 1:
        raise ValueError("must be whole numbers; use 'number' with a 'step' for others")
    return low, high


def _step(given: object) -> Fraction:
    if not _is_number(given) or not 0 < given <= _MAX_NUMBER:
        raise ValueError("must be a number above 0, such as 0.1")
    return Fraction(Decimal(repr(given)))


def _formula(given: object) -> Formula:
    if isinstance(given, str) and given.strip():
        return Formula(given)
    if _is_number(given):
        return Formula(repr(given))
    raise ValueError(f"must be a formula, such as log(total) - a, not {kind_of(given)}")


_TWO_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_PLAIN = {"type": ["number", "string", "boolean", "array"]}
Entries = Annotated[
    tuple[Any, ...], PlainValidator(_entries), WithJsonSchema({"type": "array", "items": _PLAIN, "minItems": 1})
]
Range = Annotated[tuple[Fraction, Fraction], PlainValidator(_range), WithJsonSchema(_TWO_NUMBERS)]
WholeRange = Annotated[tuple[Fraction, Fraction], PlainValidator(_whole_range), WithJsonSchema(_TWO_NUMBERS)]
Step = Annotated[Fraction, PlainValidator(_step), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
Expression = Annotated[
    Formula, PlainValidator(_formula), WithJsonSchema({"type": ["string", "number"], "minLength": 1})
]


class Draw(_Model):
    """From what a parameter is drawn: ``choice``, ``integer`` or ``number`` says it."""

    choice: Entries | None = None
    """One of these: numbers, text, true, false, or lists of them."""
    integer: WholeRange | None = None
    """A whole number from the first to the second, both included."""
    number: Range | None = None
    """A number from the first to the second, both included, by ``step``."""
    step: Step | None = None
    """The distance of the numbers that ``number`` draws from; exact, so 0.1 gives 0.3 and never 0.30000000000000004."""
    count: Annotated[int, Strict(), Field(ge=1, le=MAX_COUNT)] | None = None
    """How many to draw; the parameter is a list then."""
    distinct: Annotated[bool, Strict()] = False
    """Whether those of a list all differ. With as many as there are it is a list in another order."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        kinds = [name for name in ("choice", "integer", "number") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError("needs one of the keys choice, integer and number" + (", not two" if kinds else ""))
        if (self.number is None) != (self.step is None):
            raise ValueError("needs the keys 'number' and 'step' together")
        if self.number is not None and self.step is not None:
            low, high = self.number
            if (high - low) % self.step:
                raise ValueError(f"has a step of {float(self.step)} that does not lead to {float(high)}")
        if self.size > MAX_SIZE:
            raise ValueError(f"could be one of {self.size:,}; at most {MAX_SIZE:,} are taken")
        if self.distinct and (self.count is None or self.count > self.size):
            less = "a count" if self.count is None else f"a count of at most {self.size}"
            raise ValueError(f"needs {less} with 'distinct: true'")
        return self

    @property
    def size(self) -> int:
        """From how many different ones one is drawn."""
        if self.choice is not None:
            return len(self.choice)
        low, high = self._ends()
        return int((high - low) / (self.step or 1)) + 1

    def draw(self, seed: bytes) -> Value:
        """Return what is drawn with this seed, always the same."""
        if self.count is None:
            return self._pick(_below(self.size, seed, 0))
        if not self.distinct:
            return [self._pick(_below(self.size, seed, number)) for number in range(self.count)]
        taken: list[int] = []
        for number in range(self.count):
            place = _below(self.size - number, seed, number)
            for other in sorted(taken):  # the place is one among those that are left
                place += place >= other
            taken.append(place)
        return [self._pick(place) for place in taken]

    def _pick(self, place: int) -> Value:
        if self.choice is not None:
            entry: Value = self.choice[place]
            return list(entry) if isinstance(entry, list) else entry
        low, _ = self._ends()
        if self.step is None:
            return int(low) + place
        return float(low + place * self.step)  # the float nearest to the exact decimal, which is printed as that

    def _ends(self) -> tuple[Fraction, Fraction]:
        ends = self.integer or self.number
        assert ends is not None
        return ends


class Variants(_Model):
    """What differs from student to student in a question. Its texts are Jinja2 templates then."""

    draw: Annotated[dict[str, Draw], Field(min_length=1)]
    """Name → from what it is drawn."""
    compute: dict[str, Expression] = {}
    """Name → a formula over what was drawn, and what was computed before it."""


def find_faults(
    variants: Variants, texts: Mapping[Location, str | Formula], at: Location, document: Document
) -> Iterator[Problem]:
    """Yield what shows to be wrong with a question's variants before anything is drawn.

    ``texts`` are the question's templates and formulas, each by where it stands; ``at`` is where the variants do.
    """
    known: list[str] = []
    for name in variants.draw:
        if (fault := name_fault(name)) is not None:
            yield document.problem((*at, "draw", name), f"the parameter {name!r} {fault}", key=True)
        known.append(name)
    for name, formula in variants.compute.items():
        location = (*at, "compute", name)
        fault = "is drawn already: give what is computed another name" if name in variants.draw else name_fault(name)
        if fault is not None:
            yield document.problem(location, f"the parameter {name!r} {fault}", key=True)
        yield from (place(document, location, error) for error in check_formula(formula, known))
        known += [name] if name not in known else []
    for location, text in texts.items():
        if isinstance(text, Formula):
            yield from (place(document, location, error) for error in check_formula(text, known))
        else:
            yield from (place(document, location, error, template=True) for error in check_template(text, known))


def make_seed(assignment: str, question: str, student: str, parameter: str) -> bytes:
    """Return the seed of a draw, which names whose it is. A student's id counts in its composed form of Unicode."""
    digest = hashlib.sha256(_TAG)
    for part in (assignment, question, unicodedata.normalize("NFC", student), parameter):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def _below(size: int, seed: bytes, number: int) -> int:
    """Return the ``number``-th draw from 0 to ``size - 1``. 256 bits leave no bias that anybody could measure."""
    digest = hashlib.sha256(seed + number.to_bytes(8, "big")).digest()
    return int.from_bytes(digest, "big") % size
