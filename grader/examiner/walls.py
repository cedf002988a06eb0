"""Which walls stand between students' code and this machine, and whether they suffice.

A tier says what keeps files closed: A Landlock, B a user of its own, C bubblewrap; in all of them seccomp keeps the
rest closed. D is less than that: other people's code must not run.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.examiner import paths
from grader.job import Fault, Survey, Wall

NO_TIER = "D"
HINT = (
    "grade on Linux 5.13 or newer on x86-64 or aarch64, or as root in its container; `grader doctor` says what is "
    "missing here; for your own code only, add --no-isolation"
)


@dataclass(frozen=True, slots=True)
class Walls:
    """What this machine offers. ``landlock`` is its ABI version, 0 where there is none.

    ``mounts`` are the folders that bubblewrap lets the zygote see, None where it is not used; the problems say why a
    wall is not up.
    """

    landlock: int
    seccomp: bool
    user: bool
    mounts: tuple[str, ...] | None
    user_problem: str | None = None
    bubblewrap_problem: str | None = None

    @property
    def tier(self) -> str:
        """A, B, C or D; see the module."""
        if not self.seccomp:
            return NO_TIER
        if self.landlock:
            return "A"
        if self.user:
            return "B"
        return "C" if self.mounts is not None else NO_TIER

    def survey(self) -> Survey:
        """Return what an operator wants to know."""
        system = f"{platform.system()} {platform.release()} {platform.machine()}"
        walls = (
            Wall("Landlock", self.landlock > 0, f"ABI {self.landlock}" if self.landlock else "not in this kernel"),
            Wall(
                "seccomp", self.seccomp, "" if self.seccomp else "not in this kernel, or no filter for this processor"
            ),
            Wall("user of its own", self.user, self.user_problem or ""),
            Wall("bubblewrap", self.mounts is not None, self.bubblewrap_problem or ""),
        )
        return Survey(self.tier, system, walls)

    def find_fault(self, secrets: Iterable[Path]) -> Fault | None:
        """Return why other people's code must not run here while ``secrets`` lie where they lie, or None."""
        if self.tier == NO_TIER:
            lacking = [wall.name for wall in self.survey().walls if not wall.up]
            return Fault(f"this machine cannot isolate students' code: it lacks {', '.join(lacking)}", HINT)
        if self.landlock:
            return None
        if self.mounts is not None:
            exposed = paths.find_mounted(secrets, self.mounts)
            cure = "keep it outside the folders of Python and its packages"
        else:
            exposed = paths.find_open(secrets)
            cure = f"close it to other users: chmod -R o-rwx {exposed[0]}" if exposed else ""
        if not exposed:
            return None
        return Fault(f"without Landlock, students' code could read {exposed[0]}", cure)


def describe(survey: Survey) -> str:
    """Return the walls that are up, on one line."""
    return ", ".join(f"{wall.name} {wall.note}".strip() for wall in survey.walls if wall.up)
