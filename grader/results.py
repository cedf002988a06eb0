"""What running checks gives: outcomes, before any points are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from grader.language import later

SHADOW = "shadow"  # the device that stands in for a GPU
STAND_IN = later("shadow device, a stand-in for a GPU")


class Outcome(StrEnum):
    """How one check ended.

    FAILED means that the answer is wrong, ERRORED that the check itself broke (a fault of ours), NOT_RUN that it
    was never decided. TIMED_OUT and CRASHED are the student's process running out of time, or dying.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    NOT_RUN = "not_run"


class Visibility(StrEnum):
    """Public checks ship with the stub; hidden ones never leave the course."""

    PUBLIC = "public"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback, in the student's own source."""

    file: str
    line: int
    function: str
    source: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended, and why.

    ``message`` is safe to show of a hidden check; ``detail`` may hold inputs and expected values, so it is shown of
    public checks only, and to instructors. ``deferred`` marks a check that this machine cannot decide (no such
    device, a package that is missing): its points wait. ``figure`` is what the code drew, a PNG as base64.
    """

    check: str
    outcome: Outcome
    message: str | None = None
    detail: str | None = None
    frames: tuple[Frame, ...] = ()
    device: str = "cpu"
    deferred: bool = False
    seconds: float = 0.0
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that one submission's checks gave.

    ``output`` is what the student's code printed (capped, control characters taken out). ``fault`` says what failed
    on our side, or is None. ``mistakes`` maps code questions to the ids of the mistakes recognised in them;
    ``diagnosis_fault`` says why none could be looked for.
    """

    results: tuple[CheckResult, ...] = ()
    output: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None
    seconds: float = 0.0
    mistakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    diagnosis_fault: str | None = None
