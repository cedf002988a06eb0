"""When work is due, what lateness costs, and how often a student may hand in: the course's rules, as they are written.

What follows from them for a submission is worked out in ``grader.scoring``. What ``parse_…`` returns it takes, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    WithJsonSchema,
    model_validator,
)

from grader.display import format_date
from grader.errors import suggest
from grader.language import _, later, plural
from grader.validation import kind_of

MAX_DAYS = 3650
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1), "s": timedelta(seconds=1)}
_PART = r"[0-9]{1,9} ?"
_DURATION = re.compile(rf"(?:{_PART}d)?(?: ?{_PART}h)?(?: ?{_PART}min)?(?: ?{_PART}s)?\Z")
_ISO_PART = r"[0-9]{1,9}"
_ISO_DURATION = re.compile(rf"P(?:{_ISO_PART}D)?(?:T(?=[0-9])(?:{_ISO_PART}H)?(?:{_ISO_PART}M)?(?:{_ISO_PART}S)?)?\Z")
_AMOUNT = re.compile(r"([0-9]+) ?([a-z]+)", re.IGNORECASE)
_PERCENT = r"(?P<percent>[0-9]{1,3}(?:\.[0-9]{1,4})?) ?%"
_SHARE = re.compile(rf"{_PERCENT}\Z")
_PENALTY = re.compile(rf"{_PERCENT} per (?P<unit>day|hour)\Z")
_DUE = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?\Z"
)
# Other names that ZoneInfo takes begin with a small letter, and mean this machine's zone, or count leap seconds.
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*\Z")
_YEARS = range(1970, 9000)  # far from the ends of the calendar, so that every zone has the moment, too


@dataclass(frozen=True, slots=True)
class Due:
    """A due date as it was written. Without a zone of its own it is one of the course's time zone."""

    moment: datetime

    @property
    def needs_zone(self) -> bool:
        """Does it take a time zone to know the moment?"""
        return self.moment.tzinfo is None

    def resolve(self, zone: ZoneInfo | None) -> datetime:
        """Return the moment, in the zone that it was written for.

        Where clocks are put back an hour comes twice, and where they are put forward one is missing: of the two
        moments that such a time can mean, the later one counts.

        Raises:
            ValueError: it needs a zone, and there is none.
        """
        if not self.needs_zone:
            return self.moment
        if zone is None:
            raise ValueError("a due date without a time zone")
        readings = (self.moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        return max(readings, key=lambda reading: reading.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Penalty:
    """What each started unit of lateness costs: ``share`` (1/10 is 10 %) of the points that can be earned."""

    share: Fraction
    unit: Literal["day", "hour"]

    @property
    def length(self) -> timedelta:
        """How long a unit is. A day is 24 hours, whatever the clocks do."""
        return _UNITS[self.unit[0]]


def parse_duration(given: object) -> timedelta:
    """Return a duration that was written like ``2 d``, ``36 h``, ``1 d 12 h``, ``15 min`` or ``PT15M``.

    Raises:
        ValueError: it is none, or longer than MAX_DAYS. The message is a predicate.
    """
    if isinstance(given, timedelta):
        return given
    if not isinstance(given, str):
        said = given if isinstance(given, int | float) and not isinstance(given, bool) else kind_of(given)
        raise ValueError(f"must be a duration with its unit, such as 2 d, 36 h or 15 min, not {said}")
    text = given.strip()
    if not text or not (_DURATION.match(text) or _ISO_DURATION.match(text)) or text == "P":
        raise ValueError(f"must be a duration such as 2 d, 1 d 12 h or 15 min (units d, h, min, s), not {text!r}")
    is_iso = text.startswith("P")
    length = timedelta()
    for number, unit in _AMOUNT.findall(text):
        name = "min" if is_iso and unit == "M" else unit[0].lower() if is_iso else unit
        length += _UNITS[name] * min(int(number), 10**8)
    if length > timedelta(days=MAX_DAYS):
        raise ValueError(f"must be at most {MAX_DAYS} d, not {text!r}")
    return length


def format_duration(length: timedelta) -> str:
    """Return a duration as ``parse_duration`` reads it: ``1 d 12 h``. Every started second counts."""
    seconds = -(-length // timedelta(seconds=1))
    parts = []
    for name, unit in _UNITS.items():
        count, seconds = divmod(seconds, unit // timedelta(seconds=1))
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts) or "0 s"


def parse_share(given: object) -> Fraction:
    """Return the share that a per cent such as ``50 %`` is, exactly.

    Raises:
        ValueError: it is none, or not from 0 % to 100 %. The message is a predicate.
    """
    if isinstance(given, Fraction):
        return given
    match = _SHARE.match(given.strip()) if isinstance(given, str) else None
    if match is None:
        said = repr(given) if isinstance(given, str | int | float) else kind_of(given)
        raise ValueError(f"must be a per cent such as 50 %, not {said}")
    return _share(match["percent"])


def parse_penalty(given: object) -> Penalty:
    """Return what lateness costs, from ``10 % per day`` or ``0.5 % per hour``.

    Raises:
        ValueError: it is no such text. The message is a predicate.
    """
    if isinstance(given, Penalty):
        return given
    match = _PENALTY.match(" ".join(given.split())) if isinstance(given, str) else None
    if match is None:
        said = repr(given) if isinstance(given, str | int | float) else kind_of(given)
        raise ValueError(f"must be such as 10 % per day or 0.5 % per hour, not {said}")
    return Penalty(_share(match["percent"]), "day" if match["unit"] == "day" else "hour")


def _share(percent: str) -> Fraction:
    share = Fraction(percent) / 100
    if share > 1:
        raise ValueError(f"must be from 0 % to 100 %, not {percent} %")
    return share


def parse_due(given: object) -> Due:
    """Return a due date from an ISO date and time, with a zone or without; a date alone means the end of that day.

    Raises:
        ValueError: it is none. The message is a predicate.
    """
    if isinstance(given, Due):
        return given
    match = _DUE.match(given.strip()) if isinstance(given, str) else None
    if match is None:
        said = repr(given) if isinstance(given, str | int | float) else kind_of(given)
        raise ValueError(f"must be such as 2026-11-30, 2026-11-30T18:00 or 2026-11-30T18:00+01:00, not {said}")
    try:
        if match.group() == match["day"]:
            moment = datetime.combine(date.fromisoformat(match["day"]), time.max)
        else:
            moment = datetime.fromisoformat(match.group())
    except ValueError as error:
        raise ValueError(f"must be a date of the calendar, not {match.group()!r}: {error}") from None
    if moment.year not in _YEARS:
        raise ValueError(f"must be in the years {_YEARS.start} to {_YEARS.stop - 1}, not {match.group()!r}")
    return Due(moment)


def parse_zone(given: object) -> ZoneInfo:
    """Return the time zone of a name such as ``Europe/Berlin``.

    Raises:
        ValueError: there is none of this name. The message is a predicate.
    """
    if isinstance(given, ZoneInfo):
        return given
    if not isinstance(given, str):
        raise ValueError(f"must be a time zone such as Europe/Berlin, not {kind_of(given)}")
    name = given.strip()
    try:
        if _ZONE.match(name):
            return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no such file, a folder, or something else than a zone
        pass
    raise ValueError(f"must be a time zone such as Europe/Berlin, not {name!r}{suggest(name, available_timezones())}")


_TEXT = {"type": "string", "minLength": 1}
Duration = Annotated[timedelta, PlainValidator(parse_duration), WithJsonSchema(_TEXT)]
Share = Annotated[Fraction, PlainValidator(parse_share), WithJsonSchema(_TEXT)]
LatePenalty = Annotated[Penalty, PlainValidator(parse_penalty), WithJsonSchema(_TEXT)]
DueDate = Annotated[Due, PlainValidator(parse_due), WithJsonSchema(_TEXT)]
Zone = Annotated[ZoneInfo, PlainValidator(parse_zone), WithJsonSchema(_TEXT)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class LatePolicy(_Model):
    """What lateness costs. Without a key nothing of its kind happens: lateness is free and counts for ever."""

    grace: Duration | None = None
    """How late work may be at no cost, such as 15 min. Later work pays from the due date on."""
    penalty: LatePenalty | None = None
    """What every started day or hour costs, such as 10 % per day: of the points that can be earned."""
    floor: Share | None = None
    """The per cent of what was earned below which the penalty never goes, such as 50 %."""
    cut_off: Duration | None = None
    """How long after the due date work counts at all, such as 7 d. Later work is graded, and earns nothing."""

    @model_validator(mode="after")
    def _is_consistent(self) -> LatePolicy:
        if fault := find_fault(self):
            raise ValueError(fault)
        return self


class AttemptPolicy(_Model):
    """How often a student may hand in, and which attempt counts."""

    limit: Annotated[int, Strict(), Field(ge=1, le=100_000)] | None = None
    """How many attempts count. Later ones are kept, and do not."""
    cooldown: Duration | None = None
    """How long to wait after an attempt, such as 1 h. What is handed in before is kept, and does not count."""
    counts: Literal["last", "best", "first"] = "last"
    """Which attempt's score is the student's."""


class Policy(_Model):
    """The rules for handing in, of a course or of one assignment."""

    late: LatePolicy = Field(default_factory=LatePolicy)
    """What lateness costs."""
    attempts: AttemptPolicy = Field(default_factory=AttemptPolicy)
    """How often to hand in, and what counts."""
    feedback: Literal["at_once", "after_due"] = "at_once"
    """When students read what is said of the answers that they chose. Without a due date it is at once."""


def find_fault(late: LatePolicy) -> str | None:
    """Say how a late policy contradicts itself, as a predicate, or return None."""
    if late.cut_off is not None and late.grace is not None and late.cut_off < late.grace:
        return (
            f"ends before it begins: the grace is {format_duration(late.grace)}, "
            f"and from {format_duration(late.cut_off)} on nothing counts"
        )
    return None


def merge(course: Policy | None, own: Policy | None) -> Policy:
    """Return an assignment's policy: each of its keys takes the place of the course's, and an empty one removes it.

    The result may contradict itself: ``find_fault`` says so.
    """
    course, own = course or Policy(), own or Policy()
    late = {name: getattr(own.late, name) for name in own.late.model_fields_set}
    attempts = {name: getattr(own.attempts, name) for name in own.attempts.model_fields_set}
    return course.model_copy(
        update={
            "late": course.late.model_copy(update=late),
            "attempts": course.attempts.model_copy(update=attempts),
            "feedback": own.feedback if "feedback" in own.model_fields_set else course.feedback,
        }
    )


_COUNTS = {
    "last": later("Your last attempt counts."),
    "best": later("Your best attempt counts."),
    "first": later("Your first attempt counts."),
}


def describe_rules(policy: Policy, due: datetime | None, *, groups: bool = False) -> list[str]:
    """Return the rules for handing in an assignment, in sentences for the student."""
    told = []
    if due is not None:
        zone = getattr(due.tzinfo, "key", None) or due.isoformat()[-len("+00:00") :]
        told.append(_("Due {moment} ({zone}).", moment=format_date(due), zone=zone))
        told += _describe_lateness(policy.late)
    attempts = policy.attempts
    if attempts.limit is not None:
        times = plural("You may hand in {number} time.", "You may hand in {number} times.", attempts.limit)
        told.append(_("You may hand in once.") if attempts.limit == 1 else times)
    if attempts.cooldown:
        told.append(_("Between two attempts wait {length}.", length=format_duration(attempts.cooldown)))
    if attempts.limit != 1:
        told.append(_(_COUNTS[attempts.counts]))
    if groups:
        told.append(_("One submission counts for your whole group."))
    if feedback_from(policy, due) is not None:
        told.append(_("What is said of each answer is shown after the due date."))
    return told


def feedback_from(policy: Policy, due: datetime | None) -> datetime | None:
    """Return from when on a student who is to hand in by ``due`` reads what is said of answers; None: at once."""
    return due if policy.feedback == "after_due" else None


def _describe_lateness(late: LatePolicy) -> list[str]:
    told = []
    if late.penalty is not None:
        costs = _describe_penalty(late.penalty, late.grace)
        floor = _("At least {share} of what you earned is yours.", share=_percent(late.floor)) if late.floor else ""
        told.append(f"{costs} {floor}".strip())
    if late.cut_off is not None:
        told.append(_("What comes more than {length} late earns nothing.", length=format_duration(late.cut_off)))
    return told


def _describe_penalty(penalty: Penalty, grace: timedelta | None) -> str:
    told = {"share": _percent(penalty.share), "grace": format_duration(grace) if grace else ""}
    if penalty.unit == "day" and grace:
        return _(
            "Every started day late costs {share} of the points, unless it is late by no more than {grace}.", **told
        )
    if penalty.unit == "day":
        return _("Every started day late costs {share} of the points.", **told)
    if grace:
        return _(
            "Every started hour late costs {share} of the points, unless it is late by no more than {grace}.", **told
        )
    return _("Every started hour late costs {share} of the points.", **told)


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):g} %"
