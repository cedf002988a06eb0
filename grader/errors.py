"""Every error that the product raises on purpose.

GraderError
├── InputError            exit 2: what the user gave cannot be used
│   ├── SpecError         an assignment or course file is wrong
│   └── SubmissionError   a folder, file or zip is not a submission
└── FaultError            exit 3: the grader itself failed
    └── GradebookError    the gradebook cannot be read or written
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.language import _, later


class GraderError(Exception):
    """An error with a message that a user may read.

    ``message`` says where and what; ``hint`` says the next step. Neither holds a traceback.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(GraderError):
    """What the user gave cannot be used."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a text file, and where. Lines and columns count from 1."""

    path: Path | str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class SpecError(InputError):
    """An assignment, course or check file is wrong. ``problems`` lists all that was found."""

    def __init__(self, problems: Iterable[Problem], hint: str | None = None) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint)


class SubmissionError(InputError):
    """A folder, file or zip is not a submission that can be taken."""


class FaultError(GraderError):
    """The grader itself failed: nobody's answer is to blame."""

    exit_code = 3


class GradebookError(FaultError):
    """The gradebook cannot be read or written."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known word nearest to ``word``, or ``""``."""
    near = find_near(word, known)
    return "" if near is None else _("; did you mean {name!r}?", name=near)


def find_near(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is nearest to ``word``, None where none is near."""
    folded = {candidate.casefold(): candidate for candidate in known}
    match = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[match[0]] if match else None


# What systems say most often, marked for the catalogs.
_REASONS = (
    later("permission denied"),
    later("operation not permitted"),
    later("no such file or directory"),
    later("file exists"),
    later("is a directory"),
    later("not a directory"),
    later("file name too long"),
    later("too many levels of symbolic links"),
    later("too many open files"),
    later("read-only file system"),
    later("no space left on device"),
    later("disk quota exceeded"),
    later("input/output error"),
    later("invalid argument"),
)


def reason_of(error: OSError) -> str:
    """Return what the system says went wrong, as it stands inside a sentence: ``permission denied``."""
    return _((error.strerror or str(error)).lower())
