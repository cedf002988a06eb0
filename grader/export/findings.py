"""What is found before a file of scores is written: what the reader of the file would refuse, or silently change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from grader.display import clean_line, list_names


class Severity(StrEnum):
    """What a finding means."""

    REFUSED = "refused"
    """The file is not written: it would be refused, or misread."""
    CHANGED = "changed"
    """The file is written; something in it is dropped, replaced or altered without a word."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know of a file before it is imported: what it is, where, and how to mend it.

    ``column`` is a title, ``students`` are ids, or what a template says of students whom nobody here knows. Students
    whom a refusal names can be left out, and then it is gone; one that names none concerns the whole file.
    """

    severity: Severity
    what: str
    mend: str = ""
    column: str = ""
    students: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The column and the students, as a person reads them; nothing where the whole file is meant."""
        parts = [f"column {clean_line(self.column)!r}"] if self.column else []
        if len(self.students) == 1:
            parts.append(f"student {clean_line(self.students[0], 80)!r}")
        elif self.students:
            parts.append(f"{len(self.students)} students ({list_names(self.students)})")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


@dataclass(frozen=True, slots=True)
class WrittenCell:
    """One score in the file: whose, in which column, and the text of the cell."""

    student: str
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Export:
    """What becomes of some scores: the findings, and the file's bytes; None where a finding refuses it."""

    findings: tuple[Finding, ...]
    data: bytes | None
    cells: tuple[WrittenCell, ...] = ()

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings for which nothing is written."""
        return tuple(found for found in self.findings if found.severity is Severity.REFUSED)


def merge_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, the gravest first, those that differ in their students alone made one."""
    merged: dict[Finding, list[str]] = {}
    for found in findings:
        merged.setdefault(replace(found, students=()), []).extend(found.students)
    whole = [replace(found, students=tuple(dict.fromkeys(students))) for found, students in merged.items()]
    return sorted(whole, key=lambda found: list(Severity).index(found.severity))


def is_refused(findings: Iterable[Finding]) -> bool:
    """Say whether a finding keeps the file from being written."""
    return any(found.severity is Severity.REFUSED for found in findings)
