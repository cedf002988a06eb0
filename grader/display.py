"""Text from outside, made safe to show, and amounts in words. Escaping for HTML is the templates' work."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction

ELLIPSIS = "…"
UNDECIDED = "\u2013"  # the dash that stands for an amount that is not known
_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
MAX_MARKS = 8  # combining marks on one letter; scripts in use need fewer, piles of them run over other lines

_NEWLINE = re.compile("\r\n|[\r\x85\u2028\u2029]")
# Characters that are not seen but move, hide or join others. The two joiners that emoji and Persian need stay.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_UNPRINTABLE = re.compile("[\x80-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_VISIBLE_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: 0x2421}


def clean_text(text: str, limit: int = 10_000) -> str:
    r"""Return ``text`` with nothing in it that a terminal, a browser or an encoder would act on.

    Newlines (all become ``\n``) and tabs stay. Other control characters turn into their symbols (ESC into ``␛``), so
    that an escape sequence is read, not obeyed; direction overrides and other invisible characters go; lone surrogates
    become U+FFFD. At most ``limit`` characters come back, the last of them ``…`` where something was cut off.
    """
    short = text[: limit + 1]  # bounds the work too; nothing below makes a text longer
    short = _NEWLINE.sub("\n", short)
    short = _INVISIBLE.sub("", short)
    short = _UNPRINTABLE.sub("\ufffd", short).translate(_VISIBLE_CONTROLS)
    if not short.isascii():
        short = _thin_marks(short)
    if len(text) > limit:
        short = short[: max(limit - 1, 0)] + ELLIPSIS
    return short


def clean_line(text: str, limit: int = 200) -> str:
    """Return ``text`` cleaned as by :func:`clean_text` and on one line: a newline or a tab becomes a space."""
    return clean_text(text, limit).replace("\n", " ").replace("\t", " ")


def shorten_lines(text: str, lines: int) -> str:
    """Return the first ``lines`` lines of ``text``, and say how many more there were."""
    found = text.rstrip("\n").split("\n")
    if len(found) <= lines:
        return "\n".join(found)
    more = len(found) - lines
    return "\n".join([*found[:lines], f"{ELLIPSIS} {more} more {'line' if more == 1 else 'lines'}"])


def to_number(amount: Fraction) -> float:
    """Return an amount for programs: to four decimals, halves to even, so that 1/3 is 0.3333."""
    return float(round(amount, 4))


def format_amount(amount: Fraction) -> str:
    """Return an amount for people: at most two decimals, half to even, no trailing zeros (``9``, ``2.5``, ``0.33``)."""
    return f"{float(round(amount, 2)):.2f}".rstrip("0").rstrip(".")


def format_points(amount: Fraction) -> str:
    """Return an amount with its unit: ``1 point``, ``2.5 points``."""
    return f"{format_amount(amount)} {'point' if amount == 1 else 'points'}"


def format_percent(rate: Fraction | None) -> str:
    """Return a rate from 0 to 1 as whole per cents, None as a dash. Only an exact 0 or 1 reads as 0 % or 100 %."""
    if rate is None:
        return UNDECIDED
    percent = round(rate * 100)
    if percent in (0, 100) and rate not in (0, 1):
        return "< 1 %" if percent == 0 else "> 99 %"
    return f"{percent} %"


def list_names(names: Iterable[str], most: int = 20) -> str:
    """Return names joined by commas, cleaned; past ``most`` of them only their number."""
    cleaned = [clean_line(name, 80) for name in names]
    more = f" and {len(cleaned) - most} more" if len(cleaned) > most else ""
    return ", ".join(cleaned[:most]) + more


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is taken to be in it already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def timestamp(moment: datetime | None) -> str | None:
    """Return a moment as ``2026-11-23T10:00:00Z``, to the second."""
    return None if moment is None else in_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_moment(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return a moment for people, to the minute: ``Mon 30 Nov 2026 18:00 CET``; without a zone in this machine's."""
    return f"{in_utc(moment).astimezone(zone):%a %d %b %Y %H:%M %Z}"


def describe_distance(moment: datetime, now: datetime) -> str:
    """Return how far a moment is away, cut to its largest unit: ``in 2 days``, ``3 hours ago``, ``now``."""
    length = in_utc(moment) - in_utc(now)
    for unit, name in _UNITS:
        count = abs(length) // unit
        if count:
            words = f"{count} {name}{'' if count == 1 else 's'}"
            return f"in {words}" if length > timedelta() else f"{words} ago"
    return "now"


def _thin_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
