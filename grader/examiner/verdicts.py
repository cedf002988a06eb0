"""From how a check ended in pytest to what is said of it. Only values in this process decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from grader.examiner.exceptions import StudentError, WorkerLost
from grader.examiner.expect import Expectation, describe
from grader.language import ENGLISH, _, spoken
from grader.results import CheckResult, Outcome

MAX_DETAIL = 4000
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
MAX_SHOWN_SIZES = 4
MAX_SIZE_DIGITS = 10
SMALL_SIZE = 4
_SIZES = r"\([\d, ]*\)"
# The worst of a parametrised check's outcomes is the check's; ERRORED first, since then nothing is known.
SEVERITY = (
    Outcome.ERRORED,
    Outcome.CRASHED,
    Outcome.TIMED_OUT,
    Outcome.FAILED,
    Outcome.NOT_RUN,
    Outcome.PASSED,
)


def judge(check: str, error: BaseException | None, last_call: tuple[str, Any] | None, blame: Blame) -> CheckResult:
    """Return the result of one run of a check that ended with ``error``, or without one.

    ``blame`` is asked when the check broke in a way that says nothing about whose fault it was.
    """
    if error is None:
        return CheckResult(check, Outcome.PASSED)
    if isinstance(error, pytest.skip.Exception):
        return CheckResult(
            check, Outcome.NOT_RUN, message=_("Not decided here: {reason}", reason=error.msg), deferred=True
        )
    if isinstance(error, WorkerLost):
        return CheckResult(check, error.outcome, message=error.message, frames=error.frames)
    if isinstance(error, StudentError):
        detail = f"{error.type_name}: {error.text}" if error.text else error.type_name
        return CheckResult(check, Outcome.FAILED, message=error.safe, detail=_cut(detail), frames=error.frames)
    if isinstance(error, Expectation):
        return CheckResult(check, Outcome.FAILED, message=error.message, detail=_cut(error.detail))
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return CheckResult(check, Outcome.FAILED, detail=_cut(str(error)))
    return _judge_unexpected(check, error, last_call, blame)


Blame = Callable[[], BaseException | None]


def _judge_unexpected(check: str, error: BaseException, last_call: tuple[str, Any] | None, blame: Blame) -> CheckResult:
    """The check could not cope with what came back, or is broken: the reference solution tells which."""
    broken = blame()
    if broken is not None:
        return say_broken(
            check,
            _("the check breaks on the reference solution too: {error}", error=f"{type(broken).__name__}: {broken}"),
        )
    told = {"error": type(error).__name__, "name": "", "came": find_came(error, last_call)}
    if last_call is None:
        message = _("The result is something that this check cannot go on with ({error}).", **told)
    else:
        told["name"] = last_call[0]
        message = _("{name} returned {came}, which this check cannot go on with ({error}).", **told)
    return CheckResult(check, Outcome.FAILED, message=message, detail=_cut(f"{type(error).__name__}: {error}"))


def find_came(error: BaseException | None, last_call: tuple[str, Any] | None) -> str:
    """Return what a message says of what came from the submission, where one of ours says that."""
    if isinstance(error, Expectation):
        return error.came
    return describe(last_call[1]) if last_call is not None else ""


def hide_sizes(result: CheckResult, known: Collection[int], came: str = "") -> CheckResult:
    """Return the result of a hidden check without sizes that only the submission's code chose.

    A shape has room for numbers: code could return an empty tensor whose sizes are the inputs. Sizes of what was
    passed, and small ones, stay: they are what a wrong shape is wrong by. The detail, for instructors, keeps them all.
    ``came`` is the part of the message that tells of what the code returned; an author's own message, of which that is
    not known, has it behind the words that say so.
    """
    if result.message is None:
        return result
    if came and came in result.message:
        message = result.message.replace(came, _hide_in(came, known))
    else:
        before, word, rest = result.message.rpartition(" but it ")
        if not word:
            before, word, rest = result.message.partition(" returned ")
        if not word and spoken() != ENGLISH:  # where an author of that language says so is not known
            before, rest = "", result.message
        message = before + word + _hide_in(rest, known)
    if message == result.message:
        return result
    detail = "\n".join(part for part in (result.message, result.detail) if part)
    return replace(result, message=message, detail=_cut(detail))


def _hide_in(text: str, known: Collection[int]) -> str:
    # A length is found by what ``describe`` says before it.
    lead = _("a {type} of length {length}").partition("{length}")[0].rpartition("}")[2]
    pattern = rf"{_SIZES}|(?<={re.escape(lead)})\d+" if lead.strip() else rf"{_SIZES}|\b\d+\b"
    return re.sub(pattern, lambda found: _hide_unknown(found.group(), known), text)


def _hide_unknown(sizes: str, known: Collection[int]) -> str:
    numbers = re.findall(r"\d+", sizes)
    if len(numbers) > MAX_SHOWN_SIZES:
        return _("({number} sizes)", number=len(numbers)) if sizes.startswith("(") else "?"
    return re.sub(r"\d+", lambda found: found.group() if _is_known(found.group(), known) else "?", sizes)


def _is_known(digits: str, known: Collection[int]) -> bool:
    return len(digits) < MAX_SIZE_DIGITS and (int(digits) <= SMALL_SIZE or int(digits) in known)


def say_broken(check: str, detail: str) -> CheckResult:
    """Return the result of a check that broke through no student's doing."""
    return CheckResult(
        check, Outcome.ERRORED, message=_("This check is broken: a fault on our side."), detail=_cut(detail)
    )


def join_results(results: Sequence[CheckResult]) -> CheckResult:
    """Return one result for a check that ran several times (parameters, devices): the worst, with all its seconds."""
    worst = min(results, key=lambda result: SEVERITY.index(result.outcome))
    return replace(worst, seconds=sum(result.seconds for result in results))


def _cut(text: str | None) -> str | None:
    """Cap a detail, and take out the addresses of objects, which differ from run to run."""
    if text is None:
        return None
    text = ADDRESS.sub("0x…", text)
    return text if len(text) <= MAX_DETAIL else text[:MAX_DETAIL] + " …"
