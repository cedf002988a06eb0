"""What values in YAML files are: points that are exact, text that people can read, ids; and the model they stand in.

The messages of what is wrong are predicates: the key that they are about is put in front of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, Strict, WithJsonSchema
from yaml.reader import Reader

from grader.formulas import Formula
from grader.validation import kind_of

MAX_POINTS = 100_000
_POINTS_DENOMINATOR = 1_000_000  # at most six decimals
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


def exact(number: object) -> Fraction:
    """Return a number of points as the author wrote it: 0.1 is 1/10, not the nearest binary fraction.

    Raises:
        ValueError: it is not a number from 0 to MAX_POINTS with at most six decimals. The message is a predicate.
    """
    if isinstance(number, bool) or not isinstance(number, (int, float, Decimal, Fraction)):
        raise ValueError(f"must be a number, not {kind_of(number)}")
    try:
        points = Fraction(Decimal(repr(number))) if isinstance(number, float) else Fraction(number)
    except (ValueError, OverflowError):
        raise ValueError("must be a finite number") from None
    if not 0 <= points <= MAX_POINTS:
        given = f", not {number}" if abs(points) < 10**20 else ""  # Python refuses to write out very long numbers
        raise ValueError(f"must be from 0 to {MAX_POINTS}{given}")
    if isinstance(number, (float, Decimal)) and points.denominator > _POINTS_DENOMINATOR:
        raise ValueError("must have at most six decimals")
    return points


def amount(points: Fraction) -> str:
    """Return points as people write them: 2, 0.5; 1/3 where the decimals do not end."""
    if points.denominator == 1:
        return str(points.numerator)
    decimal = Decimal(points.numerator) / Decimal(points.denominator)
    return f"{decimal:f}" if Fraction(decimal) == points else f"{points.numerator}/{points.denominator}"


def prose(text: str) -> str:
    """Return text that people can read.

    Raises:
        ValueError: it is empty, or holds control characters. The message is a predicate.
    """
    if not text.strip():
        raise ValueError("must not be empty")
    if bad := Reader.NON_PRINTABLE.search(text):
        raise ValueError(f"holds the control character U+{ord(bad.group()):04X}")
    return text


def _one_line(text: str) -> str:
    if len(prose(text).strip().splitlines()) > 1:
        raise ValueError("must be one line")
    return text.strip()


def parse_slug(text: str) -> str:
    """Return an id; raises ValueError for what is none."""
    if not _SLUG.match(text):
        raise ValueError(f"must be lower-case words joined by hyphens, such as 'focal-loss', not {text!r}")
    return text


def _finite(number: float) -> float:
    if not abs(number) < float("inf"):
        raise ValueError("must be a finite number")
    return number


def _number(given: object) -> float | Formula:
    if isinstance(given, Formula):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError(f"must be a number, not {kind_of(given)}")
    try:
        return _finite(float(given))
    except OverflowError:
        raise ValueError("must be a finite number") from None


def _flag(given: object) -> bool | Formula:
    if not isinstance(given, bool | Formula):
        raise ValueError(f"must be true or false, not {kind_of(given)}")
    return given


_Value = TypeVar("_Value")


def repeated(values: Iterable[_Value]) -> _Value | None:
    """Return a value that is there twice, None where all differ."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def unique(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return values that all differ.

    Raises:
        ValueError: one is there twice. The message is a predicate.
    """
    if (twice := repeated(values)) is not None:
        raise ValueError(f"holds {twice!r} twice")
    return values


Points = Annotated[
    Fraction, PlainValidator(exact), WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_POINTS})
]
Prose = Annotated[str, Field(min_length=1), AfterValidator(prose)]
Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_one_line)]
Slug = Annotated[
    str, Field(max_length=64, json_schema_extra={"pattern": f"^{_SLUG.pattern[:-2]}$"}), AfterValidator(parse_slug)
]
Tolerance = Annotated[float, Strict(), Field(ge=0), AfterValidator(_finite)]
Flag = Annotated[bool, Strict()]
# In a question with variants text stands for a formula; elsewhere it never gets this far.
FlagOrFormula = Annotated[
    bool | Formula, PlainValidator(_flag), WithJsonSchema({"type": ["boolean", "string"], "minLength": 1})
]
NumberOrFormula = Annotated[
    float | Formula, PlainValidator(_number), WithJsonSchema({"type": ["number", "string"], "minLength": 1})
]


class Model(BaseModel):
    """A part of a file: it never changes, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
