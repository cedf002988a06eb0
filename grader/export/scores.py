"""What is exported: the final scores of some students in some assignments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from grader.roster import RosterStudent


class Missing(StrEnum):
    """Why a student has no final score in an assignment."""

    NOT_SUBMITTED = "nothing was handed in"
    PENDING = "not graded yet"
    NEEDS_REVIEW = "an answer waits for a person"
    DEFERRED = "a check waits for a device"


@dataclass(frozen=True, slots=True)
class Column:
    """One assignment: its title, what it is worth, and each student's score by id.

    A score is None where there is no final one; ``missing`` says why. ``feedback`` is what students are told beside
    their scores, as plain text.
    """

    title: str
    points: Fraction
    scores: Mapping[str, Fraction | None]
    assignment: str = ""
    missing: Mapping[str, Missing] = field(default_factory=dict)
    feedback: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Students, and a column for each assignment. ``strangers`` are those of them who are not on the roster."""

    students: tuple[RosterStudent, ...]
    columns: tuple[Column, ...]
    strangers: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Is there no final score at all?"""
        return not any(score is not None for column in self.columns for score in column.scores.values())
