"""Reports as JUnit XML, which continuous integration reads: a suite for each submission, a case for each check.

``failure`` is a wrong answer, ``error`` a fault of ours, ``skipped`` what was not run or is not decided yet.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from xml.sax.saxutils import escape, quoteattr

from grader.display import clean_line, clean_text
from grader.errors import InputError, reason_of
from grader.report.content import Report
from grader.results import Outcome
from grader.scoring import CheckGrade, QuestionGrade, Status

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 cannot hold these at all
_WRONG = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED)

Result = tuple[str, str, str] | None
"""``failure``, ``error`` or ``skipped`` with a line and more text; None where all is well."""


class JunitFile:
    """A JUnit XML file that grows with every submission, and is whole whenever it is closed.

    Until then it is a file of no name beside it, so that nobody reads half a file. Use it as a context manager.
    """

    def __init__(self, path: Path) -> None:
        """Begin a file.

        Raises:
            InputError: it cannot be written there.
        """
        self._path = path
        self._fault: OSError | None = None
        self._counts = dict.fromkeys(("tests", "failure", "error", "skipped"), 0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise InputError(f"{path} is a folder", "give the name of a file")
            self._suites: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", dir=path.parent)  # noqa: SIM115
        except OSError as error:
            raise self._unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, report: Report) -> None:
        """Add the suite of one submission."""
        cases: list[tuple[str, str, Result]] = []
        for question in report.grade.questions:
            cases += [(question.id, check.id, _judge_check(question, check)) for check in question.checks]
            if not question.checks:
                cases.append((question.id, "answer", _judge_answer(question)))
        if not cases:
            cases.append(("submission", "graded", ("error", report.grade.fault or "not graded", "")))
        self._write(report.info.student or "", report.grade.assignment, cases)

    def add_failure(self, student: str, assignment: str | None, message: str, *, ours: bool) -> None:
        """Add the suite of work that has no report, and why."""
        self._write(student, assignment or "", [("submission", "taken", ("error" if ours else "failure", message, ""))])

    def close(self) -> None:
        """Write what there is to the file.

        Raises:
            InputError: it cannot be written.
        """
        names = {"tests": "tests", "failure": "failures", "error": "errors", "skipped": "skipped"}
        counts = " ".join(f'{names[name]}="{count}"' for name, count in self._counts.items())
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            with self._suites, open(partial, "w", encoding="utf-8") as file:
                if self._fault is not None:
                    raise self._fault
                file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="grader" {counts}>\n')
                self._suites.seek(0)
                shutil.copyfileobj(self._suites, file)
                file.write("</testsuites>\n")
            partial.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise self._unwritable(error) from None

    def _write(self, student: str, assignment: str, cases: list[tuple[str, str, Result]]) -> None:
        kinds = [result[0] for _, _, result in cases if result is not None]
        for kind in kinds:
            self._counts[kind] += 1
        self._counts["tests"] += len(cases)
        name = f"{clean_line(student)} · {assignment}"
        head = f'tests="{len(cases)}" failures="{kinds.count("failure")}" errors="{kinds.count("error")}"'
        lines = [f'<testsuite name={_attribute(name)} {head} skipped="{kinds.count("skipped")}">']
        for question, case, result in cases:
            start = f"<testcase classname={_attribute(f'{assignment}.{question}')} name={_attribute(case)}"
            lines.append(f"{start}/>" if result is None else f"{start}>{_element(*result)}</testcase>")
        try:
            self._suites.write("\n".join([*lines, "</testsuite>\n"]))
        except OSError as error:  # told at the end: it must not stop the grading
            self._fault = self._fault or error

    def _unwritable(self, error: OSError) -> InputError:
        reason = reason_of(error)
        return InputError(f"{self._path} cannot be written: {reason}", "give a place that you may write to")


def _judge_check(question: QuestionGrade, check: CheckGrade) -> Result:
    message = check.message or question.message or check.title
    if check.outcome is Outcome.PASSED:
        return None
    if check.outcome in _WRONG:
        return "failure", message, check.detail or ""
    if check.outcome is Outcome.ERRORED or (question.status is Status.PENDING and not check.deferred):
        return "error", message, check.detail or ""
    return "skipped", message, ""


def _judge_answer(question: QuestionGrade) -> Result:
    if question.status is Status.PENDING:
        return "error", question.message or "a fault of ours", ""
    if question.status is not Status.GRADED:
        return "skipped", question.message or question.status.replace("_", " "), ""
    return (
        None if question.score >= question.points else ("failure", question.message or "wrong", question.answer or "")
    )


def _element(kind: str, message: str, detail: str) -> str:
    text = escape(_plain(clean_text(detail)))
    return f"<{kind} message={_attribute(clean_line(message, 500))}>{text}</{kind}>"


def _attribute(text: str) -> str:
    return quoteattr(_plain(text))


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
