"""How the end of a check becomes an outcome, and what is said of it to whom."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch

from grader.examiner.exceptions import LoadError, MissingName, StudentError, WorkerLost, match_exception
from grader.examiner.expect import Expectation
from grader.examiner.verdicts import MAX_DETAIL, SEVERITY, hide_sizes, join_results, judge
from grader.results import CheckResult, Frame, Outcome

LINES = (Frame("loss.py", 3, "forward", "return helper(x)"), Frame("loss.py", 9, "helper", "return x / 0"))
SECRET = "tensor([0.20114])"


def not_asked() -> BaseException | None:
    raise AssertionError("the reference solution was asked, though whose fault it is was known")


def decide(error: BaseException | None) -> CheckResult:
    """Judge an ending that needs no look at the reference solution."""
    return judge("test_a", error, ("forward", 1), not_asked)


def unexpected(error: BaseException, last_call: tuple[str, Any] | None, broken: BaseException | None) -> CheckResult:
    return judge("test_a", error, last_call, lambda: broken)


def raised(function: Any, *arguments: Any) -> BaseException:
    """Return what pytest itself raises."""
    with pytest.raises(BaseException) as caught:
        function(*arguments)
    return caught.value


def test_no_error_is_a_pass() -> None:
    assert decide(None) == CheckResult("test_a", Outcome.PASSED)


def test_a_skipped_check_waits() -> None:
    result = decide(raised(pytest.importorskip, "no_such_package_at_all"))
    assert (result.outcome, result.deferred) == (Outcome.NOT_RUN, True)
    assert result.message is not None
    assert result.message.startswith("Not decided here: ")
    assert "no_such_package_at_all" in result.message


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.CRASHED])
def test_a_lost_worker_says_itself_what_happened(outcome: Outcome) -> None:
    assert decide(WorkerLost(outcome, "It took too long.")) == CheckResult("test_a", outcome, "It took too long.")


def test_what_an_exception_of_the_students_says_is_not_in_the_message() -> None:
    """A student's code may put hidden inputs into it."""
    result = decide(StudentError("ZeroDivisionError", SECRET, LINES))
    assert result.outcome is Outcome.FAILED
    assert result.message == "The code raised ZeroDivisionError at loss.py:9."
    assert result.detail == f"ZeroDivisionError: {SECRET}"
    assert result.frames == LINES


@pytest.mark.parametrize(
    ("type_name", "words"),
    [
        ("NotImplementedError", "Not written yet: NotImplementedError is raised at loss.py:9."),
        ("SystemExit", "tried to end the program (SystemExit) at loss.py:9"),
        ("KeyboardInterrupt", "tried to end the program (KeyboardInterrupt)"),
        ("MemoryError", "ran out of memory at loss.py:9"),
        ("OutOfMemoryError", "ran out of memory"),
        ("RecursionError", "calls itself without end"),
        ("TypeError", "The code raised TypeError at loss.py:9."),
        ("ModuleNotFoundError", "The code raised ModuleNotFoundError at loss.py:9. Code can import torch, numpy,"),
        ("FileNotFoundError", "The code raised FileNotFoundError at loss.py:9. Where it is graded, code has no files"),
        ("PermissionError", "no network and no other programs: compute with what your functions are passed."),
        ("EOFError", "The code raised EOFError at loss.py:9. Where it is graded, nobody answers input()"),
    ],
)
def test_common_exceptions_are_put_in_words(type_name: str, words: str) -> None:
    result = decide(StudentError(type_name, SECRET, LINES))
    assert result.message is not None
    assert words in result.message
    assert SECRET not in result.message


def test_an_exception_outside_of_the_students_lines_names_none() -> None:
    assert decide(StudentError("ValueError", "")).message == "The code raised ValueError."
    assert decide(StudentError("ValueError", "")).detail == "ValueError"
    arguments = decide(StudentError("TypeError", SECRET))
    assert arguments.message is not None
    assert "arguments" in arguments.message
    assert SECRET not in arguments.message


