"""How scores are to be written: what the person who exports them chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Identity = Literal["email", "idnumber", "username"]


@dataclass(frozen=True, slots=True)
class Choices:
    """What an export is to do.

    ``identity`` is what names students where the LMS leaves it open; None takes what the roster has. ``feedback``
    writes what students are told beside their scores. For templates: ``columns`` maps assignments' ids to the titles
    of the columns that are theirs; ``scale`` brings scores to the maximum that the LMS has; ``keep`` leaves cells that
    hold a grade already; ``named`` are the assignments that were asked for by name, which must have a column.
    """

    identity: Identity | None = None
    feedback: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    scale: bool = False
    keep: bool = False
    named: frozenset[str] = frozenset()
