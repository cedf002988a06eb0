"""Text from outside, made safe to show, and amounts in words. Escaping for HTML is the templates' work."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction

from grader.language import _, later, plural

ELLIPSIS = "…"
UNDECIDED = "\u2013"  # the dash that stands for an amount that is not known
_WEEKDAYS = (later("Mon"), later("Tue"), later("Wed"), later("Thu"), later("Fri"), later("Sat"), later("Sun"))
_MONTHS = (
    (later("Jan"), later("January")),
    (later("Feb"), later("February")),
    (later("Mar"), later("March")),
    (later("Apr"), later("April")),
    (later("May"), later("May")),
    (later("Jun"), later("June")),
    (later("Jul"), later("July")),
    (later("Aug"), later("August")),
    (later("Sep"), later("September")),
    (later("Oct"), later("October")),
    (later("Nov"), later("November")),
    (later("Dec"), later("December")),
)
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
    more = plural("{number} more line", "{number} more lines", len(found) - lines)
    return "\n".join([*found[:lines], f"{ELLIPSIS} {more}"])


def to_number(amount: Fraction) -> float:
    """Return an amount for programs: to four decimals, halves to even, so that 1/3 is 0.3333."""
    return float(round(amount, 4))


def format_amount(amount: Fraction) -> str:
    """Return an amount for people: at most two decimals, half to even, no trailing zeros (``9``, ``2.5``, ``0.33``)."""
    return f"{float(round(amount, 2)):.2f}".rstrip("0").rstrip(".")


def format_points(amount: Fraction) -> str:
    """Return an amount with its unit: ``1 point``, ``2.5 points``."""
    return plural("{amount} point", "{amount} points", count_of(amount), amount=format_amount(amount))


def format_score(score: Fraction, points: Fraction) -> str:
    """Return what was earned of what can be: ``9 of 10 points``."""
    earned, most = format_amount(score), format_amount(points)
    return plural(
        "{score} of {amount} point", "{score} of {amount} points", count_of(points), score=earned, amount=most
    )


def count_of(amount: Fraction) -> int:
    """Return the number whose form of a word goes with an amount: a part of one takes that of several."""
    return amount.numerator if amount.denominator == 1 else 2


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
    return join_first([clean_line(name, 80) for name in names], most)


def join_first(parts: Sequence[str], most: int) -> str:
    """Return parts joined by commas; past ``most`` of them only their number."""
    first, more = ", ".join(parts[:most]), len(parts) - most
    return _("{names} and {number} more", names=first, number=more) if more > 0 else first


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is taken to be in it already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def timestamp(moment: datetime | None) -> str | None:
    """Return a moment as ``2026-11-23T10:00:00Z``, to the second."""
    return None if moment is None else in_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_moment(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return a moment for people, to the minute: ``Mon 30 Nov 2026 18:00 CET``; without a zone in this machine's."""
    at = in_utc(moment).astimezone(zone)
    return _("{weekday} {day} {month} {year} {time}", **name_parts(at)) + f"{at: %Z}"


def format_date(moment: datetime) -> str:
    """Return a moment for people, in its own zone, without the name of that: ``30 November 2026, 18:00``."""
    parts = name_parts(moment)
    return _("{day} {whole_month} {year}, {time}", **parts | {"day": str(moment.day)})


def format_date_in(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return a moment for people in a zone, UTC where there is none: ``30 November 2026, 18:00 CET``."""
    at = in_utc(moment).astimezone(zone or UTC)
    return f"{format_date(at)} {at:%Z}"


def name_parts(moment: datetime) -> dict[str, str]:
    """Return the parts of a moment, in its own zone, by their names: for messages that put them in their order."""
    short, whole = _MONTHS[moment.month - 1]
    return {
        "weekday": _(_WEEKDAYS[moment.weekday()]),
        "day": f"{moment:%d}",
        "month": _(short),
        "whole_month": _(whole),
        "year": f"{moment:%Y}",
        "time": f"{moment:%H:%M}",
    }


def describe_distance(moment: datetime, now: datetime) -> str:
    """Return how far a moment is away, cut to its largest unit: ``in 2 days``, ``3 hours ago``, ``now``."""
    length = in_utc(moment) - in_utc(now)
    for unit, count_ahead, count_back in _DISTANCES:
        count = abs(length) // unit
        if count:
            return count_ahead(count) if length > timedelta() else count_back(count)
    return _("now")


_Count = Callable[[int], str]
_DISTANCES: tuple[tuple[timedelta, _Count, _Count], ...] = (
    (
        timedelta(days=1),
        lambda count: plural("in {number} day", "in {number} days", count),
        lambda count: plural("{number} day ago", "{number} days ago", count),
    ),
    (
        timedelta(hours=1),
        lambda count: plural("in {number} hour", "in {number} hours", count),
        lambda count: plural("{number} hour ago", "{number} hours ago", count),
    ),
    (
        timedelta(minutes=1),
        lambda count: plural("in {number} minute", "in {number} minutes", count),
        lambda count: plural("{number} minute ago", "{number} minutes ago", count),
    ),
)


def _thin_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