def test_a_name_that_is_missing_and_a_file_that_does_not_load_say_all() -> None:
    """Nothing hidden has run by then."""
    missing = decide(MissingName("AttributeError", "loss.py has no FocalLoss; it defines Focal."))
    assert missing.message == "loss.py has no FocalLoss; it defines Focal."
    broken = decide(LoadError("SyntaxError", "invalid syntax", (Frame("loss.py", 4, "<module>", "def"),)))
    assert broken.message == "loss.py:4: SyntaxError: invalid syntax"
    lacking = decide(LoadError("ModuleNotFoundError", "No module named 'pandas'"))
    assert lacking.message is not None
    assert lacking.message.startswith("ModuleNotFoundError: No module named 'pandas'. Code can import torch, numpy,")
    silent = decide(LoadError("EOFError", "", (Frame("loss.py", 4, "<module>", "input()"),)))
    assert silent.message is not None
    assert silent.message.startswith("loss.py:4: EOFError. Where it is graded, nobody answers input()")


@pytest.mark.parametrize("base", ["AssertionError", "ValueError", "KeyError", "AttributeError", "TypeError"])
def test_an_exception_that_also_is_a_builtin_stays_the_students(base: str) -> None:
    """Even an AssertionError of theirs is judged as theirs: its text may be anything."""
    error = match_exception(base)(base, SECRET, LINES)
    result = decide(error)
    assert result.message == f"The code raised {base} at loss.py:9."
    assert result.frames == LINES


def test_an_expectation_is_said_in_its_words_and_its_values_kept_apart() -> None:
    result = decide(Expectation("The loss has a wrong value.", "expected 1, got 2"))
    assert result == CheckResult("test_a", Outcome.FAILED, "The loss has a wrong value.", "expected 1, got 2")
    assert decide(Expectation("It is None.")).detail is None


def test_a_plain_assertion_says_nothing_to_students() -> None:
    result = decide(AssertionError(f"assert {SECRET} == 1"))
    assert result == CheckResult("test_a", Outcome.FAILED, detail=f"assert {SECRET} == 1")


def test_an_exception_that_did_not_come_is_a_failure_too() -> None:
    def expect_error() -> None:
        with pytest.raises(ValueError):
            pass

    for error in (raised(expect_error), raised(pytest.fail, SECRET)):
        result = decide(error)
        assert (result.outcome, result.message) == (Outcome.FAILED, None)
        assert result.detail == str(error)


def test_what_torch_says_of_two_tensors_is_for_instructors() -> None:
    result = decide(raised(torch.testing.assert_close, torch.tensor(1.5), torch.tensor(2.5)))
    assert (result.outcome, result.message) == (Outcome.FAILED, None)
    assert result.detail is not None
    assert "2.5" in result.detail


# Whose fault?


def test_a_check_that_breaks_on_the_reference_too_is_our_fault() -> None:
    result = unexpected(AttributeError("no item"), ("double", 4), ValueError(SECRET))
    assert result.outcome is Outcome.ERRORED
    assert result.message == "This check is broken: a fault on our side."
    assert result.detail == f"the check breaks on the reference solution too: ValueError: {SECRET}"


def test_a_check_that_stands_the_reference_blames_what_came_back() -> None:
    result = unexpected(AttributeError(f"{SECRET} has no item"), ("double", 4), None)
    assert result.outcome is Outcome.FAILED
    assert result.message == "double returned an int, which this check cannot go on with (AttributeError)."
    assert result.detail == f"AttributeError: {SECRET} has no item"
    shaped = unexpected(RuntimeError("shapes"), ("FocalLoss", torch.zeros(2, 3)), None)
    assert shaped.message is not None
    assert "FocalLoss returned a tensor of shape (2, 3) and dtype float32" in shaped.message


def test_without_a_call_the_message_goes_without_its_name() -> None:
    result = unexpected(IndexError("3"), None, None)
    assert result.message == "The result is something that this check cannot go on with (IndexError)."


def test_the_reference_that_fails_the_check_is_our_fault_too() -> None:
    assert unexpected(KeyError("x"), None, AssertionError("1 == 2")).outcome is Outcome.ERRORED


