"""The students of a course, as a CSV file lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RosterStudent:
    """One student. ``lms_ids`` maps the names of further columns, such as ``canvas_id``, to this student's ids."""

    id: str
    name: str | None = None
    email: str | None = None
    section: str | None = None
    group: str | None = None
    lms_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Roster:
    """Who takes the course, in the order of the file. Ids are unique."""

    students: tuple[RosterStudent, ...] = ()
