"""What the grader asks of an examiner, and what it hears back: one JSON object per line each way."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from grader.results import CheckResult, Visibility


@dataclass(frozen=True, slots=True)
class JobCheck:
    """A check to run: a function name in a file of checks, for the code question that it belongs to."""

    id: str
    path: str
    question: str
    visibility: Visibility
    needs_device: str | None = None


@dataclass(frozen=True, slots=True)
class JobMistake:
    """A known mistake: its file, and the checks of the question that catch it."""

    path: str
    caught_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobQuestion:
    """A code question: its file, its reference solution, where its checks run, and what it is to do without.

    ``fingerprint`` is the file of checks that defines how its ``mistakes`` are recognised, where there is one.
    """

    file: str
    reference: str | None
    devices: tuple[str, ...] = ("cpu",)
    forbid: tuple[str, ...] = ()
    fingerprint: str | None = None
    mistakes: Mapping[str, JobMistake] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """Run some checks of one assignment against some submissions.

    ``submissions`` holds each one's Python files. ``secrets`` are folders that no student's process may read.
    ``isolated`` False runs student code without the lock-down: for one's own code on one's own machine only.
    Messages are in ``language``.
    """

    directory: str
    checks: tuple[JobCheck, ...]
    questions: Mapping[str, JobQuestion]
    submissions: tuple[Mapping[str, bytes], ...]
    seconds: float
    check_seconds: float
    memory_mb: int
    secrets: tuple[str, ...] = ()
    seed: int = 0
    isolated: bool = True
    language: str = "en"

    def seed_of(self, name: str) -> int:
        """Return the seed of a check, in 32 bits."""
        return int.from_bytes(hashlib.sha256(f"{self.seed}:{name}".encode()).digest()[:4], "big")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check of one submission is decided. ``submission`` counts from 0 in the job's order."""

    submission: int
    result: CheckResult


@dataclass(frozen=True, slots=True)
class Finished:
    """All checks of one submission are decided.

    ``mistakes`` maps questions to the mistakes recognised in them; ``diagnosis_fault`` says why none could be looked
    for, through no submission's doing.
    """

    submission: int
    output: str
    seconds: float
    environment: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    diagnosis_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """The job cannot go on, through no submission's doing.

    ``hint`` is set when this machine cannot grade at all; ``lasting`` when trying again would fail the same way.
    """

    message: str
    hint: str | None = None
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Wall:
    """One means of isolation: whether it is ``up`` here, and a version, or why it is not."""

    name: str
    up: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What this machine offers to keep students' code in and to run it on: the answer to a job without submissions.

    ``environment`` is what the results of such a job depend on besides the submission and the assignment.
    """

    tier: str
    system: str
    walls: tuple[Wall, ...]
    devices: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


Event = Verdict | Finished | Fault
Message = Event | Survey


def job_to_json(job: Job) -> dict[str, Any]:
    """Return a job as JSON data."""
    data = asdict(job)
    data["submissions"] = [
        {name: base64.b64encode(content).decode() for name, content in files.items()} for files in job.submissions
    ]
    return data


def job_from_json(data: Mapping[str, Any]) -> Job:
    """Return the job that ``job_to_json`` wrote."""
    return Job(
        **{
            **data,
            "checks": tuple(JobCheck(**{**c, "visibility": Visibility(c["visibility"])}) for c in data["checks"]),
            "questions": {name: _question_from_json(question) for name, question in data["questions"].items()},
            "submissions": tuple(
                {name: base64.b64decode(content) for name, content in files.items()} for files in data["submissions"]
            ),
            "secrets": tuple(data["secrets"]),
        }
    )


def _question_from_json(data: Mapping[str, Any]) -> JobQuestion:
    mistakes = {name: JobMistake(one["path"], tuple(one["caught_by"])) for name, one in data["mistakes"].items()}
    return JobQuestion(
        **{**data, "devices": tuple(data["devices"]), "forbid": tuple(data["forbid"]), "mistakes": mistakes}
    )


def event_to_json(event: Message) -> dict[str, Any]:
    """Return an event as JSON data."""
    return {"event": type(event).__name__.lower(), **asdict(event)}


def event_from_json(data: Any) -> Message:
    """Return the event that ``event_to_json`` wrote: every field is there, and of its type.

    Raises:
        KeyError, TypeError, ValueError: it is not such data.
    """
    if not isinstance(data, dict):
        raise TypeError(f"an event is an object, not {type(data).__name__}")
    fields = dict(data)
    kind = fields.pop("event")
    if not isinstance(kind, str) or kind not in _MESSAGES:
        raise ValueError(f"no event {kind!r}")
    message: Message = _read(_MESSAGES[kind], fields)
    return message


_MESSAGES = {kind.__name__.lower(): kind for kind in (Verdict, Finished, Fault, Survey)}


def _read(kind: Any, data: Any) -> Any:
    """Return JSON data as a value of a type that a message is made of; nothing is converted that is not of the type."""
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints_of(kind)
        _expect(isinstance(data, dict) and data.keys() == hints.keys(), kind, data)
        return kind(**{name: _read(hint, data[name]) for name, hint in hints.items()})
    if origin is UnionType:
        (other,) = (one for one in inner if one is not NoneType)
        return None if data is None else _read(other, data)
    if origin is tuple:
        _expect(isinstance(data, list), kind, data)
        return tuple(_read(inner[0], one) for one in data)
    if origin is Mapping:
        _expect(isinstance(data, dict), kind, data)
        return {_read(inner[0], name): _read(inner[1], one) for name, one in data.items()}
    if kind is float:
        _expect(type(data) in (int, float) and math.isfinite(data), kind, data)
        return data
    if issubclass(kind, StrEnum):
        _expect(type(data) is str, kind, data)
        return kind(data)
    _expect(type(data) is kind, kind, data)
    return data


@cache
def _hints_of(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _expect(holds: bool, kind: Any, data: Any) -> None:
    if not holds:
        raise TypeError(f"not {getattr(kind, '__name__', kind)}: {type(data).__name__}")