# Sizes


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("It should have shape (3,), but it has (7,).", "It should have shape (3,), but it has (?,)."),
        ("It should have shape (70,), but it has (7, 70).", "It should have shape (70,), but it has (?, ?)."),
        ("It should have shape (), but it has (5, 8, 40).", "It should have shape (), but it has (5, 8, 40)."),
        ("It should have shape (5,), but it has (1, 2, 3, 4).", "It should have shape (5,), but it has (1, 2, 3, 4)."),
        ("It should be (5,), but it has (1, 1, 0, 1, 0).", "It should be (5,), but it has (5 sizes)."),
        ("It should be a tensor, but it is a str of length 9.", "It should be a tensor, but it is a str of length ?."),
        ("It should be a tensor, but it is a str of length 5.", "It should be a tensor, but it is a str of length 5."),
        (f"It should have shape (5,), but it has ({'1' * 5000},).", "It should have shape (5,), but it has (?,)."),
        ("loss returned a tensor of shape (5, 9), which …", "loss returned a tensor of shape (5, ?), which …"),
        ("The code raised ValueError at loss.py:77.", "The code raised ValueError at loss.py:77."),
    ],
)
def test_a_size_that_the_check_did_not_pass_is_not_told(said: str, shown: str) -> None:
    """Code could return an empty tensor whose sizes are the numbers it was called with."""
    before = CheckResult("test_a", Outcome.FAILED, said, "the detail", LINES)
    after = hide_sizes(before, {5, 8, 40})
    if said == shown:
        assert after == before
    else:
        full = f"{said}\nthe detail"
        assert after == replace(before, message=shown, detail=full[:MAX_DETAIL] + " …" * (len(full) > MAX_DETAIL))


def test_what_says_nothing_has_no_sizes_to_hide() -> None:
    quiet = CheckResult("test_a", Outcome.PASSED)
    assert hide_sizes(quiet, ()) is quiet


# Details


@pytest.mark.parametrize(
    "error",
    [
        AssertionError("x" * 100_000),
        StudentError("ValueError", "x" * 100_000),
        Expectation("It is wrong.", "x" * 100_000),
        KeyError("x" * 100_000),
    ],
)
def test_details_are_capped(error: BaseException) -> None:
    result = judge("test_a", error, None, lambda: None)
    assert result.detail is not None
    assert MAX_DETAIL < len(result.detail) <= MAX_DETAIL + 10
    assert result.detail.endswith("…")
    assert result.message is None or len(result.message) < 200


def test_a_detail_that_just_fits_is_whole() -> None:
    assert decide(AssertionError("x" * MAX_DETAIL)).detail == "x" * MAX_DETAIL


def test_the_detail_of_a_broken_check_is_capped_too() -> None:
    result = unexpected(KeyError("x"), None, ValueError("x" * 100_000))
    assert result.detail is not None
    assert len(result.detail) <= MAX_DETAIL + 10


def test_addresses_do_not_make_two_runs_differ() -> None:
    error = AssertionError("assert <object object at 0x7f11d2c3a4b0> == 0x1f and 0x10")
    assert decide(error).detail == "assert <object object at 0x…> == 0x1f and 0x10"


# Several runs of one check


def run(outcome: Outcome, seconds: float = 0.0, **more: Any) -> CheckResult:
    return CheckResult("test_a", outcome, seconds=seconds, **more)


def test_every_outcome_has_its_place_and_a_pass_is_the_least() -> None:
    assert sorted(SEVERITY) == sorted(Outcome)
    assert (SEVERITY[0], SEVERITY[-2:]) == (Outcome.ERRORED, (Outcome.NOT_RUN, Outcome.PASSED))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(SEVERITY, 2)), ids=str)
def test_the_worst_run_is_the_checks_in_any_order(first: Outcome, second: Outcome) -> None:
    worse, better = run(first, message="the worse one", device="cuda"), run(second, message="the better one")
    assert join_results([better, worse, better]) == worse
    assert join_results([worse, better]) == worse


def test_one_run_is_itself() -> None:
    only = run(Outcome.FAILED, 1.5, message="m", detail="d", frames=LINES)
    assert join_results([only]) == only


def test_all_runs_must_pass_and_their_seconds_are_added() -> None:
    runs = [run(Outcome.PASSED, 0.5), run(Outcome.PASSED, 0.25), run(Outcome.PASSED, 1.0)]
    assert join_results(runs) == run(Outcome.PASSED, 1.75)
    failed = run(Outcome.FAILED, 0.125, message="m")
    assert join_results([*runs, failed]) == replace(failed, seconds=1.875)


def test_of_equally_bad_runs_the_first_is_told_of() -> None:
    runs = [run(Outcome.PASSED), run(Outcome.FAILED, message="first"), run(Outcome.FAILED, message="second")]
    assert join_results(runs).message == "first"


def test_a_check_that_waits_on_one_device_waits_unless_it_failed_on_another() -> None:
    waits = run(Outcome.NOT_RUN, deferred=True, device="cuda")
    assert join_results([run(Outcome.PASSED), waits]).deferred
    assert not join_results([waits, run(Outcome.FAILED)]).deferred
