"""Amounts as decimals: exact until they are written, with a point, without an exponent, halves rounded up."""

from __future__ import annotations

import re
from fractions import Fraction

_DECIMAL = re.compile(r"\s*(-?[0-9]{1,15})(?:[.,]([0-9]{1,15}))?\s*\Z", re.ASCII)


def format_score(score: Fraction) -> str:
    """Return a score of at least 0 with exactly two decimals, halves rounded up: ``9.50``."""
    return format_decimal(score, 2)


def format_decimal(amount: Fraction, places: int) -> str:
    """Return an amount of at least 0 with ``places`` decimals, of which those past the second are left out if zero.

    ``9.50``, and with five places ``0.33333``.
    """
    scale = int(10**places)
    units = (amount * scale + Fraction(1, 2)).__floor__()
    whole, rest = divmod(units, scale)
    decimals = f"{rest:0{places}d}"
    return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


def is_rounded(amount: Fraction, places: int) -> bool:
    """Say whether an amount has more decimals than are written."""
    return bool((amount * 10**places).denominator != 1)


def parse_decimal(text: str) -> Fraction | None:
    """Return the number that a cell holds, with a point or a comma, or None where it holds something else."""
    match = _DECIMAL.match(text)
    return None if match is None else Fraction(f"{match[1]}.{match[2] or 0}")
