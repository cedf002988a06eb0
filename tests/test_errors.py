"""Errors: their exit codes, their words, and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import errors
from grader.errors import (
    FaultError,
    GradebookError,
    GraderError,
    InputError,
    Problem,
    SpecError,
    SubmissionError,
    suggest,
)

KINDS: list[type[GraderError]] = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, GraderError) and kind is not GraderError
]


def test_every_kind_of_error_is_the_users_or_ours() -> None:
    assert {kind.__name__ for kind in KINDS} == {
        "InputError",
        "SpecError",
        "SubmissionError",
        "FaultError",
        "GradebookError",
    }
    for kind in KINDS:
        assert issubclass(kind, InputError) != issubclass(kind, FaultError)
        assert kind.exit_code == (2 if issubclass(kind, InputError) else 3)


def test_the_tree_in_the_docstring_is_the_one_in_the_code() -> None:
    assert errors.__doc__ is not None
    for kind in KINDS:
        assert f"├── {kind.__name__} " in errors.__doc__ or f"└── {kind.__name__} " in errors.__doc__
    assert issubclass(SpecError, InputError)
    assert issubclass(SubmissionError, InputError)
    assert issubclass(GradebookError, FaultError)


def test_an_error_has_a_message_and_may_have_a_next_step() -> None:
    error = SubmissionError("homework.zip is not a zip", "zip the folder again")
    assert (str(error), error.message, error.hint) == (
        "homework.zip is not a zip",
        "homework.zip is not a zip",
        "zip the folder again",
    )
    assert FaultError("the disk is full").hint is None
    assert GraderError("of no kind").exit_code == 3  # what nobody foresaw is ours


def test_a_spec_error_lists_every_problem_with_its_place() -> None:
    problems = (
        Problem(Path("a/assignment.yaml"), 14, 7, "'point' is unknown"),
        Problem("a/course.yaml", 1, 1, "a title is missing"),
    )
    error = SpecError(iter(problems), "mend it")
    assert error.problems == problems
    assert error.message == "a/assignment.yaml:14:7: 'point' is unknown\na/course.yaml:1:1: a title is missing"
    assert error.hint == "mend it"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("focal-los", "focal-loss"),
        ("FOCAL-LOSS", "focal-loss"),
        ("focl-loss", "focal-loss"),
        ("manual-cross-entropi", "manual-Cross-Entropy"),
    ],
)
def test_the_nearest_known_word_is_suggested_as_it_is_written(word: str, near: str) -> None:
    assert suggest(word, ["outlier-comparison", "focal-loss", "manual-Cross-Entropy"]) == f"; did you mean {near!r}?"


@pytest.mark.parametrize("known", [[], ["zebra"], iter(["zebra", "outlier-comparison"])])
def test_nothing_is_suggested_where_nothing_is_near(known: list[str]) -> None:
    assert suggest("focal-loss", known) == ""
